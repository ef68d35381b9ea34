import type { Json } from '../../nodes/manifest.ts'
import { sameJson } from '../model/path.ts'
import type { Aggregate, AggregateRule, Count, TrendRule } from '../model/rule.ts'
import { inOrder } from './compare.ts'
import { evaluate } from './evaluate.ts'
import { type EventValues, pick, readEvent } from './events.ts'
import { describe, eventWords, FIGURE_WORDS, windowWords } from './explain.ts'
import { type Need, withNeed } from './flip-apply.ts'
import { filtered, filteredWith, namedBy } from './flip-example.ts'
import { countsNow, type LeafNeed, more, otherwise, type Wanted } from './flip-wanted.ts'
import { countUpTo, type Sliding, slidingBefore, slidingOf } from './windows.ts'

/** So many new events are looked for where a filter allows none that does it alone. */
const MOST_TOGETHER = 5
const MOST_VALUES = 1_000
const MOST_COUNTED = 100_000

type Figured = AggregateRule | TrendRule

type Seen = Pick<Wanted, 'scope' | 'now'> & { sliding: Sliding }

/** The property of the events in a window. */
function column({ event, where }: Figured, of: string, { scope, now, sliding }: Seen): Json[] {
  const { times, values } = pick(where === undefined ? { event } : { event, where }, scope, {
    after: sliding.after(now),
    now,
  })
  return times
    .map((_, i) => readEvent(values[i], of))
    .slice(countUpTo(times, sliding.after(now)), countUpTo(times, sliding.until(now)))
    .map((value) => value ?? null)
}

const numbersIn = (values: readonly Json[]): number[] =>
  values.filter((value): value is number => typeof value === 'number' && Number.isFinite(value))
const sumOf = (numbers: readonly number[]): number => numbers.reduce((sum, n) => sum + n, 0)

export function aggregateNeed(rule: AggregateRule, wanted: Wanted): LeafNeed {
  const sliding = slidingOf(rule.within)
  if (sliding === null) return otherwise(rule, wanted)
  if (!countsNow(rule.within)) return isOver(rule, wanted)
  const values = column(rule, rule.of, { ...wanted, sliding })
  if (rule.aggregate === 'distinct') return distinctNeed(rule, values, wanted)
  const numbers = numbersIn(values)
  return (
    numberNeed(rule, wanted, {
      of: rule.of,
      figure: rule.aggregate,
      numbers,
      target: rule.value,
      op: wanted.holds ? rule.op : OPPOSITES[rule.op],
      is: isNow(rule.aggregate, numbers),
    }) ?? otherwise(rule, wanted)
  )
}

const isOver = (rule: Figured, wanted: Wanted): LeafNeed => ({
  sentence: `${otherwise(rule, wanted).sentence}: that time is over`,
  need: null,
})

type NumberFigure = Exclude<Aggregate, 'distinct'>
type Bound = Count['op'] | 'ne'

const OPPOSITES = { eq: 'ne', gt: 'lte', gte: 'lt', lt: 'gte', lte: 'gt' } as const satisfies {
  [op in Count['op']]: Bound
}
/** What is asked of a change by a negative number. */
const MIRRORED = { eq: 'eq', ne: 'ne', gt: 'lt', gte: 'lte', lt: 'gt', lte: 'gte' } as const satisfies {
  [op in Bound]: Bound
}
const BOUND_WORDS: { [op in Bound]: string } = {
  eq: 'of',
  ne: 'other than',
  gt: 'above',
  gte: 'of at least',
  lt: 'below',
  lte: 'of at most',
}

interface Asked {
  of: string
  figure: NumberFigure
  /** Of which the figure is now. */
  numbers: number[]
  /** What the figure would have to be. */
  op: Bound
  target: number
  /** What it is, in words. */
  is: string
}

