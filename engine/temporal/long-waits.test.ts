import type { TestWorkflowEnvironment } from '@temporalio/testing'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { chain, wait, write } from '../../test/helpers/chain-plan.ts'
import { createShell, type Shell } from '../../test/helpers/durable-shell.ts'
import { onTimeSkipping, timeSkippingEnvironment } from '../../test/helpers/temporal.ts'
import { DAY, HOUR } from '../model/duration.ts'
import { ITEM_PORT, type Plan, type PlanStep } from '../model/plan.ts'
import type { RunInput } from '../model/run.ts'
import type { RunRef } from '../ports.ts'
import { replay } from '../run/view.ts'

let environment: TestWorkflowEnvironment
let shell: Shell
beforeAll(async () => {
  environment = await timeSkippingEnvironment()
  shell = await createShell({}, { on: onTimeSkipping(environment) })
}, 60_000)
afterAll(async () => {
  await shell.close()
  await environment.teardown()
})

/** The server's time goes on by seconds while nothing waits for it; it never rings early. */
const LATE_MS = 60_000

/** When the sleeps of the run ended, by the record. */
async function woken(run: RunRef): Promise<number[]> {
  await shell.ended(run)
  return (await shell.inputs(run)).flatMap((input) => (input.kind === 'due' ? [input.at] : []))
}

function isAt(found: number | undefined, wanted: string | number): void {
  const instant = typeof wanted === 'number' ? wanted : Date.parse(wanted)
  expect(new Date(found ?? 0).toISOString()).toBe(
    new Date(Math.min(Math.max(found ?? 0, instant), instant + LATE_MS)).toISOString(),
  )
}

const delay = (id: string, given: (PlanStep & { op: 'delay' })['delay']) => ({ id, op: 'delay' as const, delay: given })

describe('a run that sleeps for long', () => {
  it('wakes after 45 days', async () => {
    const run = await shell.start(chain(wait('pause', 45 * DAY), write('a')))
    const [at] = await woken(run)
    const [start] = await shell.inputs(run)
    isAt(at, (start?.at ?? 0) + 45 * DAY)
    expect(shell.outside.written.map(({ text }) => text)).toContain('a')
  })

  it('wakes at nine by the clocks of two zones, before and after each changed them', async () => {
    const year = new Date(await environment.currentTimeMs()).getUTCFullYear() + 1
    const { newYork, berlin } = changesOf(year)
    const nine = (zone: string) => ({ mode: 'untilTime' as const, time: '09:00', zone: { name: zone } })
    const onDay = (property: string) => ({ mode: 'untilDate', property, offsetMs: 0, missing: 'fail' }) as const
    const plan = (zone: string) =>
      chain(delay('eve', onDay('trigger.eve')), delay('before', nine(zone)), delay('after', nine(zone)))
    const there = await shell.start(plan('America/New_York'), { eve: `${newYork.eve}T12:00:00Z` })
    const here = await shell.start(plan('Europe/Berlin'), { eve: `${berlin.eve}T05:00:00Z` })
    const [, beforeThere, afterThere] = await woken(there)
    // 09:00 is 14:00 UTC in winter and 13:00 in summer.
    isAt(beforeThere, `${newYork.eve}T14:00:00Z`)
    isAt(afterThere, `${newYork.day}T13:00:00Z`)
    expect(Math.round(((afterThere ?? 0) - (beforeThere ?? 0)) / HOUR)).toBe(23)
    const [, beforeHere, afterHere] = await woken(here)
    isAt(beforeHere, `${berlin.eve}T08:00:00Z`)
    isAt(afterHere, `${berlin.day}T07:00:00Z`)
  })

  it('goes on within a window across midnight, and otherwise when the next one opens', async () => {
    const night = delay('night', {
      mode: 'hours',
      windows: [{ days: ['fri'], from: '22:00', to: '02:00' }],
      pauses: [],
      zone: { name: 'Europe/Berlin' },
    })
    const at = (property: string) => ({ mode: 'untilDate', property, offsetMs: 0, missing: 'fail' }) as const
    const plan = chain(delay('to', at('trigger.to')), night, write('open'))
    const friday = nextFriday(await environment.currentTimeMs())
    // Soon after midnight in Berlin is still Friday's window; past three it is not, and the run waits for the next Friday.
    const inside = await shell.start(plan, { to: new Date(friday + 23 * HOUR).toISOString() })
    const outside = await shell.start(plan, { to: new Date(friday + 26 * HOUR).toISOString() })
    expect(await woken(inside)).toHaveLength(1)
    const [, opened] = await woken(outside)
    const clock = { timeZone: 'Europe/Berlin', weekday: 'short', hour: '2-digit', minute: '2-digit' } as const
    expect(new Intl.DateTimeFormat('en-GB', clock).format(opened)).toBe('Fri 22:00')
  })
})

