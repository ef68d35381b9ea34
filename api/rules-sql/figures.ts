import { type RawBuilder, sql } from 'kysely'
import { assertNever } from '../../engine/model/assert-never.ts'
import type { Aggregate, AggregateRule, TrendRule } from '../../engine/model/rule.ts'
import { inOrder } from '../../engine/rules/compare.ts'
import { slidingBefore, slidingOf } from '../../engine/rules/windows.ts'
import { double, inOrderSql } from './bind.ts'
import { BY_TIME, eventProperty, eventRows, isChosen, ownerOf } from './events.ts'
import { both, type Condition, either, NO, type Place, type Value, wholeGroup } from './place.ts'
import { inSliding } from './windows.ts'

/**
 * Figures over events as JavaScript gets them: doubles, added one after the other in the same order (`rule_sum`, which
 * knows an infinite sum where Postgres would refuse). Beyond what a double holds there is no figure.
 */

/** The property of an event where it is a number; of others NULL, which aggregates leave out. */
const numberOf = (value: Value): RawBuilder<number> =>
  sql<number>`CASE jsonb_typeof(${value}) WHEN 'number' THEN (${value})::double precision END`

const sumOf = (number: RawBuilder<number>, when: Condition): RawBuilder<number> =>
  sql<number>`rule_sum(${number} ORDER BY ${BY_TIME}) FILTER (WHERE ${when})`
const countOf = (number: RawBuilder<number>, when: Condition): RawBuilder<number> =>
  sql<number>`count(${number}) FILTER (WHERE ${when})`
/** NULL of nothing. Of a sum that is all but nothing the average is nothing: Postgres refuses what is smaller than any double. */
const averageOf = (number: RawBuilder<number>, when: Condition): RawBuilder<number> =>
  sql<number>`rule_quotient(${sumOf(number, when)}, ${countOf(number, when)}::double precision)`

const isFinite = (figure: RawBuilder<unknown>): Condition =>
  sql<boolean>`(${figure} > '-Infinity'::double precision AND ${figure} < 'Infinity'::double precision)`

export function compileAggregate(rule: AggregateRule, place: Place): Condition {
  const sliding = slidingOf(rule.within)
  if (sliding === null) return NO
  const always = sql<boolean>`true`
  const figure = aggregateOf(rule.aggregate, eventProperty(rule.of), always)
  const holds = sql<boolean>`coalesce(${both([isFinite(figure), inOrderSql(rule.op, figure, double(rule.value))])}, false)`
  const rows = eventRows(place, both([isChosen(rule, place), inSliding(sliding, sql`event.occurred_at`, place.now)]))
  const ofNone = (rule.aggregate === 'sum' || rule.aggregate === 'distinct') && inOrder(rule.op, 0, rule.value)
  return wholeGroup(place, { rows, key: ownerOf(place), ofNone }, holds)
}

function aggregateOf(which: Aggregate, value: Value, when: Condition): RawBuilder<number> {
  switch (which) {
    case 'sum':
      return sumOf(numberOf(value), when)
    case 'average':
      return averageOf(numberOf(value), when)
    case 'min':
      return sql<number>`min(${numberOf(value)})`
    case 'max':
      return sql<number>`max(${numberOf(value)})`
    case 'distinct':
      return sql<number>`count(DISTINCT nullif(${value}, 'null'))::double precision`
    default:
      return assertNever(which)
  }
}

/** The change against the window before, in percent. */
export function compileTrend(rule: TrendRule, place: Place): Condition {
  const sliding = slidingOf(rule.within)
  const earlier = slidingBefore(rule.within)
  if (sliding === null || earlier === null) return NO
  const at = sql`event.occurred_at`
  const [now, before] = [inSliding(sliding, at, place.now), inSliding(earlier, at, place.now)]
  const figure = (when: Condition): RawBuilder<number> => trendFigure(rule, when)
  const change = sql<number>`rule_change(${figure(now)}, ${figure(before)})`
  const holds = sql<boolean>`coalesce(${inOrderSql(rule.op, change, double(rule.value))}, false)`
  const rows = eventRows(place, both([isChosen(rule, place), either([now, before])]))
  return wholeGroup(place, { rows, key: ownerOf(place), ofNone: false }, holds)
}

function trendFigure(rule: TrendRule, when: Condition): RawBuilder<number> {
  if (rule.trend === 'count' || rule.of === undefined)
    return sql<number>`(count(*) FILTER (WHERE ${when}))::double precision`
  const number = numberOf(eventProperty(rule.of))
  return rule.trend === 'sum' ? sumOf(number, when) : averageOf(number, when)
}
