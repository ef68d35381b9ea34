import { setFlagsFromString } from 'node:v8'
import { runInNewContext } from 'node:vm'
import { type Backtest, type Backtested, openBacktest } from '../../engine/backtest/backtest.ts'
import type { Stored } from '../../engine/backtest/stored.ts'
import { renderInput } from '../../engine/expression/render.ts'
import type { Plan, PlanStep } from '../../engine/model/plan.ts'
import { mergeReads, readsOf } from '../../engine/rules/reads.ts'
import { rulesOfStep } from '../../engine/run/rules-of-step.ts'
import { act, branch, delay, exit, join, planOf, trigger } from '../helpers/plans.ts'
import { measureReading } from './backtest-reading.ts'
import { median, type Report, shown } from './report.ts'

const EVENTS = 1_000_000
const PEOPLE = 60_000
/** Every twentieth event enrolls somebody: 5%. */
const ENROLLS = 20
const ROUNDS = 3
const FROM = Date.parse('2026-03-01T00:00:00Z')
const DAY = 86_400_000
const PERIOD = 30 * DAY

interface Measured {
  perSecond: number
  cpuMs: number
  /** Bytes that the backtest itself kept, at the end of the stream. */
  kept: number
  found: Backtested
}

/**
 * (i) A backtest: a stream of stored events, of which 5% enroll somebody, through a playbook of ten steps with three
 * rules and two templates a run. First in memory, one thread; then the same events read from Postgres on this machine.
 */
export async function benchBacktest(): Promise<Report> {
  const events = Array.from({ length: EVENTS }, (_, i) => eventOf(i))
  const measured = Array.from({ length: ROUNDS }, () => measure(events))
  const [first] = measured
  if (first === undefined) throw new Error('Nothing was measured.')
  const { entered, sample } = first.found
  if (entered !== EVENTS / ENROLLS) throw new Error(`${entered} runs began; ${EVENTS / ENROLLS} were to.`)
  const written = first.found.steps.reduce((sum, step) => sum + step.written, 0)
  const rates = measured.map(({ perSecond }) => perSecond)
  const reading = await measureReading({ ...backtest, events: EVENTS, people: PEOPLE, enrolls: ENROLLS, names: NAMES })
  const same = JSON.stringify(reading.found.steps) === JSON.stringify(first.found.steps)
  if (!same) throw new Error('What was read came to other numbers than what was in memory.')
  return {
    title: `(i) Backtest of ${shown(EVENTS)} events, of which 5% enroll: 10 steps, 3 rules and 2 templates a run; median of ${ROUNDS}`,
    figures: [
      {
        name: 'events through the backtest',
        value: median(rates),
        unit: 'events/s',
        goal: { atLeast: 50_000 },
        note: `${shown(Math.round(Math.min(...rates)))}–${shown(Math.round(Math.max(...rates)))}`,
      },
      {
        name: 'by the CPU of all its threads, collector included',
        value: median(measured.map(({ cpuMs }) => (EVENTS / cpuMs) * 1000)),
        unit: 'events/s',
      },
      {
        name: 'stored events through the backtest, with reading them from Postgres',
        value: reading.perSecond,
        unit: 'events/s',
        goal: { atLeast: 20_000 },
        note: `${shown(Math.round(reading.read))} of them are of names the playbook reads; CPU of its thread ${shown(Math.round(reading.cpuMs))} ms of ${shown(Math.round(reading.ms))}`,
      },
      { name: 'kept at the end of the stream', value: median(measured.map(({ kept }) => kept / 2 ** 20)), unit: 'MiB' },
    ],
    details: [
      `  ${shown(entered)} runs entered, ${shown(written)} writes, ${JSON.stringify(first.found.statuses)}, ${sample.length} in the sample`,
    ],
  }
}

