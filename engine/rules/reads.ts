import { parseDuration } from '../model/duration.ts'
import { parsePath, SUBJECT_FIELDS } from '../model/path.ts'
import type { Reads, Rule } from '../model/rule.ts'

export const noReads = (): Reads => ({ properties: [], segments: [], signals: [], events: {} })

/** What must be loaded before the rule can be evaluated. Trigger data and step outputs travel with the run. */
export function readsOf(rule: Rule): Reads {
  const reads = noReads()
  walkRule(rule, (leaf) => {
    if ('event' in leaf) {
      const window = leaf.within === undefined ? null : parseDuration(leaf.within)
      addWindow(reads, leaf.event, window === null ? null : window.ok ? window.ms : 0)
    } else if ('segment' in leaf) add(reads.segments, leaf.segment)
    else if ('signal' in leaf) add(reads.signals, leaf.signal)
    else if ('property' in leaf) addProperty(reads, leaf.property)
  })
  return reads
}

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

/** What either reads; of two windows over one event the wider. */
export function mergeReads(all: readonly Reads[]): Reads {
  const merged = noReads()
  for (const reads of all) {
    for (const property of reads.properties) add(merged.properties, property)
    for (const segment of reads.segments) add(merged.segments, segment)
    for (const signal of reads.signals) add(merged.signals, signal)
    for (const [event, window] of Object.entries(reads.events)) addWindow(merged, event, window)
  }
  return merged
}

/** Calls `visit` for every leaf, left to right. */
export function walkRule(rule: Rule, visit: (leaf: Rule) => void): void {
  if ('all' in rule) for (const part of rule.all) walkRule(part, visit)
  else if ('any' in rule) for (const part of rule.any) walkRule(part, visit)
  else if ('not' in rule) walkRule(rule.not, visit)
  else visit(rule)
}

function addWindow(reads: Reads, event: string, window: number | null): void {
  const known = Object.hasOwn(reads.events, event) ? reads.events[event] : undefined
  const wider = known === undefined ? window : known === null || window === null ? null : Math.max(known, window)
  // defineProperty: an event may be named `__proto__`.
  Object.defineProperty(reads.events, event, { value: wider, enumerable: true, writable: true, configurable: true })
}

function add(list: string[], item: string): void {
  if (!list.includes(item)) list.push(item)
}
