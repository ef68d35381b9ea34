import { longestReach } from '../model/calendar.ts'
import { parsePath, SUBJECT_FIELDS } from '../model/path.ts'
import type { EventFilter, Reads, Rule, Window } from '../model/rule.ts'
import { byKind, occasionOf, relatedOf } from './kind.ts'
import { durationMs } from './windows.ts'

/** The fields that came later are left out while they are empty, so that a plan of before stays the same text. */
export const noReads = (): Reads => ({ properties: [], segments: [], signals: [], events: {} })

/** What must be loaded before the rule can be evaluated. Trigger data and step outputs travel with the run. */
export function readsOf(rule: Rule): Reads {
  const reads = noReads()
  addRule(rule, reads)
  return reads
}

const addRule: (rule: Rule, reads: Reads) => void = byKind<[reads: Reads], void>({
  all: (rule, reads) => rule.all.forEach((part) => addRule(part, reads)),
  any: (rule, reads) => rule.any.forEach((part) => addRule(part, reads)),
  not: (rule, reads) => addRule(rule.not, reads),
  property: (rule, reads) => addProperty(reads, rule.property),
  changed: (rule, reads) => addChange(reads, rule.changed, reachOf(rule.within)),
  first: (rule, reads) => addEvent(reads, { ...rule, ...occasionOf(rule) }, null),
  last: (rule, reads) => addEvent(reads, { ...rule, ...occasionOf(rule) }, null),
  sequence: (rule, reads) => rule.sequence.forEach((step) => addEvent(reads, step, reachOf(rule.within))),
  aggregate: (rule, reads) => addEvent(reads, rule, reachOf(rule.within)),
  trend: (rule, reads) => addEvent(reads, rule, twice(rule.within)),
  event: (rule, reads) => addEvent(reads, rule, reachOf(rule.within)),
  segment: (rule, reads) => add(reads.segments, rule.segment),
  signal: (rule, reads) => add(reads.signals, rule.signal),
  score: (rule, reads) => add((reads.scores ??= []), rule.score),
  contacts: (rule, reads) => addRule(relatedOf(rule).rule, (reads.related ??= noReads())),
  accounts: (rule, reads) => addRule(relatedOf(rule).rule, (reads.related ??= noReads())),
})

/** How far back a window reaches in ms, rather more than less; null: for ever. */
export function reachOf(window: Window | undefined): number | null {
  if (window === undefined) return null
  return typeof window === 'string' ? (durationMs(window) ?? 0) : longestReach(window)
}

/** A trend reads the window before it as well. */
const twice = (window: Window): number =>
  typeof window === 'string'
    ? 2 * (durationMs(window) ?? 0)
    : longestReach({ ...window, count: 2 * (window.count ?? 1) })

interface EventUse {
  event: string
  of?: string
  where?: EventFilter[]
}

function addEvent(reads: Reads, { event, of, where }: EventUse, reach: number | null): void {
  addWindow(reads.events, event, reach)
  const paths = (where ?? []).map((filter) => filter.property)
  if (of !== undefined) paths.push(of)
  for (const path of paths) addEventProperty(reads, event, path.split('.')[0] ?? path)
}

function addEventProperty(reads: Reads, event: string, name: string): void {
  const all = (reads.eventProperties ??= {})
  if (!Object.hasOwn(all, event)) define(all, event, [])
  add(all[event] ?? [], name)
}

const addChange = (reads: Reads, path: string, reach: number | null): void =>
  addWindow((reads.changes ??= {}), path, reach)

/** Ids of the steps whose output the rule reads. */
export function stepsReadBy(rule: Rule): string[] {
  const steps: string[] = []
  walkRule(rule, (leaf) => {
    const path = 'property' in leaf ? parsePath(leaf.property) : null
    if (path?.root === 'steps') add(steps, path.step)
  })
  return steps
}

/** Adds `contact.mrr` or `account.name`; other roots and the subject's own ids need no loading. */
export function addProperty(reads: Reads, property: string): void {
  const path = parsePath(property)
  if (path === null || (path.root !== 'contact' && path.root !== 'account')) return
  if (!SUBJECT_FIELDS.some((field) => field === path.name)) add(reads.properties, property)
}

/** What any of them reads; of two windows over one event or property the wider. */
export function mergeReads(all: readonly Reads[]): Reads {
  const merged = noReads()
  for (const reads of all) {
    for (const property of reads.properties) add(merged.properties, property)
    for (const segment of reads.segments) add(merged.segments, segment)
    for (const signal of reads.signals) add(merged.signals, signal)
    for (const [event, window] of Object.entries(reads.events)) addWindow(merged.events, event, window)
    for (const [event, names] of Object.entries(reads.eventProperties ?? {}))
      for (const name of names) addEventProperty(merged, event, name)
    for (const [path, window] of Object.entries(reads.changes ?? {})) addChange(merged, path, window)
    for (const score of reads.scores ?? []) add((merged.scores ??= []), score)
  }
  const related = all.flatMap((reads) => reads.related ?? [])
  if (related.length > 0) merged.related = mergeReads(related)
  return merged
}

/** Of whom a leaf speaks: the rule's subject (null), or each of its related contacts or accounts. */
export type Inside = 'contacts' | 'accounts' | null

/**
 * Calls `visit` for every leaf, left to right. A leaf about related subjects is visited itself and then, with
 * `inside`, the leaves of its inner rule: what these name must exist like everything else.
 */
export function walkRule(rule: Rule, visit: (leaf: Rule, inside: Inside) => void, inside: Inside = null): void {
  if ('all' in rule) for (const part of rule.all) walkRule(part, visit, inside)
  else if ('any' in rule) for (const part of rule.any) walkRule(part, visit, inside)
  else if ('not' in rule) walkRule(rule.not, visit, inside)
  else {
    visit(rule, inside)
    if ('contacts' in rule) walkRule(rule.contacts, visit, 'contacts')
    if ('accounts' in rule) walkRule(rule.accounts, visit, 'accounts')
  }
}

function addWindow(windows: { [name: string]: number | null }, name: string, window: number | null): void {
  const known = Object.hasOwn(windows, name) ? windows[name] : undefined
  const wider = known === undefined ? window : known === null || window === null ? null : Math.max(known, window)
  define(windows, name, wider)
}

/** An event may be named `__proto__`, which a plain assignment would not set. */
function define<T>(into: { [name: string]: T }, name: string, value: T): void {
  Object.defineProperty(into, name, { value, enumerable: true, writable: true, configurable: true })
}

function add(list: string[], item: string): void {
  if (!list.includes(item)) list.push(item)
}
