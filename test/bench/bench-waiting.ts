import { setTimeout as sleep } from 'node:timers/promises'
import { type Instance, startInstance } from '../helpers/instance.ts'
import { cpuMeter, cpuMsOfTrees, residentBytesOfTrees } from './machine.ts'
import { type Product, productOf } from './product.ts'
import { type Figure, percentile, type Report, shown } from './report.ts'
import { growth, postgresSizes, type Sizes, temporalSizes, totalOf } from './store-sizes.ts'
import {
  beginAll,
  type Kind,
  oneAnAccount,
  prepareWaits,
  readRecord,
  type RecordReader,
  sendAll,
  type Slice,
  untilStanding,
  wakers,
  WAITS,
  type Woken,
} from './waiting-runs.ts'

const RUNS = 10_000
/** Of the runs that wait, so many are woken one after the other, and so many more at once, and so many after a kill. */
const STEADY_SHARE = 0.06
const TOGETHER_SHARE = 0.12
const PLAIN_RUNS = 300
const IDLE_MS = 5_000
/** What is left between the last run's arrival at its wait and the first due instant. */
const SPARE_MS = 10_000
/** How much slower the machine may become while runs are begun. */
const SLOWER = 4
const FAR_MS = 30 * 86_400_000
const KILLED_BEFORE_DUE_MS = 3_000

interface Waiting {
  instance: Instance
  product: Product
  record: RecordReader
}

interface Slices {
  rest: Slice
  steady: Slice
  together: Slice
  down: Slice
}

/** Whom the figures of one way of being woken are about. */
interface Latenesses {
  wait: string
  ms: number[]
}

/**
 * (k) Runs that wait, a third each for an instant, an event with a key and a rule: what they cost while they wait, how
 * promptly they are woken one after the other, and how fast when all are woken at once or were while everything was down.
 * @param runs how many wait at once; 10,000 by default
 */
export async function benchWaiting({ runs = RUNS }: { runs?: number }): Promise<Report> {
  const slices = slicesOf(runs)
  const instance = await startInstance({ demo: false, onDisk: true })
  const waiting: Waiting = { instance, product: productOf(instance), record: await readRecord(instance) }
  try {
    const everybody = Object.values(slices).flatMap(({ people }) => people)
    await prepareWaits(waiting.product, everybody.length)
    await plainRate(waiting, { name: 'warm', people: oneAnAccount(everybody.length) })
    const rateBefore = await plainRate(waiting, { name: 'plain before', people: everybody.slice(0, PLAIN_RUNS) })
    say(`${shown(rateBefore)} plain runs/s`)
    const cost = await costOfWaiting(waiting, slices.rest)
    const rate = await plainRate(waiting, { name: 'plain beside', people: everybody.slice(0, PLAIN_RUNS) })
    say(
      `${shown(cost.runs)} wait, begun at ${shown(cost.startedPerSecond)} a second; beside them ${shown(rate)} plain runs/s`,
    )
    const steady = await steadily(waiting, slices.steady, rate)
    say(`woken one after the other; ${shown(steady.idle.residentBytes / 1e9)} GB while all waited`)
    const together = await allAtOnce(waiting, slices.together, rate)
    say(`woken all at once: ${shown(together)} runs/s`)
    const down = await whileDown(waiting, slices.down, rate)
    say(`woken after a kill: ${shown(down.perSecond)} runs/s`)
    await everyOneOnce(waiting, slices)
    return reportOf({ runs, cost, rateBefore, rate, ...steady, together, down })
  } finally {
    await waiting.record.close()
    await waiting.product.close()
    await instance.stop()
  }
}

/** It takes long: who looks on sees how far it is. */
const say = (text: string): void => console.log(`  … ${text}`)

/** Where the time went, in ms of CPU a run. */
const sayCpu = (parts: { [name: string]: number }, runs: number): void =>
  say(
    `ms of CPU a run: ${Object.entries(parts)
      .map(([name, ms]) => `${name} ${shown(Math.round((ms / runs) * 10) / 10)}`)
      .join(' + ')}`,
  )

