import type { Reads } from '../../engine/model/rule.ts'
import { mergeReads } from '../../engine/rules/reads.ts'
import { accountsOfContacts, contactsOfAccounts, findAccounts, readAccounts } from '../db/account-store.ts'
import { type EventWindow, eventTimes, membersOf } from '../db/audience-store.ts'
import { findIdentities, type Identity, readContacts, type SubjectRow } from '../db/contact-store.ts'
import type { PendingEvent } from '../db/event-store.ts'
import type { Queryable } from '../db/sql.ts'
import { type AudienceIndex, type IndexedAudience, withReaders } from './audience-index.ts'
import { groupIdIn, identitiesIn } from './resolve-identity.ts'
import { identityKey, memberKey, onlyAccount, type Subject, type World } from './world.ts'

/** Reads who the events are about: identities with their accounts, and the accounts that are named. */
export async function loadIdentities(q: Queryable, world: World, events: PendingEvent[]): Promise<void> {
  const wanted = new Map<string, Identity>()
  const groups = new Set<string>()
  for (const event of events) {
    for (const identity of identitiesIn(event)) wanted.set(identityKey(identity), identity)
    const groupId = groupIdIn(event)
    if (groupId !== null) groups.add(groupId)
  }
  for (const known of await findIdentities(q, world.workspaceId, [...wanted.values()])) {
    world.identities.set(identityKey(known), known.contactId)
    world.externalIds.set(known.contactId, known.externalId)
    world.accountsOf.set(known.contactId, known.accountIds)
  }
  if (groups.size === 0) return
  for (const { id, externalId } of await findAccounts(q, world.workspaceId, [...groups]))
    world.accountIds.set(externalId, id)
}

/** What a batch must know before its events can be applied. */
export interface Needs {
  contacts: Set<string>
  /** Those of the contacts that rules are asked about: they see their account. */
  evaluated: Set<string>
  accounts: Set<string>
  /** Accounts whose change reaches their contacts. */
  fanOut: Set<string>
  audiences: Set<IndexedAudience>
  /** Of rules beside the audiences', such as a trigger's `where`. */
  reads: Reads[]
  /** False where nothing will be written: a preview. */
  lock: boolean
}

export const noNeeds = (): Needs => ({
  contacts: new Set(),
  evaluated: new Set(),
  accounts: new Set(),
  fanOut: new Set(),
  audiences: new Set(),
  reads: [],
  lock: true,
})

/**
 * Locks and reads the subjects and what rules may read of them. Accounts before contacts, each sorted by id: two
 * batches that share subjects wait for each other and never in a circle. What is read after a lock is the newest.
 */
export async function loadSubjects(
  q: Queryable,
  world: World,
  wanted: { needs: Needs; index: AudienceIndex },
): Promise<void> {
  const { needs, index } = wanted
  await loadAccountsOf(q, world, [...needs.evaluated])
  for (const id of needs.evaluated) {
    const accountId = onlyAccount(world, id)
    if (accountId !== null) needs.accounts.add(accountId)
  }
  const accounts = stored(needs.accounts, world.accounts)
  for (const id of needs.fanOut) if (!world.accounts.has(id)) accounts.add(id)
  if (accounts.size > 0)
    for (const row of await readAccounts(q, world.workspaceId, { ids: [...accounts], lock: needs.lock }))
      world.accounts.set(row.id, known(row))
  await loadFanOut(q, world, needs)
  const contacts = stored(needs.contacts, world.contacts)
  if (contacts.size > 0)
    for (const row of await readContacts(q, world.workspaceId, { ids: [...contacts], lock: needs.lock }))
      world.contacts.set(row.id, known(row))
  await loadHistory(q, world, { needs, index, contacts, accounts })
}

const stored = (wanted: Set<string>, inMemory: Map<string, Subject>): Set<string> =>
  new Set([...wanted].filter((id) => !inMemory.has(id)))

const known = (row: SubjectRow): Subject => ({ ...row, isNew: false, changed: false })

async function loadFanOut(q: Queryable, world: World, needs: Needs): Promise<void> {
  const accounts = [...needs.fanOut]
  if (accounts.length === 0) return
  const contactIds = await contactsOfAccounts(q, world.workspaceId, accounts)
  await loadAccountsOf(q, world, contactIds)
  for (const id of contactIds) needs.contacts.add(id)
  for (const account of accounts) world.contactsOf.set(account, [])
  for (const [contactId, accountIds] of world.accountsOf)
    for (const accountId of accountIds) world.contactsOf.get(accountId)?.push(contactId)
}

async function loadAccountsOf(q: Queryable, world: World, contactIds: string[]): Promise<void> {
  const fresh = contactIds.filter((id) => !world.accountsOf.has(id))
  if (fresh.length === 0) return
  for (const id of fresh) world.accountsOf.set(id, [])
  for (const { accountId, contactId } of await accountsOfContacts(q, world.workspaceId, fresh))
    world.accountsOf.get(contactId)?.push(accountId)
}

async function loadHistory(
  q: Queryable,
  world: World,
  wanted: { needs: Needs; index: AudienceIndex; contacts: Set<string>; accounts: Set<string> },
): Promise<void> {
  const audiences = withReaders(wanted.index, wanted.needs.audiences)
  const reads = mergeReads([...[...audiences].map((audience) => audience.reads), ...wanted.needs.reads])
  const subjects = [...wanted.contacts, ...wanted.accounts]
  const readsMembership = audiences.size > 0 || reads.segments.length > 0 || reads.signals.length > 0
  if (readsMembership && subjects.length > 0)
    for (const row of await membersOf(q, world.workspaceId, subjects)) {
      world.members.set(memberKey(row.audienceId, row.subjectId), row)
      const audience = wanted.index.byId.get(row.audienceId)
      if (row.isMember && audience) join(world, row.subjectId, audience)
    }
  const events = Object.entries(reads.events).map(
    ([name, window]): EventWindow => ({ name, since: window === null ? null : world.now - window }),
  )
  for (const { name } of events) world.countedEvents.add(name)
  for (const [kind, ids] of [
    ['contact', wanted.contacts],
    ['account', wanted.accounts],
  ] as const)
    for (const found of await eventTimes(q, world.workspaceId, { kind, ids: [...ids], events })) {
      const names = world.eventTimes.get(found.subjectId) ?? new Map<string, number[]>()
      world.eventTimes.set(found.subjectId, names.set(found.name, found.times))
    }
}

function join(world: World, subjectId: string, audience: IndexedAudience): void {
  const set = world.memberships.get(subjectId)
  if (set === undefined) world.memberships.set(subjectId, new Set([audience]))
  else set.add(audience)
}
