import type { Json } from '../../nodes/manifest.ts'
import type { PendingEvent } from '../db/event-store.ts'
import type { Identity, IdentityKind } from '../db/contact-store.ts'
import { emailIdentity, isSharedMailbox } from '../identity/shared-mailbox.ts'
import { identity, identityKey, onlyAccount, type Subject, type World } from './world.ts'

/** Who an event is about. */
export interface Resolved {
  /** Null for a call that names an account alone. */
  contactId: string | null
  accountId: string | null
  /** The event made the contact a member of the account. */
  attached: boolean
  newContact: boolean
  newAccount: boolean
  /** The contact had no id of yours before this event. */
  named: boolean
}

/** Two contacts that an event shows to be one person. */
export interface WantedMerge {
  contacts: [string, string]
  reason: { kind: 'alias' | IdentityKind; value: string }
}

/**
 * The identities an event mentions, for one look-up over a batch. An address that several people share tells nothing.
 * @param shared the workspace's own shared mailboxes
 */
export function identitiesIn(event: PendingEvent, shared: ReadonlySet<string>): Identity[] {
  const { userId, anonymousId, previousId } = event.body
  const found: Identity[] = []
  if (isText(userId)) found.push(identity('user_id', userId))
  if (event.kind === 'alias' && isText(previousId))
    found.push(identity('user_id', previousId), identity('anonymous_id', previousId))
  if (isText(anonymousId)) found.push(identity('anonymous_id', anonymousId))
  const { context } = event.body
  const outside = isRecord(context) ? externalIdsIn(context.externalIds) : NO_EXTERNAL_IDS
  for (const value of outside.vendorIds) found.push(identity('vendor_id', value))
  for (const text of [traitEmail(event), ...outside.emails]) {
    const email = text === null ? null : emailIdentity(text)
    if (email !== null && !isSharedMailbox(email, shared)) found.push(identity('email', email))
  }
  return found
}

/** The account an event names: of a group call the group, else `context.groupId`. */
export function groupIdIn(event: PendingEvent): string | null {
  if (event.kind === 'group') return isText(event.body.groupId) ? event.body.groupId : null
  const { context } = event.body
  const groupId = isRecord(context) ? context.groupId : undefined
  return isText(groupId) ? groupId : null
}

/** An e-mail address that a call tells of its person: a trait of an identify call, else one of the context. */
function traitEmail(event: PendingEvent): string | null {
  const { traits, context } = event.body
  const told = event.kind === 'identify' && isRecord(traits) ? traits.email : undefined
  if (isText(told)) return told
  const known = isRecord(context) && isRecord(context.traits) ? context.traits.email : undefined
  return isText(known) ? known : null
}

interface ExternalIds {
  vendorIds: string[]
  emails: string[]
}
const NO_EXTERNAL_IDS: ExternalIds = { vendorIds: [], emails: [] }
/** Types of external ids that are not a vendor's: they have their own place in a message. */
const OWN_TYPES = new Set(['user_id', 'anonymous_id'])
const ID_LIMIT = 500

/**
 * Segment's `context.externalIds`, of people and in the clear.
 * @see https://segment.com/docs/unify/identity-resolution/externalids/
 */
export function externalIdsIn(given: unknown): ExternalIds {
  if (!Array.isArray(given)) return NO_EXTERNAL_IDS
  const found: ExternalIds = { vendorIds: [], emails: [] }
  for (const entry of given as Json[]) {
    if (!isRecord(entry)) continue
    const { id, type, collection, encoding } = entry
    if (!isText(id) || !isText(type) || id.length > ID_LIMIT || !/^[a-z][a-z0-9_.-]{0,49}$/i.test(type)) continue
    if ((collection ?? 'users') !== 'users' || (encoding ?? 'none') !== 'none') continue
    const app = type.toLowerCase()
    if (app === 'email') found.emails.push(id)
    else if (!OWN_TYPES.has(app)) found.vendorIds.push(`${app}:${id}`)
  }
  return found
}

/**
 * Whether an event shows two contacts to be one person: they have to be merged before it can be resolved. One who has
 * no id of yours is merged into whom they turn out to be; two who have one are two persons, unless an alias says so.
 */
