import { sameJson } from '../../engine/model/path.ts'
import type { Json } from '../../nodes/manifest.ts'
import type { PendingEvent } from '../db/event-store.ts'
import { type AudienceIndex, type IndexedAudience, withReaders } from './audience-index.ts'
import { forContactsOf, type Touch } from './evaluate-touched.ts'
import type { Needs } from './load-world.ts'
import { isRecord, isText, type Resolved } from './resolve-identity.ts'
import { addEventTime, type Subject, type World } from './world.ts'

type Traits = { [name: string]: Json }

const traitsOf = (event: PendingEvent): Traits => {
  const { traits } = event.body
  return (event.kind === 'identify' || event.kind === 'group') && isRecord(traits) ? traits : {}
}

/** The name an event is counted and triggers by: what people did, not calls that describe them. */
export const happeningOf = (event: PendingEvent): string | null => (event.kind === 'track' ? event.name : null)

/** Notes what has to be read before this event can be applied. An event that nothing looks at needs nothing. */
export function noteNeeds(needs: Needs, index: AudienceIndex, item: { event: PendingEvent; who: Resolved }): void {
  const { event, who } = item
  const name = happeningOf(event)
  const changes = Object.keys(traitsOf(event))
  const touched = new Set<IndexedAudience>()
  const touch = (list: IndexedAudience[] | undefined): void => list?.forEach((audience) => touched.add(audience))
  if (name !== null) touch(index.byEvent.get(name))
  if (who.newContact) touch(index.onCreate.contact)
  if (who.newAccount) touch(index.onCreate.account)
  if (who.attached) touch(index.onAttach)
  const byProperty = event.kind === 'identify' ? index.byContactProperty : index.byAccountProperty
  for (const property of changes) touch(byProperty.get(property))

  if (event.kind === 'identify' && (changes.length > 0 || who.named)) needs.contacts.add(who.contactId)
  if (who.named) needs.contacts.add(who.contactId)
  if (event.kind === 'group' && changes.length > 0 && who.accountId !== null) needs.accounts.add(who.accountId)
  if (touched.size === 0) return
  needs.contacts.add(who.contactId)
  needs.evaluated.add(who.contactId)
  if (who.accountId !== null) needs.accounts.add(who.accountId)
  for (const audience of touched) needs.audiences.add(audience)
  if (who.accountId !== null && reachesContacts(index, event, touched)) needs.fanOut.add(who.accountId)
}

/** Whether what happens to the account can change an audience of its contacts. */
function reachesContacts(index: AudienceIndex, event: PendingEvent, touched: Set<IndexedAudience>): boolean {
  const start = event.kind === 'group' ? [...touched] : [...touched].filter((a) => a.subject === 'account')
  return [...withReaders(index, start)].some((audience) => audience.subject === 'contact')
}

/**
 * Applies one event to the world: properties, counts, membership of accounts.
 * @returns the audiences it can have changed, and for whom
 */
export function applyEvent(world: World, index: AudienceIndex, item: { event: PendingEvent; who: Resolved }): Touch[] {
  const { event, who } = item
  const touches: Touch[] = []
  const forContact = (list: IndexedAudience[]): void => {
    for (const audience of list)
      if (audience.subject === 'contact') touches.push({ audience, subjectId: who.contactId })
  }
  const forAccount = (list: IndexedAudience[]): void => {
    const { accountId } = who
    if (accountId === null) return
    for (const audience of list) if (audience.subject === 'account') touches.push({ audience, subjectId: accountId })
  }
  if (who.named) rename(world, who.contactId)
  if (who.newContact) forContact(index.onCreate.contact)
  if (who.newAccount) forAccount(index.onCreate.account)
  if (who.attached) forContact(index.onAttach)
  const name = happeningOf(event)
  if (name !== null && world.countedEvents.has(name)) {
    for (const id of [who.contactId, who.accountId])
      if (id !== null) addEventTime(world, id, { name, at: event.occurredAt })
    forContact(index.byEvent.get(name) ?? [])
    forAccount(index.byEvent.get(name) ?? [])
  }
  const contact = event.kind === 'identify' ? world.contacts.get(who.contactId) : undefined
  for (const property of contact ? setTraits(contact, traitsOf(event)) : [])
    forContact(index.byContactProperty.get(property) ?? [])
  const account = event.kind === 'group' && who.accountId !== null ? world.accounts.get(who.accountId) : undefined
  for (const property of account ? setTraits(account, traitsOf(event)) : []) {
    const list = index.byAccountProperty.get(property) ?? []
    forAccount(list)
    if (account) touches.push(...forContactsOf(world, account.id, list))
  }
  return touches
}

function rename(world: World, contactId: string): void {
  const contact = world.contacts.get(contactId)
  if (contact === undefined) return
  contact.externalId = world.externalIds.get(contactId) ?? null
  contact.changed = true
}

/**
 * Takes over traits; null removes one. E-mail and name go into their columns.
 * @returns the names of those that changed
 */
function setTraits(subject: Subject, traits: Traits): string[] {
  const changed: string[] = []
  const next = new Map(Object.entries(subject.properties))
  for (const [name, value] of Object.entries(traits)) {
    if ((name === 'email' || name === 'name') && (isText(value) || value === null)) {
      if (subject[name] === value) continue
      subject[name] = value
    } else {
      const before = next.get(name)
      if (before === undefined ? value === null : sameJson(before, value)) continue
      if (value === null) next.delete(name)
      else next.set(name, value)
    }
    changed.push(name)
  }
  if (changed.length === 0) return changed
  // fromEntries defines properties, so that a trait named __proto__ is a property like any other.
  subject.properties = Object.fromEntries(next)
  subject.changed = true
  return changed
}
