import type { Json } from '../../nodes/manifest.ts'
import { assertNever } from '../model/assert-never.ts'
import type { Aggregate, AggregateRule, Evaluation, Facts, Instant, TrendRule } from '../model/rule.ts'
import { inOrder } from './compare.ts'
import { type Happened, isUnsteady, nextMoment, pick, readEvent } from './events.ts'
import { leaf, notes, unreadable } from './leaf.ts'
import { scanUntil, soonest } from './valid-until.ts'
import { boundsNote, countUpTo, nextMove, type Sliding, slidingBefore, slidingOf } from './windows.ts'

/** A figure over events. Null: there is none. */
export interface Figure {
  figure: number | null
  /** Events whose property is no number. */
  leftOut: number
  events: number
}

/** The property of each event, read once: of all moments that are looked at, only the window differs. */
type Column = ReadonlyArray<Json | undefined>

function columnOf({ times, values }: Happened, of: string, after: Instant): Column {
  const first = countUpTo(times, after)
  return values.map((properties, i) => (i < first ? undefined : readEvent(properties, of)))
}

function figureOf(which: Aggregate, column: Column, { from, to }: { from: number; to: number }): Figure {
  const events = Math.max(0, to - from)
  if (which === 'distinct') return { figure: distinct(column, from, to), leftOut: 0, events }
  let [count, sum, least, most] = [0, 0, Infinity, -Infinity]
  for (let i = from; i < to; i += 1) {
    const value = column[i]
    if (typeof value !== 'number' || !Number.isFinite(value)) continue
    count += 1
    sum += value
    if (value < least) least = value
    if (value > most) most = value
  }
  const leftOut = events - count
  switch (which) {
    case 'sum':
      return { figure: finite(sum), leftOut, events }
    case 'average':
      return { figure: count === 0 ? null : finite(sum / count), leftOut, events }
    case 'min':
      return { figure: count === 0 ? null : least, leftOut, events }
    case 'max':
      return { figure: count === 0 ? null : most, leftOut, events }
    default:
      return assertNever(which)
  }
}

/** Beyond what a double holds there is no figure. */
const finite = (figure: number): number | null => (Number.isFinite(figure) ? figure : null)

function distinct(column: Column, from: number, to: number): number {
  const simple = new Set<unknown>()
  const composed = new Set<string>()
  for (let i = from; i < to; i += 1) {
    const value = column[i]
    if (value === undefined || value === null) continue
    if (typeof value === 'object') composed.add(JSON.stringify(sorted(value)))
    else simple.add(value)
  }
  return simple.size + composed.size
}

/** Equal for equal JSON, whatever the order of keys. */
function sorted(value: Json): unknown {
  if (value === null || typeof value !== 'object') return value
  if (Array.isArray(value)) return value.map(sorted)
  // As pairs: an object would put keys that are numbers first and take `__proto__` for something else.
  return {
    pairs: Object.keys(value)
      .toSorted()
      .map((key) => [key, sorted(value[key] ?? null)]),
  }
}

const within = (picked: Happened, sliding: Sliding, now: Instant): { from: number; to: number } => ({
  from: countUpTo(picked.times, sliding.after(now)),
  to: countUpTo(picked.times, sliding.until(now)),
})

export function evaluateAggregate(rule: AggregateRule, scope: Facts, now: Instant): Evaluation {
  const sliding = slidingOf(rule.within)
  if (sliding === null) return unreadable(rule)
  const after = sliding.after(now)
  const picked = pick(rule, scope, { after, now })
  const unsteady = isUnsteady(rule.where)
  const at = (when: Instant, events: Happened, column: Column): Figure =>
    figureOf(rule.aggregate, column, within(events, sliding, when))
  const holds = ({ figure }: Figure): boolean => figure !== null && inOrder(rule.op, figure, rule.value)
  const column = columnOf(picked, rule.of, after)
  const found = at(now, picked, column)
  const value = holds(found)
  const later = (when: Instant): Figure => {
    const events = pick(rule, scope, { after, now: when })
    return at(when, events, columnOf(events, rule.of, after))
  }
  const until = scanUntil(now, value, {
    next: (when) =>
      unsteady ? nextMoment(rule, [sliding], { facts: scope, at: when }) : nextMove(picked.times, sliding, when),
    holds: (when) => holds(unsteady ? later(when) : at(when, picked, column)),
  })
  return leaf(rule, value, {
    ...seenFigure(found.figure),
    note: notes(leftOutNote(found, rule.of), boundsNote(rule.within, now)),
    until,
  })
}

const seenFigure = (figure: number | null): { actual: number } | { missing: true } =>
  figure === null ? { missing: true } : { actual: figure }

const leftOutNote = ({ leftOut, events }: Figure, of: string): string | undefined =>
  leftOut === 0 ? undefined : `${leftOut} of ${events} events left out: ${of} is no number`

/** The change against the figure before, in percent of that one. */
function changeOf(figure: number | null, before: number | null): number | null {
  if (figure === null || before === null || before === 0) return null
  return finite(((figure - before) * 100) / before)
}

interface Trend {
  change: number | null
  figure: Figure
  before: Figure
}

export function evaluateTrend(rule: TrendRule, scope: Facts, now: Instant): Evaluation {
  const sliding = slidingOf(rule.within)
  const earlier = slidingBefore(rule.within)
  if (sliding === null || earlier === null) return unreadable(rule)
  const windows = [sliding, earlier]
  const after = earlier.after(now)
  const picked = pick(rule, scope, { after, now })
  const unsteady = isUnsteady(rule.where)
  const columnFor = (events: Happened): Column => (rule.of === undefined ? NO_COLUMN : columnOf(events, rule.of, after))
  const at = (when: Instant, events: Happened, column: Column): Trend => {
    const figure = trendFigure(rule, column, within(events, sliding, when))
    const before = trendFigure(rule, column, within(events, earlier, when))
    return { figure, before, change: changeOf(figure.figure, before.figure) }
  }
  const holds = ({ change }: Trend): boolean => change !== null && inOrder(rule.op, change, rule.value)
  const column = columnFor(picked)
  const found = at(now, picked, column)
  const value = holds(found)
  const later = (when: Instant): Trend => {
    const events = pick(rule, scope, { after, now: when })
    return at(when, events, columnFor(events))
  }
  const until = scanUntil(now, value, {
    next: (when) =>
      unsteady
        ? nextMoment(rule, windows, { facts: scope, at: when })
        : soonest([nextMove(picked.times, sliding, when), nextMove(picked.times, earlier, when)]),
    holds: (when) => holds(unsteady ? later(when) : at(when, picked, column)),
  })
  return leaf(rule, value, { ...seenFigure(found.change), note: trendNote(rule, found, now), until })
}

const NO_COLUMN: Column = []

function trendFigure(rule: TrendRule, column: Column, range: { from: number; to: number }): Figure {
  const events = Math.max(0, range.to - range.from)
  if (rule.trend === 'count' || rule.of === undefined) return { figure: events, leftOut: 0, events }
  return figureOf(rule.trend, column, range)
}

const trendNote = (rule: TrendRule, { figure, before }: Trend, now: Instant): string | undefined =>
  notes(
    `${figure.figure ?? 'nothing'} against ${before.figure ?? 'nothing'} before`,
    rule.of === undefined ? undefined : leftOutNote(figure, rule.of),
    boundsNote(rule.within, now),
  )
