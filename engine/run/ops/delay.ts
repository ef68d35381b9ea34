import type { Fault } from '../../../nodes/fault.ts'
import type { Json } from '../../../nodes/manifest.ts'
import { assertNever } from '../../model/assert-never.ts'
import { minuteOfDay, nextOpen, nextTimeOfDay } from '../../model/business-hours.ts'
import { inYearsOfData, isZone, localTime, momentOf } from '../../model/calendar.ts'
import { DAY, MINUTE } from '../../model/duration.ts'
import { isDateAlone, parseInstant } from '../../model/instant.ts'
import type { Delay, ZoneSource } from '../../model/plan.ts'
import type { Instant } from '../../model/rule.ts'
import { readRulePath } from '../../rules/evaluate.ts'
import { completeStep, failStep, scopeOf, waitFor } from '../draft.ts'
import type { Op } from './op.ts'

/** A time, until a moment, or until it is open. */
export const delay: Op<'delay'> = {
  begin: (draft, step, id) => {
    const read = (path: string) => readRulePath(path, scopeOf(draft.state, id))
    const zone = zoneOf(step.delay, { read, ours: draft.state.facts.timeZone })
    const due = dueOf(step.delay, { at: draft.at, read, zone: zone.name })
    const say = (text: string) =>
      draft.notes.push({ step: id, text: zone.note === null ? text : `${text}. ${zone.note}` })
    if (due.kind === 'fault') {
      say(due.fault.message)
      return failStep(draft, id, due.fault)
    }
    if (due.kind === 'goOn' || due.until <= draft.at) {
      say(due.kind === 'goOn' ? due.text : 'Its time had already come')
      return completeStep(draft, id)
    }
    if (zone.note !== null) draft.notes.push({ step: id, text: zone.note })
    waitFor(draft, id, { until: due.until })
  },
}

type Due = { kind: 'at'; until: Instant } | { kind: 'goOn'; text: string } | { kind: 'fault'; fault: Fault }

interface Place {
  at: Instant
  read: (path: string) => Json | undefined
  /** Null where the delay names none. */
  zone: string | null
}

type Dated = Delay & { mode: 'untilDate' }

/** `note`: which zone it is, where the plan alone does not say so. */
interface ZoneFound {
  name: string | null
  note: string | null
}

/** @param from.ours the workspace's, where the facts have it */
function zoneOf(delay: Delay, { read, ours }: { read: Place['read']; ours: string | undefined }): ZoneFound {
  const source: ZoneSource | undefined = delay.mode === 'for' ? undefined : delay.zone
  if (source === undefined) return { name: null, note: null }
  if ('name' in source) {
    if (source.name !== null) return { name: source.name, note: null }
    const found = workspaceZone(ours)
    return { name: found.name, note: readsClock(delay, read) ? `It goes by ${found.words}` : null }
  }
  const found = read(source.property)
  if (typeof found === 'string' && isZone(found)) return { name: found, note: null }
  const what =
    found === undefined || found === null ? 'is missing' : `holds ${JSON.stringify(found)}, which is no time zone`
  const other = source.else === null ? workspaceZone(ours) : { name: source.else, words: source.else }
  return { name: other.name, note: `${source.property} ${what}: it goes by ${other.words}` }
}

/** Facts of before the workspace's was read with them do not have it, such as those of an old test case. */
const workspaceZone = (ours: string | undefined): { name: string; words: string } =>
  ours === undefined
    ? { name: 'UTC', words: 'UTC, because what is known does not tell the time zone of the workspace' }
    : { name: ours, words: `${ours}, the time zone of the workspace` }

/** Whether the moment hangs on a zone: one that is given as a moment does not. */
const readsClock = (delay: Delay, read: Place['read']): boolean =>
  delay.mode !== 'untilDate' || delay.time !== undefined || isDateAlone(read(delay.property))

function dueOf(delay: Delay, place: Place): Due {
  const { at } = place
  const zone = place.zone ?? 'UTC'
  switch (delay.mode) {
    case 'for':
      return { kind: 'at', until: at + delay.ms }
    case 'untilDate':
      return dateOf(delay, place)
    case 'untilTime': {
      const until = nextTimeOfDay(at, { ...delay, zone })
      return until === null ? never('It names no day of the week.') : { kind: 'at', until }
    }
    case 'hours': {
      const until = nextOpen(at, { ...delay, zone })
      if (until === at) return { kind: 'goOn', text: 'It is open' }
      return until === null ? never('It is never open.') : { kind: 'at', until }
    }
    default:
      return assertNever(delay)
  }
}

function dateOf(delay: Dated, { at, read, zone }: Place): Due {
  const found = read(delay.property)
  const date = parseInstant(found)
  if (date !== null) {
    const longest = delay.maxWaitMs === undefined ? Number.POSITIVE_INFINITY : at + delay.maxWaitMs
    // A date of no such year (0001-01-01 stands for none in some systems) is as far off in any zone.
    const plain = zone === null || !inYearsOfData(date)
    const until = plain ? date + delay.offsetMs : inZone(delay, { date, alone: isDateAlone(found), zone })
    return { kind: 'at', until: Math.min(until, longest) }
  }
  if (found === undefined || found === null) {
    if (delay.missing === 'skip') return { kind: 'goOn', text: `${delay.property} is missing, so there is no wait` }
    return { kind: 'fault', fault: badDate(`${delay.property} is missing.`, delay.property) }
  }
  return { kind: 'fault', fault: badDate(`${delay.property} holds ${JSON.stringify(found)}, no date.`, delay.property) }
}

/**
 * The offset from a date alone goes by the clocks, so that three days before 30 March is 27 March although one of them
 * has 23 hours; from a moment it is that long, unless it is the day alone that is asked for.
 */
function inZone(delay: Dated, { date, alone, zone }: { date: Instant; alone: boolean; zone: string }): Instant {
  const local = (alone ? date : localTime(zone, date)) + delay.offsetMs
  if (delay.time === undefined) return alone ? momentOf(zone, local) : date + delay.offsetMs
  return momentOf(zone, Math.floor(local / DAY) * DAY + minuteOfDay(delay.time) * MINUTE)
}

const never = (message: string): Due => ({
  kind: 'fault',
  fault: {
    code: 'INVALID_INPUT',
    who: 'user',
    message,
    fix: 'Name a day of the week in the step and publish it; this run can be let go on by leaving the step out.',
  },
})

const badDate = (message: string, property: string): Fault => ({
  code: 'INVALID_INPUT',
  who: 'user',
  message,
  fix: `Give ${property} a date (2026-03-01), a date-time with its zone or unix seconds, then retry the run.`,
})
