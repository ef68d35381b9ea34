import { type RawBuilder, sql } from 'kysely'
import type { Instant, Window } from '../../engine/model/rule.ts'
import { type Sliding, slidingOf } from '../../engine/rules/windows.ts'
import { instant } from './bind.ts'
import type { Condition } from './place.ts'

/** Whether a moment lies in the window as it is at `now`; the calendar is read here, never by the database. */
export function inSliding(sliding: Sliding, at: RawBuilder<unknown>, now: Instant): Condition {
  const after = sliding.after(now)
  const until = sql<boolean>`${at} <= ${instant(sliding.until(now))}`
  return Number.isFinite(after) ? sql<boolean>`(${at} > ${instant(after)} AND ${until})` : until
}

/** @returns null where the window is none */
export function withinBounds(window: Window | undefined, at: RawBuilder<unknown>, now: Instant): Condition | null {
  const sliding = slidingOf(window)
  return sliding === null ? null : inSliding(sliding, at, now)
}