/** Three runs a person. Nobody is in two slices: what wakes a run wakes no other. */
function slicesOf(runs: number): Slices {
  let next = 0
  const slice = (name: string, wanted: number): Slice => {
    const people = Array.from({ length: Math.max(1, Math.round(wanted / WAITS.length)) }, (_, i) => next + i)
    next += people.length
    return { name, people }
  }
  return {
    rest: slice('rest', runs * (1 - STEADY_SHARE)),
    steady: slice('steady', runs * STEADY_SHARE),
    together: slice('together', runs * TOGETHER_SHARE),
    down: slice('down', runs * TOGETHER_SHARE),
  }
}

/** Runs a second that wait for nothing, begun at once, from the first event to the last end. */
async function plainRate({ instance, product, record }: Waiting, slice: Slice): Promise<number> {
  const began = Date.now()
  const cpu = cpuMeter(instance.pids)
  await beginAll(product, record, { slice, kinds: ['plain'], dueOf: () => 0, atOnce: true })
  sayCpu(cpu(), slice.people.length)
  return perSecond(began, await record.woken(slice.name))
}

interface Cost {
  runs: number
  postgres: ReturnType<typeof growth>
  temporal: ReturnType<typeof growth>
  startedPerSecond: number
}

async function costOfWaiting({ instance, product, record }: Waiting, slice: Slice): Promise<Cost> {
  const sizes = async (): Promise<[Sizes, Sizes]> => [
    await postgresSizes(record.client),
    temporalSizes(instance.dataDir),
  ]
  const [postgres, temporal] = await sizes()
  const began = performance.now()
  const due = Date.now() + FAR_MS
  await beginAll(product, record, { slice, kinds: WAITS, dueOf: () => due })
  const seconds = (performance.now() - began) / 1000
  const [postgresAfter, temporalAfter] = await sizes()
  const runs = slice.people.length * WAITS.length
  return {
    runs,
    postgres: growth(postgres, postgresAfter),
    temporal: growth(temporal, temporalAfter),
    startedPerSecond: runs / seconds,
  }
}

interface Idle {
  residentBytes: number
  /** Of one core. */
  cpuShare: number
  parts: string[]
}

async function idleCost({ instance }: Waiting): Promise<Idle> {
  const pids = instance.pids()
  const all = () => cpuMsOfTrees(Object.values(pids))
  const cpu = all()
  await sleep(IDLE_MS)
  const cpuShare = (all() - cpu) / IDLE_MS
  const { supervisor = 0, ...others } = pids
  const parts = Object.entries(others).map(([name, pid]) => [name, residentBytesOfTrees([pid])] as const)
  const residentBytes = residentBytesOfTrees([supervisor])
  return { residentBytes, cpuShare, parts: parts.map(([name, bytes]) => `${name} ${shown(Math.round(bytes / 1e6))}`) }
}

/** The slice's runs that wait for an instant are begun last: how long that takes says when the first of them is due. */
async function beginDue(waiting: Waiting, given: { slice: Slice; rate: number; apartMs: number }): Promise<number> {
  const { product, record } = waiting
  const { slice, rate, apartMs } = given
  const dueOf = () => 0
  await beginAll(product, record, { slice, kinds: ['event', 'rule'], dueOf })
  const first = Math.ceil(Date.now() + SPARE_MS + IDLE_MS + (SLOWER * slice.people.length * 1000) / rate)
  await beginAll(product, record, { slice, kinds: ['time'], dueOf: (place) => first + place * apartMs })
  return first
}

async function until(instant: number): Promise<void> {
  const left = instant - Date.now()
  if (left < 0) throw new Error(`It took ${shown(-left)} ms too long to begin the runs: the machine has become slower.`)
  await sleep(left)
}

