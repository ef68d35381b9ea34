import type { Json } from '../../nodes/manifest.ts'
import type { SubjectKind } from '../model/playbook.ts'
import type { Facts, Instant, PropertyChange, SubjectFacts } from '../model/rule.ts'
import { sameJson, WORKSPACE_ZONE } from '../model/path.ts'
import { countUpTo } from '../rules/windows.ts'
import type { EventKept, Reading } from './reading.ts'
import type { Stored, StoredChange, StoredEdge, StoredEvent, Who } from './stored.ts'

type Values = { [name: string]: Json }

/**
 * What is known of each subject as the stream goes on: no more than the plan reads. What was handed out as facts stays
 * as it was, because runs keep it.
 */
export interface History {
  apply(stored: Stored): void
  factsOf(who: Who, at: Instant): Facts
  /** Forgets what lies before every window. */
  forget(now: Instant): void
  /** Subjects of whom something is known. */
  size(): number
}

interface Known {
  facts: SubjectFacts | null
  logs: Map<string, Log> | null
  changes: Map<string, PropertyChange[]> | null
  segments: readonly string[]
  signals: readonly string[]
}

interface Log {
  times: Instant[]
  values: Values[] | null
  /** How many were left when it was cut last. */
  kept: number
  /** Some run holds these lists. */
  shared: boolean
}

const NONE: readonly string[] = []

export function openHistory(
  reading: Reading,
  { externalIdOf, timeZone }: { externalIdOf: (subjectId: string) => string | null; timeZone: string | undefined },
): History {
  const subjects: { [kind in SubjectKind]: Map<string, Known> } = { contact: new Map(), account: new Map() }
  const own = reading.plan.subject
  const readsZone = reading.reads.properties.includes(WORKSPACE_ZONE)
  const knownOf = (kind: SubjectKind, id: string): Known => {
    const before = subjects[kind].get(id)
    if (before !== undefined) return before
    const known: Known = { facts: null, logs: null, changes: null, segments: NONE, signals: NONE }
    subjects[kind].set(id, known)
    return known
  }
  const applyEvent = (event: StoredEvent): void => {
    const kept = reading.events.get(event.name)
    const id = own === 'contact' ? event.contactId : event.accountId
    if (kept !== undefined && id !== null) addEvent(knownOf(own, id), event, kept)
  }
  const applyChange = (change: StoredChange): void => {
    const known = knownOf(change.subject, change.subjectId)
    known.facts ??= { id: change.subjectId, externalId: externalIdOf(change.subjectId), properties: {} }
    setProperty(known, change, reading.changes.has(`${change.subject}.${change.property}`))
  }
  const subjectOf = (kind: SubjectKind, id: string | null): SubjectFacts | null => {
    if (id === null) return null
    const known = subjects[kind].get(id)
    if (known?.facts) return known.facts
    const facts = { id, externalId: externalIdOf(id), properties: {} }
    if (known !== undefined) known.facts = facts
    return facts
  }
  return {
    apply: (stored) => {
      if (stored.kind === 'event') applyEvent(stored)
      else if (stored.kind === 'change') applyChange(stored)
      else {
        const id = stored.subject === 'contact' ? stored.contactId : stored.accountId
        if (id !== null) setMembership(knownOf(stored.subject, id), stored)
      }
    },
    factsOf: ({ contactId, accountId }, at) => {
      // Of a playbook for accounts no contact is read.
      const contact = own === 'contact' && contactId !== null ? subjects.contact.get(contactId) : undefined
      const account = accountId === null ? undefined : subjects.account.get(accountId)
      const facts: Facts = {
        at,
        contact: own === 'contact' ? subjectOf('contact', contactId) : null,
        account: subjectOf('account', accountId),
        segments: together(contact?.segments, account?.segments),
        signals: together(contact?.signals, account?.signals),
        events: {},
      }
      const logs = (own === 'contact' ? contact : account)?.logs
      if (logs) addLogs(facts, logs, reading)
      if (reading.changes.size > 0) facts.changes = changesOf(contact, account)
      if (timeZone !== undefined && readsZone) facts.timeZone = timeZone
      return facts
    },
    forget: (now) => {
      for (const kind of ['contact', 'account'] as const)
        for (const [id, known] of subjects[kind]) {
          prune(known, kind, { reading, now })
          if (isEmpty(known)) subjects[kind].delete(id)
        }
    },
    size: () => subjects.contact.size + subjects.account.size,
  }
}

const together = (mine: readonly string[] = NONE, others: readonly string[] = NONE): string[] => [...mine, ...others]