/** New events with a number that takes a figure over its mark; null where none does. */
function numberNeed(rule: Figured, wanted: Wanted, asked: Asked): LeafNeed | null {
  const { now } = wanted
  const bound = boundIn(asked)
  const isNarrow = rule.where?.some(({ property }) => property === asked.of) ?? false
  for (let n = 1; n <= (isNarrow ? MOST_TOGETHER : 1); n += 1) {
    const mark = markOf(asked, n)
    for (const value of [...around(mark), ...namedBy(rule.where, asked.of, now)]) {
      const properties = typeof value === 'number' ? filteredWith(rule.where, { path: asked.of, value }, now) : null
      if (properties === null) continue
      const need: Need = { kind: 'events', events: [{ event: rule.event, more: n, properties }] }
      if (!does(rule, need, wanted)) continue
      const each = n === 1 ? '' : ' each'
      return {
        sentence: `${more(n)} ${eventWords(rule)} with ${asked.of} ${BOUND_WORDS[bound]} ${plain(mark)}${each} (${asked.is})`,
        need,
      }
    }
  }
  return null
}

const does = (rule: Figured, need: Need, { scope, now, holds }: Wanted): boolean =>
  evaluate(rule, withNeed(scope, need, now), now).value === holds

/** The smallest never rises with one more, the largest never falls. */
function boundIn({ figure, op }: Asked): Bound {
  if (op !== 'ne') return op
  return figure === 'min' ? 'lt' : figure === 'max' ? 'gt' : op
}

/** On which side of what number each of `n` new ones would have to be. */
function markOf({ figure, numbers, target }: Asked, n: number): number {
  if (figure === 'sum') return (target - sumOf(numbers)) / n
  return figure === 'average' ? (target * (numbers.length + n) - sumOf(numbers)) / n : target
}

/** Numbers at a mark and on both sides of it; far ones too, as doubles swallow a small difference. */
const around = (mark: number): number[] => {
  const far = Math.abs(mark) / 1e6
  const off = [0, 1, -1, far, -far, Math.abs(mark), -Math.abs(mark), 1e12, -1e12]
  return Number.isFinite(mark) ? [...new Set(off.map((by) => mark + by))] : []
}

/** Without the dust of binary fractions. */
const plain = (number: number): string => String(Number(number.toPrecision(12)))

const IS = { sum: 'the sum is', average: 'the average is', min: 'the smallest is', max: 'the largest is' } as const

function isNow(figure: NumberFigure, numbers: readonly number[]): string {
  const now = figureOf(figure, numbers)
  return now === null ? 'there is none yet' : `${IS[figure]} ${plain(now)}`
}

function figureOf(figure: NumberFigure, numbers: readonly number[]): number | null {
  if (figure === 'sum') return sumOf(numbers)
  if (numbers.length === 0) return null
  if (figure === 'average') return sumOf(numbers) / numbers.length
  return numbers.reduce((a, b) => (figure === 'min' ? Math.min(a, b) : Math.max(a, b)))
}

function distinctNeed(rule: AggregateRule, values: readonly Json[], wanted: Wanted): LeafNeed {
  const known = values.filter((value) => value !== null)
  const { actual } = evaluate(rule, wanted.scope, wanted.now).why
  const different = typeof actual === 'number' ? actual : 0
  let n = 1
  while (n <= MOST_VALUES && inOrder(rule.op, different + n, rule.value) !== wanted.holds) n += 1
  if (n > MOST_VALUES) {
    if (different < rule.value) return otherwise(rule, wanted)
    const name = `${FIGURE_WORDS.distinct} ${rule.of} of ${eventWords(rule)} ${windowWords(rule.within)}`
    return { sentence: `${name}: they are ${different}, which is too many, and none can be undone`, need: null }
  }
  const fresh = freshEvents(rule, { n, known }, wanted)
  const need: Need = {
    kind: 'events',
    events: fresh.map((properties) => ({ event: rule.event, more: 1, properties })),
  }
  const value = n === 1 ? 'a new value' : 'new values, each another one,'
  return {
    sentence: `${more(n)} ${eventWords(rule)} with ${value} of ${rule.of} (${different} different so far)`,
    need: fresh.length === n && does(rule, need, wanted) ? need : null,
  }
}

