import type { Json } from '../../nodes/manifest.ts'
import type { PendingEvent } from '../db/event-store.ts'
import { type AudienceIndex, type IndexedAudience, type Touching, withReaders } from './audience-index.ts'
import { forContactsOf, forRelatedOf, type Touch } from './evaluate-touched.ts'
import type { Needs } from './load-world.ts'
import { isRecord, type Resolved } from './resolve-identity.ts'
import { setProperty } from './set-property.ts'
import { addEvent, innerOf, type Subject, type World } from './world.ts'

type Traits = { [name: string]: Json }

const traitsOf = (event: PendingEvent): Traits => {
  const { traits } = event.body
  return (event.kind === 'identify' || event.kind === 'group') && isRecord(traits) ? traits : {}
}

/** The name an event is counted and triggers by: what people did, not calls that describe them. */
export const happeningOf = (event: PendingEvent): string | null => (event.kind === 'track' ? event.name : null)

export const propertiesOf = (event: PendingEvent): Traits => {
  const { properties } = event.body
  return isRecord(properties) ? properties : {}
}

/** Notes what has to be read before this event can be applied. An event that nothing looks at needs nothing. */
export function noteNeeds(needs: Needs, index: AudienceIndex, item: { event: PendingEvent; who: Resolved }): void {
  const { event, who } = item
  const changes = Object.keys(traitsOf(event))
  const touched = new Set<IndexedAudience>()
  for (const by of [index, index.related]) for (const audience of touchedIn(by, event, changes)) touched.add(audience)
  if (who.newContact) for (const audience of index.onCreate.contact) touched.add(audience)
  if (who.newAccount) for (const audience of index.onCreate.account) touched.add(audience)
  if (who.attached) for (const audience of index.onAttach) touched.add(audience)

  if (event.kind === 'identify' && changes.length > 0 && who.contactId !== null) {
    needs.contacts.add(who.contactId)
    noteDescribed(needs.described.contact, who.contactId, event.occurredAt)
  }
  if (who.named && who.contactId !== null) needs.contacts.add(who.contactId)
  if (event.kind === 'group' && changes.length > 0 && who.accountId !== null) {
    needs.accounts.add(who.accountId)
    noteDescribed(needs.described.account, who.accountId, event.occurredAt)
  }
  if (touched.size === 0) return
  if (who.contactId !== null) {
    needs.contacts.add(who.contactId)
    needs.evaluated.add(who.contactId)
  }
  if (who.accountId !== null) needs.accounts.add(who.accountId)
  for (const id of [who.contactId, who.accountId]) {
    if (id === null) continue
    const known = needs.touched.get(id)
    if (known === undefined) needs.touched.set(id, new Set(touched))
    else for (const audience of touched) known.add(audience)
  }
  for (const audience of touched) needs.audiences.add(audience)
  if (who.accountId !== null && reachesContacts(index, event, touched)) needs.fanOut.add(who.accountId)
}

function touchedIn(by: Touching, event: PendingEvent, changes: string[]): IndexedAudience[] {
  const name = happeningOf(event)
  const byProperty = event.kind === 'identify' ? by.byContactProperty : by.byAccountProperty
  return [
    ...(name === null ? [] : (by.byEvent.get(name) ?? [])),
    ...changes.flatMap((property) => byProperty.get(property) ?? []),
  ]
}

function noteDescribed(described: Map<string, number>, id: string, at: number): void {
  described.set(id, Math.min(at, described.get(id) ?? at))
}

