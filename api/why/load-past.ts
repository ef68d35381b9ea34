import { DAY } from '../../engine/model/duration.ts'
import type { Instant, Reads } from '../../engine/model/rule.ts'
import { mergeReads } from '../../engine/rules/reads.ts'
import type { Queryable } from '../db/sql.ts'
import type { SubjectKind } from '../dispatch/audience-index.ts'
import { accountsThen, eventsThen, mergesAround, type PastMerge, whoThen } from './merges-then.ts'
import {
  changesOfAll,
  contactsEver,
  edgesInForce,
  type EventsWanted,
  eventsKnown,
  keepEventsDays,
  linksOf,
  type PastChange,
  type PastEdge,
  type PastEvent,
  type SubjectNow,
  subjectsNow,
} from './past-store.ts'

export interface ThenWanted {
  workspaceId: string
  /** `related`: of a contact the account, of an account the contact that is read beside it, as for a run. */
  subject: { kind: SubjectKind; id: string; related?: string | null }
  reads: Reads
  at: Instant
  /** When it is asked. */
  now: Instant
}

/** One contact or account, with all that is needed of its past. */
export interface PastSubject {
  kind: SubjectKind
  row: SubjectNow
  /** By property, the oldest first; those of later, too. */
  changes: Map<string, PastChange[]>
  /** In force at the instant. */
  edges: PastEdge[]
  /** By name; known at the instant. */
  events: Map<string, PastEvent[]>
}

export interface Past {
  at: Instant
  /** What happened before may have been deleted. */
  eventsKeptSince: Instant
  merges: PastMerge[]
  subjects: Map<string, PastSubject>
  /** Who was in what at the instant: of the subject's contacts, and of its account's. */
  accountsOf: Map<string, string[]>
  contactsOf: Map<string, string[]>
}

/** Reads what the facts of a past instant are made of. */
export async function loadPast(q: Queryable, wanted: ThenWanted): Promise<Past> {
  const { workspaceId, reads, at, now, subject } = wanted
  const past: Past = {
    at,
    eventsKeptSince: now - (await keepEventsDays(q, workspaceId)) * DAY,
    merges: [],
    subjects: new Map(),
    accountsOf: new Map(),
    contactsOf: new Map(),
  }
  const contacts = await loadRelations(q, past, wanted)
  const accounts = new Set([...contacts].flatMap((id) => past.accountsOf.get(id) ?? []))
  if (subject.kind === 'account') accounts.add(subject.id)
  if (subject.related) (subject.kind === 'contact' ? accounts : contacts).add(subject.related)
  const all = flat(reads)
  await loadSubjects(q, past, { ...wanted, reads: all, contacts: [...contacts], accounts: [...accounts] })
  return past
}

/** What is read of the subject and of its related ones, in one: whoever is loaded is loaded for either. */
const flat = (reads: Reads): Reads => {
  const { related, ...own } = reads
  return related === undefined ? own : mergeReads([own, related])
}

/** @returns the contacts of then that rules look at */
async function loadRelations(q: Queryable, past: Past, wanted: ThenWanted): Promise<Set<string>> {
  const { workspaceId, subject, reads, at } = wanted
  const ofAccount = subject.kind === 'account' && reads.related !== undefined
  const asked = [
    ...(subject.kind === 'contact' ? [subject.id] : []),
    ...(subject.kind === 'account' && subject.related ? [subject.related] : []),
    ...(ofAccount ? await contactsEver(q, workspaceId, subject.id) : []),
  ]
  past.merges = await mergesAround(q, workspaceId, asked)
  const links = await linksOf(q, workspaceId, [
    ...new Set([...asked, ...past.merges.flatMap(({ winner, loser }) => [winner, loser])]),
  ])
  const contacts = new Set(asked.map((id) => whoThen(past.merges, id, at)))
  for (const merge of ofAccount ? past.merges : [])
    for (const id of [merge.winner, merge.loser]) contacts.add(whoThen(past.merges, id, at))
  for (const id of contacts) past.accountsOf.set(id, accountsThen(id, at, { merges: past.merges, links }))
  if (!ofAccount) return contacts
  const members = [...contacts].filter((id) => past.accountsOf.get(id)?.includes(subject.id)).sort()
  past.contactsOf.set(subject.id, members)
  return new Set([...members, ...(subject.related ? [whoThen(past.merges, subject.related, at)] : [])])
}

async function loadSubjects(
  q: Queryable,
  past: Past,
  wanted: ThenWanted & { contacts: string[]; accounts: string[] },
): Promise<void> {
  const { workspaceId, reads, contacts, accounts } = wanted
  for (const [kind, ids] of [
    ['contact', contacts],
    ['account', accounts],
  ] as const)
    for (const row of await subjectsNow(q, workspaceId, { kind, ids }))
      past.subjects.set(row.id, { kind, row, changes: new Map(), edges: [], events: new Map() })
  const ids = [...contacts, ...accounts]
  for (const change of await changesOfAll(q, workspaceId, { ids, properties: propertiesIn(reads) }))
    entry(past.subjects.get(change.subjectId)?.changes, change.property)?.push(change)
  const names = [
    ...reads.segments.map((slug) => `segment:${slug}`),
    ...reads.signals.map((slug) => `signal:${slug}`),
    ...(reads.scores ?? []).map((slug) => `score:${slug}`),
  ]
  for (const edge of await edgesInForce(q, workspaceId, { ids, names, at: wanted.at }))
    past.subjects.get(edge.subjectId)?.edges.push(edge)
  await loadEvents(q, past, wanted)
}

function propertiesIn({ properties, changes }: Reads): string[] {
  const names = [...properties, ...Object.keys(changes ?? {})].flatMap((path) => {
    const [, ...rest] = path.split('.')
    return [rest.join('.'), rest[0] ?? '']
  })
  return [...new Set(names)]
}

async function loadEvents(
  q: Queryable,
  past: Past,
  wanted: ThenWanted & { contacts: string[]; accounts: string[] },
): Promise<void> {
  const { workspaceId, reads, at, contacts, accounts } = wanted
  const events = Object.entries(reads.events).map(
    ([name, window]): EventsWanted => ({
      name,
      since: window === null ? null : at - window,
      properties: ownOf(reads.eventProperties, name),
    }),
  )
  const where = contacts.map((id) => ({ id, ...eventsThen(past.merges, id, at) }))
  const byHolder = Map.groupBy(
    where.flatMap((one) => one.holders.map((holder) => ({ holder, ...one }))),
    ({ holder }) => holder,
  )
  const holders = [...byHolder.keys()]
  for (const event of await eventsKnown(q, workspaceId, { kind: 'contact', ids: holders, events, at }))
    for (const { id, was } of byHolder.get(event.holder) ?? [])
      if (was(event, event.holder)) entry(past.subjects.get(id)?.events, event.name)?.push(event)
  for (const event of await eventsKnown(q, workspaceId, { kind: 'account', ids: accounts, events, at }))
    entry(past.subjects.get(event.holder)?.events, event.name)?.push(event)
}

const ownOf = (all: { [name: string]: string[] } | undefined, name: string): string[] =>
  all !== undefined && Object.hasOwn(all, name) ? (all[name] ?? []) : []

function entry<V>(map: Map<string, V[]> | undefined, key: string): V[] | undefined {
  if (map === undefined) return undefined
  const known = map.get(key)
  if (known !== undefined) return known
  const fresh: V[] = []
  map.set(key, fresh)
  return fresh
}
