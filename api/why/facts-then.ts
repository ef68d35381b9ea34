import type { Facts, Instant, PropertyChange, Reads, ScoreFact, SubjectFacts } from '../../engine/model/rule.ts'
import type { Json } from '../../nodes/manifest.ts'
import type { Queryable } from '../db/sql.ts'
import type { SubjectKind } from '../dispatch/audience-index.ts'
import { withNamed } from '../dispatch/world.ts'
import { whoThen } from './merges-then.ts'
import { loadPast, type Past, type PastSubject, type ThenWanted } from './load-past.ts'
import type { PastChange, PastEdge } from './past-store.ts'

/** Where the facts of a past instant come from, beside the facts. */
export interface Sources {
  subject: { kind: SubjectKind; id: string }
  /** By the property's own path, `contact.plan`; those that were read and had, or have, a value. */
  properties: Map<string, PropertySource>
  /** By name, beside each time of `facts.events`. */
  events: Map<string, EventRef[]>
  /** By `kind:slug`: the edge of the subject itself or of its account. */
  edges: Map<string, PastEdge>
  /** By path, beside each of `facts.changes`. */
  changes: Map<string, PastChange[]>
  /** Beside each of `facts.related`. */
  related: Sources[]
}

export interface PropertySource {
  /** Null: there was none. */
  value: Json
  /** When it was written; null: before anything was noted of it, by an unknown source. */
  write: { at: Instant; occurredAt: Instant; source: Json } | null
}

export interface EventRef {
  seq: string
  messageId: string
  /** When it happened. */
  at: Instant
}

export interface FactsThen {
  facts: Facts
  sources: Sources
  /** When the subject, and its account where there was one, was first known. */
  firstSeen: Instant
  /** What can no longer be known exactly, for people. */
  gaps: string[]
}

/** The subject was not there yet. */
export interface NotYet {
  notYet: true
  firstSeen: Instant
}

/**
 * The facts of a subject as they were known at a past instant: values in force then, events that had been taken in by
 * then (whenever they happened), who was in what, and who belonged to whom. A contact that had been merged into another
 * by then answers as the other.
 * @param wanted.at milliseconds since 1970, not after `now`
 * @returns `NotYet` for a subject that was first seen later; null for one that is not there
 */
export async function factsThen(q: Queryable, wanted: ThenWanted): Promise<FactsThen | NotYet | null> {
  const past = await loadPast(q, wanted)
  const { kind, id } = wanted.subject
  const then = kind === 'contact' ? whoThen(past.merges, id, wanted.at) : id
  const subject = past.subjects.get(then)
  if (subject === undefined) return null
  if (subject.row.createdAt > wanted.at) return { notYet: true, firstSeen: subject.row.createdAt }
  const related = wanted.subject.related ?? null
  const beside = related === null || kind === 'contact' ? related : whoThen(past.merges, related, wanted.at)
  const { facts, sources } = assemble(past, { kind, id: then, related: beside }, wanted.reads)
  return { facts, sources, firstSeen: subject.row.createdAt, gaps: gapsOf(past, subject, wanted.reads) }
}

export const isNotYet = (found: FactsThen | NotYet): found is NotYet => 'notYet' in found

interface Wanted {
  kind: SubjectKind
  id: string
  related: string | null
}

function assemble(past: Past, wanted: Wanted, reads: Reads): Pick<FactsThen, 'facts' | 'sources'> {
  const { at } = past
  const { kind, id } = wanted
  const own = kind === 'contact' ? (past.accountsOf.get(id) ?? []) : []
  const accountId = kind === 'account' ? id : (wanted.related ?? (own.length === 1 ? (own[0] ?? null) : null))
  const contactId = kind === 'contact' ? id : wanted.related
  const [contact, account] = [thereBy(past, contactId), thereBy(past, accountId)]
  const sources: Sources = {
    subject: { kind, id },
    properties: new Map(),
    events: new Map(),
    edges: new Map(),
    changes: new Map(),
    related: [],
  }
  const facts: Facts = {
    at,
    contact: contact && subjectFacts(past, { kind: 'contact', subject: contact }, { reads, sources }),
    account: account && subjectFacts(past, { kind: 'account', subject: account }, { reads, sources }),
    segments: [],
    signals: [],
    events: {},
  }
  addEdges(facts, sources, [thereBy(past, id), ...(accountId === id ? [] : [account])])
  addEvents(facts, sources, { subject: thereBy(past, id), reads })
  addChanges(facts, { past, sources, reads }, { contact: kind === 'account' ? null : contact, account })
  if (reads.related !== undefined) addRelated(facts, { past, sources, reads: reads.related }, { kind, id })
  return { facts, sources }
}

/** Null where it was not there at that instant. */
function thereBy(past: Past, id: string | null): PastSubject | null {
  const subject = id === null ? undefined : past.subjects.get(id)
  return subject === undefined || subject.row.createdAt > past.at ? null : subject
}

/** `contact.address.city` is a property of that name, or a part of `address`. */
export function namesIn(kind: SubjectKind, reads: Reads): string[] {
  const names = new Set<string>()
  for (const path of reads.properties) {
    const [root, ...rest] = path.split('.')
    if (root === kind) for (const name of [rest.join('.'), rest[0]]) if (name !== undefined) names.add(name)
  }
  return [...names]
}