/** Whether what happens to the account can change an audience of its contacts. */
function reachesContacts(index: AudienceIndex, event: PendingEvent, touched: Set<IndexedAudience>): boolean {
  const related = [...touched].some((a) => a.subject === 'contact' && a.reads.related !== undefined)
  if (related) return true
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
    const { contactId } = who
    if (contactId === null) return
    for (const audience of list) if (audience.subject === 'contact') touches.push({ audience, subjectId: contactId })
  }
  const forAccount = (list: IndexedAudience[]): void => {
    const { accountId } = who
    if (accountId === null) return
    for (const audience of list) if (audience.subject === 'account') touches.push({ audience, subjectId: accountId })
  }
  if (who.named && who.contactId !== null) rename(world, who.contactId)
  if (who.newContact) forContact(index.onCreate.contact)
  if (who.newAccount) forAccount(index.onCreate.account)
  if (who.attached) {
    forContact(index.onAttach)
    forAccount(index.onAttach)
  }
  const name = happeningOf(event)
  if (name !== null && world.countedEvents.has(name)) {
    const happened = { name, at: event.occurredAt, properties: propertiesOf(event) }
    for (const id of [who.contactId, who.accountId]) if (id !== null) addEvent(world, id, happened)
    forContact(index.byEvent.get(name) ?? [])
    forAccount(index.byEvent.get(name) ?? [])
    touches.push(...forBothRelated(world, who, index.related.byEvent.get(name) ?? []))
  }
  touches.push(...describe(world, index, item))
  return touches
}

/** An event is the contact's and the account's: it touches the contact's accounts and the account's contacts. */
const forBothRelated = (world: World, who: Resolved, audiences: IndexedAudience[]): Touch[] =>
  audiences.length === 0
    ? []
    : [
        ...(who.contactId === null ? [] : forRelatedOf(world, { kind: 'contact', id: who.contactId }, audiences)),
        ...(who.accountId === null ? [] : forRelatedOf(world, { kind: 'account', id: who.accountId }, audiences)),
      ]

/** Takes over what a call says of the contact or account. */
function describe(world: World, index: AudienceIndex, item: { event: PendingEvent; who: Resolved }): Touch[] {
  const { event, who } = item
  const touches: Touch[] = []
  const contact = event.kind === 'identify' && who.contactId !== null ? world.contacts.get(who.contactId) : undefined
  if (contact !== undefined)
    for (const property of setTraits(world, index, { event, subject: contact, kind: 'contact' })) {
      for (const audience of index.byContactProperty.get(property) ?? [])
        if (audience.subject === 'contact') touches.push({ audience, subjectId: contact.id })
      const related = index.related.byContactProperty.get(property) ?? []
      touches.push(...forRelatedOf(world, { kind: 'contact', id: contact.id }, related))
    }
  const account = event.kind === 'group' && who.accountId !== null ? world.accounts.get(who.accountId) : undefined
  if (account === undefined) return touches
  for (const property of setTraits(world, index, { event, subject: account, kind: 'account' })) {
    const list = index.byAccountProperty.get(property) ?? []
    for (const audience of list) if (audience.subject === 'account') touches.push({ audience, subjectId: account.id })
    touches.push(...forContactsOf(world, account.id, list))
    const related = index.related.byAccountProperty.get(property) ?? []
    touches.push(...forRelatedOf(world, { kind: 'account', id: account.id }, related))
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
 * Takes over traits; null removes one. What was said of a property by a call of a later time stays, whichever came
 * first; of calls of the same time the one received later counts.
 * @returns the names of those that changed
 */
function setTraits(
  world: World,
  index: AudienceIndex,
  { event, subject, kind }: { event: PendingEvent; subject: Subject; kind: 'contact' | 'account' },
): string[] {
  const { occurredAt } = event
  const said = innerOf(world.saidAt, subject.id)
  const source = sourceOf(event)
  const changed: string[] = []
  for (const [name, value] of Object.entries(traitsOf(event))) {
    if ((said.get(name) ?? occurredAt) > occurredAt || index.computed[kind].has(name)) continue
    said.set(name, occurredAt)
    if (setProperty(world, subject, { kind, name, value, at: world.now, occurredAt, source })) changed.push(name)
  }
  return changed
}

/** Who wrote a property: a call of the tracking API, or the import or bulk call whose row it was. */
function sourceOf({ messageId, kind, seq }: PendingEvent): Json {
  const [via, id, row] = messageId.split(':')
  if ((via === 'import' || via === 'bulk') && id !== undefined && row !== undefined) return { kind: via, id, row, seq }
  return { kind: 'event', call: kind, messageId, seq }
}
