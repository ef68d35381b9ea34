import type { Json } from '../../nodes/manifest.ts'
import type { PendingEvent } from '../db/event-store.ts'
import type { Identity } from '../db/contact-store.ts'
import { identity, identityKey, onlyAccount, type Subject, type World } from './world.ts'

/** Who an event is about. */
export interface Resolved {
  contactId: string
  accountId: string | null
  /** The event made the contact a member of the account. */
  attached: boolean
  newContact: boolean
  newAccount: boolean
  /** The contact had no id of yours before this event. */
  named: boolean
}

/** The identities an event mentions, for one look-up over a batch. */
export function identitiesIn(event: PendingEvent): Identity[] {
  const { userId, anonymousId, previousId } = event.body
  const email = emailOf(event)
  return [
    ...(isText(userId) ? [identity('user_id', userId)] : []),
    ...(isText(anonymousId) ? [identity('anonymous_id', anonymousId)] : []),
    ...(email === null ? [] : [identity('email', email.toLowerCase())]),
    ...(event.kind === 'alias' && isText(previousId)
      ? [identity('anonymous_id', previousId), identity('user_id', previousId)]
      : []),
  ]
}

/** The account an event names: of a group call the group, else `context.groupId`. */
export function groupIdIn(event: PendingEvent): string | null {
  if (event.kind === 'group') return isText(event.body.groupId) ? event.body.groupId : null
  const { context } = event.body
  const groupId = isRecord(context) ? context.groupId : undefined
  return isText(groupId) ? groupId : null
}

/** An e-mail address in an identify call's traits. */
export function emailOf(event: PendingEvent): string | null {
  if (event.kind !== 'identify') return null
  const { traits } = event.body
  const email = isRecord(traits) ? traits.email : undefined
  return isText(email) && email.length <= 320 ? email : null
}

/** Finds or makes the contact and account of an event, noting in the world what has to be written. */
export function resolveIdentity(world: World, event: PendingEvent): Resolved {
  const contact = resolveContact(world, event)
  linkIdentities(world, event, contact.id)
  const groupId = groupIdIn(event)
  if (groupId === null) {
    const accountId = onlyAccount(world, contact.id)
    return { ...contactPart(contact), accountId, attached: false, newAccount: false }
  }
  const known = world.accountIds.get(groupId)
  const accountId = known ?? createAccount(world, groupId)
  const attached = event.kind === 'group' && attach(world, { accountId, contactId: contact.id })
  return { ...contactPart(contact), accountId, attached, newAccount: known === undefined }
}

interface FoundContact {
  id: string
  isNew: boolean
  named: boolean
}
const contactPart = ({ id, isNew, named }: FoundContact) => ({ contactId: id, newContact: isNew, named })

function resolveContact(world: World, event: PendingEvent): FoundContact {
  const { userId, anonymousId } = event.body
  const email = emailOf(event)
  const byAnonymous = isText(anonymousId) ? world.identities.get(`anonymous_id:${anonymousId}`) : undefined
  const byEmail = email === null ? undefined : world.identities.get(`email:${email.toLowerCase()}`)
  if (!isText(userId)) {
    const id = byAnonymous ?? byEmail
    return id === undefined ? createContact(world, null) : { id, isNew: false, named: false }
  }
  const byUser = world.identities.get(`user_id:${userId}`)
  if (byUser !== undefined) return { id: byUser, isNew: false, named: false }
  // Somebody we knew only by a cookie or an address gets a name of yours; somebody who has one stays who they are.
  for (const id of [byAnonymous, byEmail])
    if (id !== undefined && world.externalIds.get(id) === null) {
      world.externalIds.set(id, userId)
      return { id, isNew: false, named: true }
    }
  return createContact(world, userId)
}

function createContact(world: World, externalId: string | null): FoundContact {
  const subject = newSubject(world, externalId)
  world.contacts.set(subject.id, subject)
  world.externalIds.set(subject.id, externalId)
  world.accountsOf.set(subject.id, [])
  return { id: subject.id, isNew: true, named: false }
}

function createAccount(world: World, externalId: string): string {
  const subject = newSubject(world, externalId)
  world.accounts.set(subject.id, subject)
  world.accountIds.set(externalId, subject.id)
  return subject.id
}

const newSubject = (world: World, externalId: string | null): Subject => ({
  id: world.freshId(),
  externalId,
  email: null,
  name: null,
  properties: {},
  isNew: true,
  changed: false,
})

function linkIdentities(world: World, event: PendingEvent, contactId: string): void {
  for (const mentioned of identitiesIn(event)) {
    const key = identityKey(mentioned)
    const owner = world.identities.get(key)
    if (owner === contactId) continue
    if (owner === undefined) world.addedIdentities.set(key, { ...mentioned, contactId })
    // A cookie of somebody who had no name until now follows them; a named person's identities are never taken away.
    else if (mentioned.kind === 'anonymous_id' && world.externalIds.get(owner) === null) {
      const added = world.addedIdentities.get(key)
      if (added) added.contactId = contactId
      else world.movedIdentities.set(key, { ...mentioned, contactId })
    } else continue
    world.identities.set(key, contactId)
  }
}

function attach(world: World, link: { accountId: string; contactId: string }): boolean {
  const accounts = world.accountsOf.get(link.contactId) ?? []
  if (accounts.includes(link.accountId)) return false
  world.accountsOf.set(link.contactId, [...accounts, link.accountId])
  const contacts = world.contactsOf.get(link.accountId)
  if (contacts) contacts.push(link.contactId)
  world.attached.push(link)
  return true
}

export const isText = (value: Json | undefined): value is string => typeof value === 'string' && value !== ''
export const isRecord = (value: Json | undefined): value is { [name: string]: Json } =>
  typeof value === 'object' && value !== null && !Array.isArray(value)
