import type { Json } from '../../nodes/manifest.ts'
import { type OpenWindow, WEEKDAYS, type Weekday } from '../model/business-hours.ts'
import { parseDuration } from '../model/duration.ts'
import type { Delay, ZoneSource } from '../model/plan.ts'
import type { DocumentStep } from '../model/playbook.ts'
import type { Problem } from '../model/problem.ts'
import { stepProblem } from './context.ts'

type Input = { [field: string]: Json }

/** What hangs on several fields of a wait: a time of day means nothing without a zone. */
export function checkDelay(step: DocumentStep): Problem[] {
  if (step.type.split('@')[0] !== 'flow.delay') return []
  const { mode } = step.input
  const missing = (field: 'time' | 'zone', message: string, fix: string): Problem[] =>
    step.input[field] === undefined
      ? [stepProblem('INPUT_MISSING', step, { at: `input.${field}`, field, message, fix })]
      : []
  const choose = 'Choose a time zone, e.g. Europe/Berlin.'
  if (mode === 'untilTime')
    return [
      ...missing('time', 'At the time is missing.', 'Fill in At the time, e.g. 09:00.'),
      ...missing('zone', 'Time zone is missing: a time of day is read by the clock of one.', choose),
    ]
  if (mode === 'openHours')
    return [
      ...missing('zone', 'Time zone is missing: open hours are read by the clock of one.', choose),
      ...checkHours(step),
    ]
  if (mode !== 'untilDate') return []
  if (isGiven(step.input.time))
    return missing('zone', 'Time zone is missing: a time of day is read by the clock of one.', choose)
  if (!isGiven(step.input.zoneFrom)) return []
  return missing('zone', `Time zone is missing: it is taken where ${step.input.zoneFrom} holds none.`, choose)
}

/** What is well written and still no hours. */
function checkHours(step: DocumentStep): Problem[] {
  const { windows } = step.input
  return (Array.isArray(windows) ? windows : []).flatMap((window, i) => {
    const { from, to } = (window ?? {}) as { from?: Json; to?: Json }
    if (from === undefined || from !== to) return []
    return [
      stepProblem('INPUT_INVALID', step, {
        at: `input.windows.${i}.to`,
        field: 'windows',
        message: `It ends when it begins, at ${JSON.stringify(to)}.`,
        fix: 'A whole day is from 00:00 to 24:00.',
      }),
    ]
  })
}

const isGiven = (value: Json | undefined): value is string => typeof value === 'string' && value !== ''

/** Checked before: `checkInput` and `checkDelay` let nothing else through. */
export function delayOf(input: Input): Delay {
  if (input.mode === 'for') return { mode: 'for', ms: lengthOf(input.for) }
  const zone = zoneOf(input)
  if (input.mode === 'openHours') {
    if (zone === null) throw new Error('A wait for open hours has no time zone: it must not be planned.')
    const { windows, pauses = [] } = input
    return { mode: 'hours', windows: windows as unknown as OpenWindow[], pauses: pauses as string[], zone }
  }
  if (input.mode === 'untilTime') {
    if (zone === null) throw new Error('A wait until a time of day has no time zone: it must not be planned.')
    const days = typeof input.days === 'string' ? DAYS[input.days] : undefined
    return { mode: 'untilTime', time: String(input.time), ...(days && { days }), zone }
  }
  return {
    mode: 'untilDate',
    property: String(input.until),
    offsetMs: lengthOf(input.offset),
    missing: input.missing === 'skip' ? 'skip' : 'fail',
    ...(input.maxWait === undefined ? {} : { maxWaitMs: lengthOf(input.maxWait) }),
    ...(zone && { zone }),
    ...(isGiven(input.time) && { time: input.time }),
  }
}

const DAYS: { [name: string]: Weekday[] } = {
  workdays: WEEKDAYS.slice(0, 5),
  weekends: WEEKDAYS.slice(5),
  mondays: ['mon'],
  tuesdays: ['tue'],
  wednesdays: ['wed'],
  thursdays: ['thu'],
  fridays: ['fri'],
  saturdays: ['sat'],
  sundays: ['sun'],
}

function zoneOf({ zone, zoneFrom }: Input): ZoneSource | null {
  if (!isGiven(zone)) return null
  return isGiven(zoneFrom) ? { property: zoneFrom, else: zone } : { name: zone }
}

/** Milliseconds of a duration that was checked before. */
export function lengthOf(value: Json | undefined): number {
  const parsed = typeof value === 'string' ? parseDuration(value) : null
  return parsed?.ok ? parsed.ms : 0
}
