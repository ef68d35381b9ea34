import { type RawBuilder, sql } from 'kysely'
import type { SequenceRule } from '../../engine/model/rule.ts'
import { durationMs, slidingOf } from '../../engine/rules/windows.ts'
import { eventRows, isChosen, ownerOf } from './events.ts'
import { both, type Condition, either, idOf, NO, ofEverybody, type Place, someRow } from './place.ts'
import { inSliding } from './windows.ts'

/**
 * One after the other. For each event that can be the so-manieth step, the latest first event of a chain that leads to
 * it: a later start is as good for every span. One pass for each step, whatever the number of events.
 */
export function compileSequence(rule: SequenceRule, place: Place): Condition {
  const sliding = slidingOf(rule.within)
  const span = rule.span === undefined ? null : durationMs(rule.span)
  if (sliding === null || (rule.span !== undefined && span === null)) return NO
  const steps = rule.sequence.map((step) => isChosen(step, place))
  const rows = eventRows(place, both([either(steps), inSliding(sliding, sql`event.occurred_at`, place.now)]))
  const whose = place.among === 'few' ? sql`${ownerOf(place)} = ${idOf(place)}` : ofEverybody(place, ownerOf(place))
  const flags = sql.join(steps.map((step, i) => sql`${step} AS ${named('is', i)}`))
  let chains = sql`(SELECT ${ownerOf(place)} AS id, event.occurred_at AS at, ${flags} FROM ${rows} AND ${whose})`
  for (const i of steps.keys()) {
    const start =
      i === 0
        ? sql`chain.at`
        : sql`max(chain.start) OVER (PARTITION BY chain.id ORDER BY chain.at GROUPS BETWEEN UNBOUNDED PRECEDING AND 1 PRECEDING)`
    const later = steps.slice(i + 1).map((_, k) => sql`chain.${named('is', i + 1 + k)}`)
    const columns = sql.join([sql`chain.id`, sql`chain.at`, ...later])
    chains = sql`(SELECT ${columns}, CASE WHEN chain.${named('is', i)} THEN ${start} END AS start FROM ${chains} AS chain)`
  }
  const near = span === null ? sql`` : sql` AND extract(epoch FROM whole.at - whole.start) * 1000 <= ${span}::numeric`
  const whole = sql`${chains} AS whole WHERE whole.start IS NOT NULL${near}`
  return someRow(place, { rows: whole, key: sql`whole.id`, ofNone: false }, sql<boolean>`true`)
}

const named = (what: 'is', i: number): RawBuilder<unknown> => sql`${sql.id(`${what}_${i}`)}`