function measure(events: readonly Stored[]): Measured {
  const heapBefore = heapUsed()
  const going = openBacktest(backtest)
  for (let i = 0; i < PEOPLE; i += 1) for (const change of propertiesOf(i)) going.take(change)
  const stream = timed(() => {
    for (const event of events) going.take(event)
  })
  const kept = heapUsed() - heapBefore
  const ending = timed(() => going.end())
  return {
    perSecond: (EVENTS / (stream.ms + ending.ms)) * 1000,
    cpuMs: stream.cpuMs + ending.cpuMs,
    kept,
    found: ending.made,
  }
}

function timed<T>(work: () => T): { made: T; ms: number; cpuMs: number } {
  const cpu = process.cpuUsage()
  const began = performance.now()
  const made = work()
  const ms = performance.now() - began
  const { user, system } = process.cpuUsage(cpu)
  return { made, ms, cpuMs: (user + system) / 1000 }
}

setFlagsFromString('--expose-gc')
const collect = runInNewContext('gc') as () => void

function heapUsed(): number {
  collect()
  return process.memoryUsage().heapUsed
}

const NAMES = ['Page Viewed', 'Feature Used', 'Report Opened', 'Feature Used', 'Logged In']

function eventOf(i: number): Stored {
  const enrolls = i % ENROLLS === 0
  const who = enrolls ? i / ENROLLS : (i * 7919) % PEOPLE
  const at = FROM + Math.floor((i * PERIOD) / EVENTS)
  return {
    kind: 'event',
    id: `m-${i}`,
    contactId: `c-${who}`,
    accountId: null,
    name: enrolls ? 'Trial Started' : (NAMES[i % NAMES.length] ?? ''),
    occurredAt: at - (i % 3) * 1000,
    receivedAt: at,
    properties: { plan: 'team', seats: i % 40 },
  }
}

const propertiesOf = (i: number): Stored[] =>
  Object.entries({ email: `person-${i}@bench.example`, name: `Person ${i}`, seats: i % 50 }).map(
    ([property, value]) => ({
      kind: 'change',
      subject: 'contact',
      subjectId: `c-${i}`,
      property,
      value,
      receivedAt: FROM - DAY,
    }),
  )

const drawn = planOf([
  { ...trigger('start', ['find']), op: 'trigger', type: 'trigger.event@1', input: { event: 'Trial Started' } },
  { ...act('find', ['first-days']), keeps: true, input: { email: '{{ contact.email }}' } },
  delay('first-days', { mode: 'for', ms: 3 * DAY }, ['used']),
  branch('used', [{ port: 'yes', if: { event: 'Feature Used', count: { op: 'gte', value: 2 }, within: 'P7D' } }], {
    yes: ['big'],
    else: ['big'],
  }),
  branch('big', [{ port: 'yes', if: { property: 'contact.seats', op: 'gt', value: 25 } }], {
    yes: ['wait'],
    else: ['open'],
  }),
  delay('wait', { mode: 'for', ms: DAY }, ['open']),
  join('open', { wait: 'all', losers: [] }, ['stage']),
  branch('stage', [{ port: 'won', if: { property: 'steps.find.stage', op: 'eq', value: 'won' } }], {
    won: ['gone'],
    else: ['mail'],
  }),
  exit('gone', 'won already'),
  mail(),
])
const rules = drawn.steps.flatMap(rulesOfStep)

const plan: Plan = {
  ...drawn,
  enrollment: { reentry: { policy: 'once' }, exit: [], goal: null },
  reads: mergeReads([{ ...drawn.reads, properties: ['contact.email', 'contact.name'] }, ...rules.map(readsOf)]),
  watches: true,
}

function mail(): PlanStep {
  const text = 'Hello {{ contact.name }}, {{ steps.find.owner }} wrote this.'
  return { ...act('mail'), readsSteps: ['find'], input: { text } }
}

const backtest: Backtest = {
  plan,
  from: FROM,
  until: FROM + PERIOD,
  answer: () => ({ output: { id: '006', stage: 'open', owner: 'Grace' } }),
  render: renderInput,
}