/** Dues, events and changes, one kind in turn with the others, together half as many a second as there could be runs. */
async function steadily(waiting: Waiting, slice: Slice, rate: number) {
  const { product, record } = waiting
  const apartMs = (WAITS.length * 1000) / (rate / 2)
  const first = await beginDue(waiting, { slice, rate, apartMs })
  const idle = await idleCost(waiting)
  const sentAt = new Map<string, number>()
  const dueAt = (place: number, kind: Kind) => first + (place + WAITS.indexOf(kind as never) / WAITS.length) * apartMs
  const sending: Promise<void>[] = []
  for (const [place, person] of slice.people.entries())
    for (const wait of ['event', 'rule'] as const) {
      await until(dueAt(place, wait))
      sentAt.set(`${wait} ${person}`, Date.now())
      sending.push(sendAll(product, wakers([person], wait)))
    }
  await Promise.all(sending)
  await untilStanding(record, slice.name, ({ all, ended }) => ended === all)
  const woken = await record.woken(slice.name)
  const late = ({ kind, person, wokenAt }: Woken): number => {
    const due = kind === 'time' ? dueAt(slice.people.indexOf(person), 'time') : sentAt.get(`${kind} ${person}`)
    return (wokenAt ?? Number.NaN) - (due ?? Number.NaN)
  }
  const lateness: Latenesses[] = WAITS.map((wait) => ({
    wait,
    ms: woken.filter(({ kind }) => kind === wait).map(late),
  }))
  return { idle, lateness }
}

/** @returns runs a second, from the instant at which all are due to the last end */
async function allAtOnce(waiting: Waiting, slice: Slice, rate: number): Promise<number> {
  const { instance, product, record } = waiting
  const due = await beginDue(waiting, { slice, rate, apartMs: 0 })
  await until(due)
  const cpu = cpuMeter(instance.pids)
  await sendAll(product, [...wakers(slice.people, 'event'), ...wakers(slice.people, 'rule')])
  await untilStanding(record, slice.name, ({ all, ended }) => ended === all)
  sayCpu(cpu(), slice.people.length * WAITS.length)
  return perSecond(due, await record.woken(slice.name))
}

interface Down {
  perSecond: number
  /** Runs that were woken by what came before the kill, and after which the rest was. */
  before: number
  after: number
  readySeconds: number
}

/** What wakes the runs is accepted, then everything is killed; the instants that others wait for pass meanwhile. */
async function whileDown(waiting: Waiting, slice: Slice, rate: number): Promise<Down> {
  const { instance, product, record } = waiting
  const due = await beginDue(waiting, { slice, rate, apartMs: 0 })
  await until(due - KILLED_BEFORE_DUE_MS)
  await sendAll(product, [...wakers(slice.people, 'event'), ...wakers(slice.people, 'rule')])
  await record.close()
  await product.close()
  const { supervisor = 0, ...others } = instance.pids()
  // First the one who would start the others again.
  for (const pid of [supervisor, ...Object.values(others)]) process.kill(pid, 'SIGKILL')
  const killedAt = Date.now()
  await sleep(Math.max(0, due + 1000 - Date.now()))
  const began = Date.now()
  await instance.startAgain()
  const readyAt = Date.now()
  waiting.product = productOf(instance)
  waiting.record = await readRecord(instance)
  const cpu = cpuMeter(instance.pids)
  await untilStanding(waiting.record, slice.name, ({ all, ended }) => ended === all)
  const woken = await waiting.record.woken(slice.name)
  const after = woken.filter(({ endedAt }) => (endedAt ?? Number.NaN) > killedAt)
  sayCpu(cpu(), after.length)
  return {
    perSecond: perSecond(readyAt, after),
    before: woken.length - after.length,
    after: after.length,
    readySeconds: (readyAt - began) / 1000,
  }
}

const perSecond = (from: number, woken: Woken[]): number =>
  woken.length / ((Math.max(...woken.map(({ endedAt }) => endedAt ?? Number.NaN)) - from) / 1000)