function subjectFacts(
  { at }: Past,
  { kind, subject }: { kind: SubjectKind; subject: PastSubject },
  into: { reads: Reads; sources: Sources },
): SubjectFacts {
  const { id, namedAt } = subject.row
  // Somebody we knew by a cookie or an address alone had no id of yours yet.
  const externalId = namedAt !== null && namedAt > at ? null : subject.row.externalId
  const current = new Map(Object.entries(withNamed(subject.row)))
  const found: Array<[string, Json]> = []
  for (const name of namesIn(kind, into.reads)) {
    const source = valueThen(subject.changes.get(name) ?? [], current.get(name) ?? null, at)
    if (source.write !== null || source.value !== null) into.sources.properties.set(`${kind}.${name}`, source)
    if (source.value !== null) found.push([name, source.value])
  }
  // fromEntries defines properties, so that one named __proto__ is a property like any other.
  return { id, externalId, properties: Object.fromEntries(found) }
}

/** What was in force: the last write by then, else what the first one after it found there, else what is there still. */
function valueThen(changes: readonly PastChange[], current: Json, at: Instant): PropertySource {
  const last = changes.findLast((change) => change.at <= at)
  if (last !== undefined)
    return { value: last.value, write: { at: last.at, occurredAt: last.occurredAt, source: last.source } }
  const [next] = changes
  return { value: next === undefined ? current : next.before, write: null }
}

/** A contact is also in what its account is in. */
function addEdges(facts: Facts, sources: Sources, subjects: Array<PastSubject | null>): void {
  const scores: Array<[string, ScoreFact]> = []
  for (const subject of subjects)
    for (const edge of subject?.edges ?? []) {
      sources.edges.set(`${edge.kind}:${edge.slug}`, edge)
      if (edge.kind === 'score') scores.push(...scoreThen(edge))
      else if (edge.edge === 'set') facts.signals.push(edge.slug)
      else if (edge.edge === 'entered') facts.segments.push(edge.slug)
    }
  if (scores.length > 0) facts.scores = Object.fromEntries(scores)
}

function scoreThen({ slug, value: kept }: PastEdge): Array<[string, ScoreFact]> {
  if (typeof kept !== 'object' || kept === null || Array.isArray(kept)) return []
  const { value, band, stage } = kept
  // Nothing could be measured: to rules the score is missing.
  if (typeof value !== 'number' || typeof band !== 'string') return []
  return [[slug, { value, band, stage: typeof stage === 'string' ? stage : null }]]
}

function addEvents(facts: Facts, sources: Sources, from: { subject: PastSubject | null; reads: Reads }): void {
  const { subject, reads } = from
  if (subject === null) return
  const { eventProperties } = reads
  const wanted = [...subject.events].filter(([name]) => Object.hasOwn(reads.events, name))
  facts.events = Object.fromEntries(wanted.map(([name, events]) => [name, events.map(({ at }) => at)]))
  if (eventProperties !== undefined)
    facts.eventValues = Object.fromEntries(
      wanted.flatMap(([name, events]) =>
        Object.hasOwn(eventProperties, name) ? [[name, events.map(({ values }) => values)] as const] : [],
      ),
    )
  for (const [name, events] of wanted)
    sources.events.set(
      name,
      events.map(({ seq, messageId, at }) => ({ seq, messageId, at })),
    )
}

function addChanges(
  facts: Facts,
  by: { past: Past; sources: Sources; reads: Reads },
  subjects: { [kind in SubjectKind]: PastSubject | null },
): void {
  const { at } = by.past
  const found: Array<[string, PropertyChange[]]> = []
  for (const [path, window] of Object.entries(by.reads.changes ?? {})) {
    const [root, ...rest] = path.split('.')
    const subject = root === 'account' ? subjects.account : subjects.contact
    const after = window === null ? -Infinity : at - window
    const changes = (subject?.changes.get(rest.join('.')) ?? []).filter((one) => one.at <= at && one.at > after)
    if (changes.length === 0) continue
    by.sources.changes.set(path, changes)
    found.push([path, changes.map((one) => ({ at: one.at, from: one.before, to: one.value }))])
  }
  if (by.reads.changes !== undefined) facts.changes = Object.fromEntries(found)
}

function addRelated(
  facts: Facts,
  by: { past: Past; sources: Sources; reads: Reads },
  { kind, id }: { kind: SubjectKind; id: string },
): void {
  const { past, sources, reads } = by
  const other: SubjectKind = kind === 'contact' ? 'account' : 'contact'
  facts.related = []
  for (const relatedId of (kind === 'contact' ? past.accountsOf : past.contactsOf).get(id) ?? []) {
    if (thereBy(past, relatedId) === null) continue
    const part = assemble(past, { kind: other, id: relatedId, related: null }, reads)
    facts.related.push(part.facts)
    sources.related.push(part.sources)
  }
}

/** Events that were deleted because they are older than the workspace keeps them. */
function gapsOf(past: Past, subject: PastSubject, reads: Reads): string[] {
  const windows = [...Object.values(reads.events), ...Object.values(reads.related?.events ?? {})]
  if (windows.length === 0 || subject.row.createdAt >= past.eventsKeptSince) return []
  const from = windows.includes(null) ? -Infinity : past.at - Math.max(...windows.map((window) => window ?? 0))
  if (from >= past.eventsKeptSince) return []
  const since = new Date(past.eventsKeptSince).toISOString().slice(0, 10)
  return [
    `Events from before ${since} may have been deleted, as the workspace keeps them no longer: counts that reach back further can be too low.`,
  ]
}
