import type { Reads } from '../../engine/model/rule.ts'
import { moreOf } from '../../engine/rules/enough.ts'
import { mergeReads } from '../../engine/rules/reads.ts'
import { accountsOfContacts, contactsOfAccounts, findAccounts, readAccounts } from '../db/account-store.ts'
import { membersOf } from '../db/audience-store.ts'
import { findIdentities, type Identity, readContacts, type SubjectRow } from '../db/contact-store.ts'
import type { PendingEvent } from '../db/event-store.ts'
import { changeHistory, eventHistory, type EventWindow, laterTraits } from '../db/history-store.ts'
import type { Queryable } from '../db/sql.ts'
import { type AudienceIndex, type IndexedAudience, withReaders } from './audience-index.ts'
import { groupIdIn, identitiesIn } from './resolve-identity.ts'
import { StaleBatch } from './stale-batch.ts'
import { noteMember } from './work-out.ts'
import { identityKey, innerOf, memberKey, type Subject, type World } from './world.ts'

/** Reads who the events are about: identities with their accounts, and the accounts that are named. */
export async function loadIdentities(q: Queryable, world: World, events: PendingEvent[]): Promise<void> {
  const wanted = new Map<string, Identity>()
  const groups = new Set<string>()
  for (const event of events) {
    for (const identity of identitiesIn(event, world.sharedMailboxes)) wanted.set(identityKey(identity), identity)
    const groupId = groupIdIn(event)
    if (groupId !== null) groups.add(groupId)
  }
  for (const known of await findIdentities(q, world.workspaceId, [...wanted.values()])) {
    // It was moved to another contact while we waited for the merge to end.
    if (known.mergedInto !== null) throw new StaleBatch()
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
  /** Accounts whose change reaches their contacts, or whose rules look at them. */
  fanOut: Set<string>
  /** Contact or account → own time of the oldest call here that describes it. */
  described: { contact: Map<string, number>; account: Map<string, number> }
  audiences: Set<IndexedAudience>
  /** Subject → those of the audiences that are asked about it; a subject that is not here may be asked about all. */
  touched: Map<string, Set<IndexedAudience>>
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
  described: { contact: new Map(), account: new Map() },
  audiences: new Set(),
  touched: new Map(),
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
  needAccounts(world, index, needs)
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
  for (const id of needs.accounts) if (world.accounts.get(id)?.isNew === false) accounts.add(id)
  await loadHistory(q, world, { needs, index, contacts, accounts })
}

/** The accounts that rules about the evaluated contacts look at, and those whose rules look at these contacts. */
function needAccounts(world: World, index: AudienceIndex, needs: Needs): void {
  const audiences = [...withReaders(index, needs.audiences)]
  const relating = (subject: 'contact' | 'account'): boolean =>
    audiences.some((audience) => audience.subject === subject && audience.reads.related !== undefined) ||
    needs.reads.some((reads) => reads.related !== undefined)
  const [ofContacts, ofAccounts] = [relating('contact'), relating('account')]
  for (const id of needs.evaluated) {
    const all = world.accountsOf.get(id) ?? []
    for (const accountId of ofContacts || ofAccounts || all.length === 1 ? all : []) {
      needs.accounts.add(accountId)
      if (!ofContacts && !ofAccounts) continue
      // Its contacts can touch it too, with other audiences than its own events.
      needs.touched.delete(accountId)
      if (ofAccounts) needs.fanOut.add(accountId)
    }
  }
  if (ofAccounts) for (const accountId of needs.accounts) needs.fanOut.add(accountId)
}

const stored = (wanted: Set<string>, inMemory: Map<string, Subject>): Set<string> =>
  new Set([...wanted].filter((id) => !inMemory.has(id)))

const known = (row: SubjectRow): Subject => ({ ...row, isNew: false, changed: false })

async function loadFanOut(q: Queryable, world: World, needs: Needs): Promise<void> {
  const accounts = [...needs.fanOut]
  if (accounts.length === 0) return
  const contactIds = await contactsOfAccounts(q, world.workspaceId, accounts)
  await loadAccountsOf(q, world, contactIds)
  for (const id of contactIds) {
    needs.contacts.add(id)
    // Their account can touch them, with other audiences than their own events.
    needs.touched.delete(id)
  }
  for (const account of accounts) world.contactsOf.set(account, [])
  await loadOtherAccounts(q, world, { needs, contactIds })
  for (const [contactId, accountIds] of world.accountsOf)
    for (const accountId of accountIds) world.contactsOf.get(accountId)?.push(contactId)
}

/** Where rules about contacts look at all their accounts, those beside the one that changed. */
async function loadOtherAccounts(
  q: Queryable,
  world: World,
  { needs, contactIds }: { needs: Needs; contactIds: string[] },
): Promise<void> {
  const relating = [...needs.audiences].some((a) => a.subject === 'contact' && a.reads.related !== undefined)
  if (!relating) return
  const ids = contactIds.flatMap((id) => world.accountsOf.get(id) ?? []).filter((id) => !world.accounts.has(id))
  for (const id of ids) needs.accounts.add(id)
  for (const row of await readAccounts(q, world.workspaceId, { ids: [...new Set(ids)], lock: needs.lock }))
    world.accounts.set(row.id, known(row))
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
  const reads = flat(mergeReads([...[...audiences].map((audience) => audience.reads), ...wanted.needs.reads]))
  const subjects = [...wanted.contacts, ...wanted.accounts]
  const readsMembership = audiences.size > 0 || membershipsIn(reads) > 0
  if (readsMembership && subjects.length > 0)
    for (const row of await membersOf(q, world.workspaceId, subjects)) {
      world.members.set(memberKey(row.audienceId, row.subjectId), row)
      const audience = wanted.index.byId.get(row.audienceId)
      if (audience) noteMember(world, audience, row)
    }
  await loadEvents(q, world, { ...wanted, reads })
  await loadChanges(q, world, { subjects, reads })
  await loadLaterTraits(q, world, wanted.needs)
}

const membershipsIn = (reads: Reads): number =>
  reads.segments.length + reads.signals.length + (reads.scores?.length ?? 0)

/** What is read of the subject and of its related ones, in one: whoever is loaded is loaded for either. */
const flat = (reads: Reads): Reads => {
  const { related, ...own } = reads
  return related === undefined ? own : mergeReads([own, related])
}

const sinceOf = (world: World, window: number | null): number | null => (window === null ? null : world.now - window)

async function loadEvents(
  q: Queryable,
  world: World,
  wanted: { needs: Needs; index: AudienceIndex; reads: Reads; contacts: Set<string>; accounts: Set<string> },
): Promise<void> {
  for (const need of eventNeeds(wanted.reads)) world.countedEvents.set(need.name, need.properties)
  if (world.countedEvents.size === 0) return
  for (const kind of ['contact', 'account'] as const) {
    const ids = kind === 'contact' ? wanted.contacts : wanted.accounts
    const beside = wanted.needs.reads.flatMap((reads) => eventNeeds(flat(reads)))
    const everything = [...beside, ...[...wanted.needs.audiences].flatMap((a) => closureOf(wanted.index, a)[kind])]
    const events = [...ids].flatMap((subjectId): EventWindow[] => {
      const touched = wanted.needs.touched.get(subjectId)
      const needs =
        touched === undefined
          ? everything
          : [...beside, ...[...touched].flatMap((audience) => closureOf(wanted.index, audience)[kind])]
      return widest(needs).map(({ name, window, properties, most }) => ({
        subjectId,
        name,
        since: sinceOf(world, window),
        properties,
        most,
      }))
    })
    const cut = new Map(events.map((event) => [`${event.subjectId} ${event.name}`, event.most]))
    for (const found of await eventHistory(q, world.workspaceId, { kind, events, now: world.now }))
      innerOf(world.events, found.subjectId).set(found.name, {
        times: found.times,
        values: found.values,
        newestOnly: cut.get(`${found.subjectId} ${found.name}`) ?? null,
      })
  }
}

interface EventNeed {
  name: string
  /** Milliseconds; null: for ever. */
  window: number | null
  properties: readonly string[]
  /** So many of the newest are enough; null: all. */
  most: number | null
}

function eventNeeds(reads: Reads, enough?: ReadonlyMap<string, number | null>): EventNeed[] {
  const properties = new Map(Object.entries(reads.eventProperties ?? {}))
  return Object.entries(reads.events).map(([name, window]) => ({
    name,
    window,
    properties: properties.get(name) ?? [],
    most: enough?.get(name) ?? null,
  }))
}

/** One need a name: of two windows the wider, of two lists of properties both. */
function widest(needs: readonly EventNeed[]): EventNeed[] {
  if (needs.length < 2) return [...needs]
  const byName = new Map<string, EventNeed>()
  for (const need of needs) {
    const known = byName.get(need.name)
    if (known === undefined) byName.set(need.name, need)
    else if (known !== need)
      byName.set(need.name, {
        name: need.name,
        window: known.window === null || need.window === null ? null : Math.max(known.window, need.window),
        properties: [...new Set([...known.properties, ...need.properties])],
        most: moreOf(known.most, need.most),
      })
  }
  return [...byName.values()]
}

type Closure = { contact: EventNeed[]; account: EventNeed[] }
const closures = new WeakMap<IndexedAudience, Closure>()

/** The events that are read of a contact or an account when an audience is asked about it, its readers included. */
function closureOf(index: AudienceIndex, audience: IndexedAudience): Closure {
  const known = closures.get(audience)
  if (known !== undefined) return known
  const all = [...withReaders(index, [audience])]
  const of = (kind: 'contact' | 'account'): EventNeed[] =>
    widest(
      all.flatMap(({ subject, reads, enough }) =>
        reads.related !== undefined ? eventNeeds(flat(reads)) : subject === kind ? eventNeeds(reads, enough) : [],
      ),
    )
  const closure = { contact: of('contact'), account: of('account') }
  closures.set(audience, closure)
  return closure
}

async function loadChanges(q: Queryable, world: World, wanted: { subjects: string[]; reads: Reads }): Promise<void> {
  const watched = Object.entries(wanted.reads.changes ?? {})
  for (const [path] of watched) world.watchedProperties.add(path)
  const properties = watched.map(([path, window]) => ({
    property: path.slice(path.indexOf('.') + 1),
    since: sinceOf(world, window),
  }))
  for (const found of await changeHistory(q, world.workspaceId, { ids: wanted.subjects, properties }))
    innerOf(world.changes, found.subjectId).set(found.property, found.changes)
}

/** Calls that come late do not undo what was said after them. */
async function loadLaterTraits(q: Queryable, world: World, needs: Needs): Promise<void> {
  for (const kind of ['contact', 'account'] as const) {
    const after = [...needs.described[kind]].map(([id, at]) => ({ id, at }))
    for (const { subjectId, property, at } of await laterTraits(q, world.workspaceId, { kind, after }))
      innerOf(world.saidAt, subjectId).set(property, at)
  }
}
