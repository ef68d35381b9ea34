import type { CalendarWindow, Window } from '../../../engine/model/rule.ts'

/** How a window is chosen: none, a rolling one, periods of a calendar. */
export type WindowKind = 'ever' | 'rolling' | 'calendar'

export const windowKind = (window: Window | undefined): WindowKind =>
  window === undefined ? 'ever' : typeof window === 'string' ? 'rolling' : 'calendar'

/** Of another kind, as near to what it was as can be. */
export function windowOf(kind: WindowKind, zone: string): Window | undefined {
  if (kind === 'ever') return undefined
  return kind === 'rolling' ? 'P30D' : { calendar: 'month', zone }
}

/** Which periods, by how far back the newest lies. */
export type PeriodEnd = 'now' | 'last' | 'ago'

export const periodEnd = ({ ago = 0 }: CalendarWindow): PeriodEnd => (ago === 0 ? 'now' : ago === 1 ? 'last' : 'ago')

/** What stands for itself is left out: one period, the one that runs now. */
export function withPeriod(window: CalendarWindow, change: { count?: number; ago?: number }): CalendarWindow {
  const { count, ago, ...rest } = { ...window, ...change }
  return {
    ...rest,
    ...(count !== undefined && count !== 1 && { count }),
    ...(ago !== undefined && ago !== 0 && { ago }),
  }
}

/** With a window or without one. */
export function withWindow<R extends { within?: Window }>(rule: R, within: Window | undefined): R {
  const { within: _, ...ever } = rule
  return within === undefined ? (ever as R) : { ...rule, within }
}