/** @throws Error naming what is missing, twice there or still to come */
async function everyOneOnce({ product, record }: Waiting, slices: Slices): Promise<void> {
  const { data } = await product.sandbox<{ data: Array<{ Name: string }> }>('GET', 'salesforce/records/Opportunity')
  const made = new Map<string, number>()
  for (const { Name } of data) made.set(Name, (made.get(Name) ?? 0) + 1)
  const wrong: string[] = []
  for (const slice of Object.values(slices)) {
    const wanted = slice === slices.rest ? 0 : 1
    for (const person of slice.people)
      for (const kind of WAITS) {
        const name = `${kind} ${slice.name} ${person}`
        const times = made.get(name) ?? 0
        if (times !== wanted) wrong.push(`“${name}” was written ${times} times`)
      }
    const { all, waiting, ended } = await record.standing(slice.name)
    const [count, word] = wanted === 0 ? [waiting, 'waiting'] : [ended, 'completed']
    if (count !== all) wrong.push(`of ${all} runs in “${slice.name}” ${count} are ${word}`)
  }
  if (wrong.length > 0)
    throw new Error(`${wrong.length} things are not as they should be: ${wrong.slice(0, 5).join('; ')}.`)
}

interface Found {
  runs: number
  cost: Cost
  rateBefore: number
  rate: number
  idle: Idle
  lateness: Latenesses[]
  together: number
  down: Down
}

function reportOf({ runs, cost, rateBefore, rate, idle, lateness, together, down }: Found): Report {
  const all = lateness.flatMap(({ ms }) => ms)
  const each = (grown: Cost['postgres']) => totalOf(grown) / cost.runs / 1024
  const words = (grown: Cost['postgres']) =>
    grown.slice(0, 12).map(({ table, bytes }) => `${table} ${shown(Math.round(bytes / cost.runs))}`)
  const figures: Figure[] = [
    { name: 'a waiting run in Postgres', value: each(cost.postgres), unit: 'KiB', goal: { atMost: 10 } },
    { name: 'a waiting run in Temporal’s file', value: each(cost.temporal), unit: 'KiB', goal: { atMost: 10 } },
    {
      name: `memory of all processes, ${shown(runs)} waiting`,
      value: idle.residentBytes / 1e9,
      unit: 'GB',
      goal: { atMost: 1.5 },
    },
    { name: 'CPU while all wait', value: idle.cpuShare * 100, unit: '% of a core' },
    { name: 'woken late, p50', value: percentile(all, 0.5), unit: 'ms' },
    { name: 'woken late, p95', value: percentile(all, 0.95), unit: 'ms' },
    { name: 'woken late, at most', value: percentile(all, 1), unit: 'ms', goal: { atMost: 1000 } },
    {
      name: 'all at once, against plain runs',
      value: together / rate,
      unit: '×',
      goal: { atLeast: 0.95 },
      note: `${shown(together)} runs/s`,
    },
    {
      name: 'after a kill of everything, against plain runs',
      value: down.perSecond / rate,
      unit: '×',
      goal: { atLeast: 0.95 },
      note: `${shown(down.perSecond)} runs/s`,
    },
  ]
  return {
    title: `(k) ${shown(runs)} runs that wait, a third each for an instant, an event with a key and a rule; each is woken once and writes once`,
    figures,
    details: [
      `  plain runs: ${shown(rateBefore)} runs/s before any waited, ${shown(rate)} runs/s beside them; ${shown(cost.startedPerSecond)} runs/s came to their wait`,
      ...lateness.map(
        ({ wait, ms }) =>
          `  ${wait}, ${ms.length} runs at ${shown(rate / 2)} a second in all: p50 ${shown(percentile(ms, 0.5))}, p95 ${shown(percentile(ms, 0.95))}, at most ${shown(percentile(ms, 1))} ms late`,
      ),
      `  killed: ${down.before} runs had ended, ${down.after} ended after; ready ${shown(down.readySeconds)} s after the start`,
      `  MB: ${idle.parts.join(' + ')}`,
      `  bytes a run in Postgres: ${words(cost.postgres).join(', ')}`,
      `  bytes a run in Temporal’s file: ${words(cost.temporal).join(', ')}`,
    ],
  }
}
