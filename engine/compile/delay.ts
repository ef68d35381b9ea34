import type { Json } from '../../nodes/manifest.ts'
import { namedZone } from '../../nodes/time-zone.ts'
import { type OpenWindow, WEEKDAYS, type Weekday } from '../model/business-hours.ts'
import { parseDuration } from '../model/duration.ts'
import type { Delay, ZoneSource } from '../model/plan.ts'
import type { DocumentStep } from '../model/playbook.ts'
import type { Problem } from '../model/problem.ts'
import { stepProblem } from './context.ts'

type Input = { [field: string]: Json }

const isDelay = (step: DocumentStep): boolean => step.type.split('@')[0] === 'flow.delay'

/** What hangs on several fields of a wait. */
export function checkDelay(step: DocumentStep): Problem[] {
  if (!isDelay(step)) return []
  const { mode, time } = step.input
  if (mode === 'openHours') return checkHours(step)
  if (mode !== 'untilTime' || time !== undefined) return []
  const fix = 'Fill in At the time, e.g. 09:00.'
  return [
    stepProblem('INPUT_MISSING', step, { at: 'input.time', field: 'time', message: 'At the time is missing.', fix }),
  ]
}

/** Whether it is a wait that may go by the workspace's clocks. */
export const readsWorkspaceZone = (step: DocumentStep): boolean =>
  isDelay(step) && step.input.mode !== 'for' && namedZone(step.input.zone) === null

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
    const { windows, pauses = [] } = input
    return { mode: 'hours', windows: windows as unknown as OpenWindow[], pauses: pauses as string[], zone }
  }
  if (input.mode === 'untilTime') {
    const days = typeof input.days === 'string' ? DAYS[input.days] : undefined
    return { mode: 'untilTime', time: String(input.time), ...(days && { days }), zone }
  }
  return {
    mode: 'untilDate',
    property: String(input.until),
    offsetMs: lengthOf(input.offset),
    missing: input.missing === 'skip' ? 'skip' : 'fail',
    ...(input.maxWait === undefined ? {} : { maxWaitMs: lengthOf(input.maxWait) }),
    zone,
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

function zoneOf({ zone, zoneFrom }: Input): ZoneSource {
  const name = namedZone(zone)
  return isGiven(zoneFrom) ? { property: zoneFrom, else: name } : { name }
}

/** Milliseconds of a duration that was checked before. */
export function lengthOf(value: Json | undefined): number {
  const parsed = typeof value === 'string' ? parseDuration(value) : null
  return parsed?.ok ? parsed.ms : 0
}