function addEvent(known: Known, event: StoredEvent, kept: EventKept): void {
  known.logs ??= new Map()
  let log = known.logs.get(event.name)
  if (log === undefined) {
    log = { times: [], values: kept.properties.length === 0 ? null : [], kept: 0, shared: false }
    known.logs.set(event.name, log)
  }
  unshare(log)
  const { times, values } = log
  let at = times.length
  while (at > 0 && (times[at - 1] ?? 0) > event.occurredAt) at -= 1
  times.splice(at, 0, event.occurredAt)
  values?.splice(at, 0, picked(event.properties, kept.properties))
  const atMost = kept.most ?? 2 * log.kept + MOST_IN_VAIN
  if (times.length > atMost) cut(log, { ...kept, now: event.receivedAt })
}

/** A long list is not cut one by one. */
const MOST_IN_VAIN = 64

function cut(log: Log, { most, window, now }: { most: number | null; window: number | null; now: Instant }): void {
  const { times } = log
  // What is yet to come by its own time is wanted beside the newest.
  const before = most === null ? 0 : countUpTo(times, now) - most
  const old = window === null ? 0 : countUpTo(times, now - window)
  const drop = Math.max(before, old)
  if (drop > 0) {
    unshare(log)
    log.times.splice(0, drop)
    log.values?.splice(0, drop)
  }
  log.kept = log.times.length
}

function unshare(log: Log): void {
  if (!log.shared) return
  log.times = log.times.slice()
  log.values = log.values?.slice() ?? null
  log.shared = false
}

const picked = (properties: Values, names: readonly string[]): Values =>
  Object.fromEntries(
    names.flatMap((name) => (Object.hasOwn(properties, name) ? [[name, properties[name] ?? null] as const] : [])),
  )

function addLogs(facts: Facts, logs: ReadonlyMap<string, Log>, reading: Reading): void {
  const times: Array<[string, Instant[]]> = []
  const values: Array<[string, Values[]]> = []
  const newest: Array<[string, number]> = []
  for (const [name, log] of logs) {
    log.shared = true
    times.push([name, log.times])
    if (log.values !== null) values.push([name, log.values])
    const most = reading.events.get(name)?.most ?? null
    if (most !== null) newest.push([name, most])
  }
  // fromEntries defines properties, so that an event named __proto__ is an event like any other.
  facts.events = Object.fromEntries(times)
  if (values.length > 0) facts.eventValues = Object.fromEntries(values)
  if (newest.length > 0) facts.newestOnly = Object.fromEntries(newest)
}

function setProperty(known: Known, change: StoredChange, keeps: boolean): void {
  const { facts } = known
  if (facts === null) return
  const { property, value, receivedAt: at } = change
  const before = Object.hasOwn(facts.properties, property) ? (facts.properties[property] ?? null) : null
  if (sameJson(before, value)) return
  const next = new Map(Object.entries(facts.properties))
  if (value === null) next.delete(property)
  else next.set(property, value)
  known.facts = { ...facts, properties: Object.fromEntries(next) }
  if (!keeps || change.initial) return
  known.changes ??= new Map()
  known.changes.set(property, [...(known.changes.get(property) ?? []), { at, from: before, to: value }])
}

function setMembership(known: Known, { of, slug, edge }: StoredEdge): void {
  const inside = edge === 'entered' || edge === 'set'
  const list = of === 'segment' ? known.segments : known.signals
  if (list.includes(slug) === inside) return
  const next = inside ? [...list, slug] : list.filter((one) => one !== slug)
  if (of === 'segment') known.segments = next
  else known.signals = next
}

function changesOf(contact: Known | undefined, account: Known | undefined): NonNullable<Facts['changes']> {
  const found: Array<[string, PropertyChange[]]> = []
  for (const [property, changes] of contact?.changes ?? []) found.push([`contact.${property}`, changes])
  for (const [property, changes] of account?.changes ?? []) found.push([`account.${property}`, changes])
  return Object.fromEntries(found)
}

function prune(known: Known, kind: SubjectKind, { reading, now }: { reading: Reading; now: Instant }): void {
  for (const [name, log] of known.logs ?? []) {
    const kept = reading.events.get(name)
    if (kept !== undefined) cut(log, { ...kept, now })
    if (log.times.length === 0) known.logs?.delete(name)
  }
  for (const [property, changes] of known.changes ?? []) {
    const window = reading.changes.get(`${kind}.${property}`) ?? null
    const fresh = window === null ? changes : changes.filter((change) => change.at > now - window)
    if (fresh.length === 0) known.changes?.delete(property)
    else if (fresh.length < changes.length) known.changes?.set(property, fresh)
  }
}

/** Whoever has no property, event or membership is somebody nothing is known of. */
const isEmpty = ({ facts, logs, changes, segments, signals }: Known): boolean =>
  (facts === null || Object.keys(facts.properties).length === 0) &&
  (logs?.size ?? 0) + (changes?.size ?? 0) + segments.length + signals.length === 0