describe('a run with a long history', () => {
  // start --> orders (each: rest --> tag)
  it('goes on in fresh histories, three times and more, and forgets nothing', async () => {
    const items = Array.from({ length: 32 }, (_, n) => ({ n, text: 'x'.repeat(9000) }))
    const run = await shell.start(listPlan(), { items })
    await shell.ended(run)
    const { state } = replay(listPlan(), await shell.inputs(run))
    expect(state).toMatchObject({ status: 'completed' })
    const dues = (await shell.inputs(run)).filter((input): input is RunInput & { kind: 'due' } => input.kind === 'due')
    expect(dues).toHaveLength(32)
    const keys = shell.outside.written.filter(({ key }) => key.startsWith(run.runId)).map(({ key }) => key)
    expect(new Set(keys).size).toBe(32)
    expect(keys).toContain(`${run.runId}:orders:31.tag:1`)
    expect(await historiesOf(run)).toBeGreaterThan(3)
  })
})

/** A list whose items rest for a day each, one after the other. */
function listPlan(): Plan {
  const plan = chain({
    id: 'orders',
    op: 'each',
    list: 'trigger.items',
    atOnce: 1,
    onItemFailure: 'stop',
    keeps: false,
  })
  const inside = (step: Partial<PlanStep>, from: [string, string], to: string[]): PlanStep =>
    ({
      type: 'x',
      label: 'x',
      within: 'orders',
      in: [{ step: from[0], port: from[1] }],
      out: { next: to },
      ...step,
    }) as PlanStep
  const [start, orders] = plan.steps
  if (start === undefined || orders === undefined) throw new Error('The chain is empty.')
  return {
    ...plan,
    steps: [
      start,
      { ...orders, out: { next: [], [ITEM_PORT]: ['rest'] } },
      inside(wait('rest', DAY), ['orders', ITEM_PORT], ['tag']),
      inside(write('tag', 'natural', 'n{{ item.n }}'), ['rest', 'next'], []),
    ],
  }
}

/** How many histories the run took: each begins where the one before it was continued. */
async function historiesOf({ runId }: RunRef): Promise<number> {
  let count = 0
  const { runId: last } = await environment.client.workflow.getHandle(runId).describe()
  for (let id: string | undefined = last; id !== undefined && id !== ''; ) {
    count += 1
    const history = await environment.client.workflow.getHandle(runId, id).fetchHistory()
    id = history.events?.[0]?.workflowExecutionStartedEventAttributes?.continuedExecutionRunId ?? undefined
  }
  return count
}

/** The Sundays on which clocks go forward: the second of March in New York, the last of March in Berlin. */
function changesOf(year: number) {
  const sundays = Array.from({ length: 31 }, (_, i) => new Date(Date.UTC(year, 2, i + 1))).filter(
    (day) => day.getUTCDay() === 0,
  )
  const of = (day: Date | undefined) => ({
    eve: new Date((day?.getTime() ?? 0) - DAY).toISOString().slice(0, 10),
    day: new Date(day?.getTime() ?? 0).toISOString().slice(0, 10),
  })
  return { newYork: of(sundays[1]), berlin: of(sundays.at(-1)) }
}

/** Midnight UTC of the next Friday but one. */
function nextFriday(now: number): number {
  const today = Math.floor(now / DAY) * DAY
  return today + ((5 - new Date(today).getUTCDay() + 7) % 7) * DAY + 7 * DAY
}