/** Events that pass the filters, with values that none had; fewer than asked for where the filters allow no more. */
function freshEvents(
  { of, where }: AggregateRule,
  { n, known }: { n: number; known: readonly Json[] },
  { now }: Wanted,
): EventValues[] {
  const steps = Array.from({ length: n + Math.min(known.length, MOST_VALUES) }, (_, i) => i)
  const spoken = namedBy(where, of, now)
  const found: Array<{ value: Json; properties: EventValues }> = []
  const candidates = [
    ...spoken,
    ...steps.flatMap((i): Json[] => [
      `another ${i + 1}`,
      ...spoken.flatMap((value): Json[] => {
        if (typeof value === 'number') return [value + i, value - i]
        return typeof value === 'string' ? [value + ' '.repeat(i)] : []
      }),
    ]),
    true,
    false,
  ]
  for (const value of candidates) {
    if (found.length === n) break
    if (value === null || [...known, ...found.map((one) => one.value)].some((other) => sameJson(other, value))) continue
    const properties = filteredWith(where, { path: of, value }, now)
    if (properties !== null) found.push({ value, properties })
  }
  return found.map(({ properties }) => properties)
}

export function trendNeed(rule: TrendRule, wanted: Wanted): LeafNeed {
  const sliding = slidingOf(rule.within)
  const earlier = slidingBefore(rule.within)
  if (sliding === null || earlier === null) return otherwise(rule, wanted)
  if (!countsNow(rule.within)) return isOver(rule, wanted)
  const { trend, of } = rule
  if (trend === 'count' || of === undefined) {
    const counts = [sliding, earlier].map((window) => column(rule, '', { ...wanted, sliding: window }).length)
    return countTrendNeed(rule, { is: counts[0] ?? 0, was: counts[1] ?? 0 }, wanted)
  }
  const [numbers, before] = [sliding, earlier].map((window) =>
    numbersIn(column(rule, of, { ...wanted, sliding: window })),
  )
  const was = figureOf(trend, before ?? [])
  if (was === null || was === 0) return nothingBefore(rule)
  const op = wanted.holds ? rule.op : OPPOSITES[rule.op]
  return (
    numberNeed(rule, wanted, {
      of,
      figure: trend,
      numbers: numbers ?? [],
      target: was * (1 + rule.value / 100),
      op: was < 0 ? MIRRORED[op] : op,
      is: `${isNow(trend, numbers ?? [])}, ${plain(was)} before`,
    }) ?? otherwise(rule, wanted)
  )
}

/** What happens now never comes to lie in the window before. */
const nothingBefore = (rule: TrendRule): LeafNeed => ({
  sentence: `${describe(rule)}: there is nothing before to compare with`,
  need: null,
})

function countTrendNeed(rule: TrendRule, { is, was }: { is: number; was: number }, wanted: Wanted): LeafNeed {
  if (was === 0) return nothingBefore(rule)
  const name = `${eventWords(rule)} ${windowWords(rule.within)}`
  const against = `${is} against ${was} before`
  let n = 1
  while (n <= MOST_COUNTED && inOrder(rule.op, ((is + n - was) * 100) / was, rule.value) !== wanted.holds) n += 1
  if (n > MOST_COUNTED) return { sentence: `${name}: they are ${against}, and more of them do not turn it`, need: null }
  const properties = filtered(rule.where, wanted.now)
  const need: Need | null = properties && { kind: 'events', events: [{ event: rule.event, more: n, properties }] }
  return {
    sentence: `${more(n)} ${name} (${against})`,
    need: need !== null && does(rule, need, wanted) ? need : null,
  }
}