export function wantedMerge(world: World, event: PendingEvent): WantedMerge | null {
  const mentioned = identitiesIn(event, world.sharedMailboxes)
  if (mentioned.length < 2) return null
  const primary = knownContact(world, event, mentioned)
  if (primary === null) return null
  const named = isText(event.body.userId) || isNamed(world, primary)
  for (const { kind, value } of mentioned) {
    const owner = world.identities.get(`${kind}:${value}`)
    if (owner === undefined || owner === primary || world.apart.has(pairKey(owner, primary))) continue
    // Of the user ids a message names, the second is the one that an alias says is another name of the first.
    const reason = kind === 'user_id' ? 'alias' : kind
    if (kind === 'user_id' || !named || !isNamed(world, owner))
      return { contacts: [primary, owner], reason: { kind: reason, value } }
  }
  return null
}

/** Finds or makes the contact and account of an event, noting in the world what has to be written. */
export function resolveIdentity(world: World, event: PendingEvent): Resolved {
  const mentioned = identitiesIn(event, world.sharedMailboxes)
  if (mentioned.length === 0 && event.kind === 'group') return resolveAccount(world, event)
  const contact = resolveContact(world, event, mentioned)
  linkIdentities(world, mentioned, contact.id)
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

/** Of an import: it names an account and nobody in it. */
function resolveAccount(world: World, event: PendingEvent): Resolved {
  const groupId = groupIdIn(event)
  const known = groupId === null ? undefined : world.accountIds.get(groupId)
  const accountId = known ?? (groupId === null ? null : createAccount(world, groupId))
  const newAccount = known === undefined && accountId !== null
  return { contactId: null, accountId, attached: false, newContact: false, newAccount, named: false }
}

interface FoundContact {
  id: string
  isNew: boolean
  named: boolean
}
const contactPart = ({ id, isNew, named }: FoundContact) => ({ contactId: id, newContact: isNew, named })

function resolveContact(world: World, event: PendingEvent, mentioned: Identity[]): FoundContact {
  const userId = isText(event.body.userId) ? event.body.userId : null
  const id = knownContact(world, event, mentioned)
  if (id === null) return createContact(world, userId)
  // Somebody we knew only by a cookie or an address gets a name of yours.
  const named = userId !== null && !isNamed(world, id)
  if (named) world.externalIds.set(id, userId)
  return { id, isNew: false, named }
}

/**
 * Whose event it is, of those we know: whom its user id names; else, of an alias, whom the previous one names; else
 * whoever its other ids belong to, but nobody with another id of yours where the event has one itself.
 */
function knownContact(world: World, event: PendingEvent, mentioned: Identity[]): string | null {
  const hasUserId = isText(event.body.userId)
  for (const kind of ['user_id', 'anonymous_id', 'vendor_id', 'email'] as const)
    for (const one of mentioned) {
      const owner = one.kind === kind ? world.identities.get(identityKey(one)) : undefined
      if (owner !== undefined && (kind === 'user_id' || !hasUserId || !isNamed(world, owner))) return owner
    }
  return null
}

const isNamed = (world: World, contactId: string): boolean => (world.externalIds.get(contactId) ?? null) !== null

/** A pair of contacts, whichever way round. */
export const pairKey = (one: string, other: string): string => (one < other ? `${one} ${other}` : `${other} ${one}`)

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

/** Nobody's identities are taken away here: what belongs to somebody else stays with them. */
function linkIdentities(world: World, mentioned: Identity[], contactId: string): void {
  for (const one of mentioned) {
    const key = identityKey(one)
    const owner = world.identities.get(key)
    if (owner === undefined) {
      world.addedIdentities.set(key, { ...one, contactId })
      world.identities.set(key, contactId)
    } else if (owner !== contactId && (one.kind === 'email' || one.kind === 'vendor_id')) {
      // Two persons by their ids, and perhaps one: a person is asked.
      const pair = pairKey(owner, contactId)
      if (!world.apart.has(pair)) world.possiblePairs.set(pair, { contacts: [owner, contactId], reason: { ...one } })
    }
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
