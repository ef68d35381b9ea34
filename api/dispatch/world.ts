import type { Facts } from '../../engine/model/rule.ts'
import type { Json } from '../../nodes/manifest.ts'
import type { AccountLink } from '../db/account-store.ts'
import type { MemberRow } from '../db/audience-store.ts'
import type { Identity, IdentityKind, IdentityLink, SubjectRow } from '../db/contact-store.ts'
import type { IndexedAudience, SubjectKind } from './audience-index.ts'

/** A contact or account as a batch knows it. */
export interface Subject extends SubjectRow {
  isNew: boolean
  changed: boolean
}

/**
 * One workspace's part of a batch, in memory: what was read, and what the events of the batch have made of it so far.
 * Everything is written at the end in a few statements.
 */
export interface World {
  workspaceId: string
  /** When the batch is worked, milliseconds since 1970. */
  now: number
  freshId: () => string
  /** By `kind:value`. */
  identities: Map<string, string>
  /** Contact id → the id it is known by outside, for contacts met through an identity. */
  externalIds: Map<string, string | null>
  accountIds: Map<string, string>
  accountsOf: Map<string, string[]>
  /** Only of accounts whose changes reach their contacts. */
  contactsOf: Map<string, string[]>
  contacts: Map<string, Subject>
  accounts: Map<string, Subject>
  /** By `kind:value`. */
  addedIdentities: Map<string, IdentityLink>
  movedIdentities: Map<string, IdentityLink>
  attached: AccountLink[]
  /** By `audience subject`. */
  members: Map<string, MemberRow>
  changedMembers: Set<MemberRow>
  /** Subject → segments and signals it is in. */
  memberships: Map<string, Set<IndexedAudience>>
  /** Subject → event name → times, ascending. */
  eventTimes: Map<string, Map<string, number[]>>
  /** Names of the events that some rule of this batch counts. */
  countedEvents: Set<string>
}

export function emptyWorld(workspaceId: string, now: number, freshId: () => string): World {
  return {
    workspaceId,
    now,
    freshId,
    identities: new Map(),
    externalIds: new Map(),
    accountIds: new Map(),
    accountsOf: new Map(),
    contactsOf: new Map(),
    contacts: new Map(),
    accounts: new Map(),
    addedIdentities: new Map(),
    movedIdentities: new Map(),
    attached: [],
    members: new Map(),
    changedMembers: new Set(),
    memberships: new Map(),
    eventTimes: new Map(),
    countedEvents: new Set(),
  }
}

export const identityKey = ({ kind, value }: Identity): string => `${kind}:${value}`
export const memberKey = (audienceId: string, subjectId: string): string => `${audienceId} ${subjectId}`

export const identity = (kind: IdentityKind, value: string): Identity => ({ kind, value })

/** Whose account it is: the one the contact belongs to, none where there are several. */
export function onlyAccount(world: World, contactId: string): string | null {
  const accounts = world.accountsOf.get(contactId)
  return accounts?.length === 1 ? (accounts[0] ?? null) : null
}

/** What a rule may read of a subject now. */
export function factsOf(world: World, subject: { kind: SubjectKind; id: string }): Facts {
  const contact = subject.kind === 'contact' ? (world.contacts.get(subject.id) ?? null) : null
  const accountId = subject.kind === 'account' ? subject.id : onlyAccount(world, subject.id)
  const account = accountId === null ? null : (world.accounts.get(accountId) ?? null)
  const segments: string[] = []
  const signals: string[] = []
  // A contact is also in what its account is in: slugs are the workspace's, so there is no confusion.
  for (const id of accountId === null || accountId === subject.id ? [subject.id] : [subject.id, accountId])
    for (const audience of world.memberships.get(id) ?? [])
      (audience.kind === 'segment' ? segments : signals).push(audience.slug)
  return {
    at: world.now,
    contact: contact && subjectFacts(contact),
    account: account && subjectFacts(account),
    segments,
    signals,
    events: Object.fromEntries(world.eventTimes.get(subject.id) ?? []),
  }
}

const subjectFacts = (subject: Subject) => ({
  id: subject.id,
  externalId: subject.externalId,
  properties: withNamed(subject),
})

/** E-mail and name have columns of their own, and are read like properties. */
export function withNamed(subject: Pick<SubjectRow, 'email' | 'name' | 'properties'>): { [name: string]: Json } {
  const { email, name, properties } = subject
  return { ...properties, ...(email === null ? {} : { email }), ...(name === null ? {} : { name }) }
}

/** Counts an event for a subject, keeping the times in order. */
export function addEventTime(world: World, subjectId: string, event: { name: string; at: number }): void {
  const names = world.eventTimes.get(subjectId) ?? new Map<string, number[]>()
  world.eventTimes.set(subjectId, names)
  const times = names.get(event.name) ?? []
  names.set(event.name, times)
  let at = times.length
  while (at > 0 && (times[at - 1] ?? 0) > event.at) at -= 1
  times.splice(at, 0, event.at)
}
