import { randomUUID } from 'node:crypto'
import type { PlaybookDocument } from '../../engine/model/playbook.ts'
import { startInstance } from '../helpers/instance.ts'
import { cpuMeter, cpuSum } from './machine.ts'
import { inLanes, type Product, productOf } from './product.ts'
import { type Figure, type Report, shown } from './report.ts'

const SUBJECTS = 200
const FEW = 10
const MANY = 1000
const SINGLES = 4000
const SINGLE_LANES = 50
const BATCHES = 200
const BATCH_SIZE = 100
const BATCH_LANES = 4
/** At once, while playbooks are published. */
const PUBLISH_LANES = 4

interface Rates {
  /** Events a second from the first call to the last one worked through by the dispatcher. */
  worked: number
  /** Events a second acknowledged, which is after their commit. */
  accepted: number
  /** Milliseconds of CPU of all processes, an event. */
  cpuMs: number
}

/**
 * (c) Events that match no playbook: half of a name that nobody listens to, half of one whose playbook's own rule
 * refuses them. An event counts when it has been worked through, not when it is accepted.
 */
export async function benchUnmatched(): Promise<Report> {
  const instance = await startInstance({ demo: false, onDisk: true })
  const product = productOf(instance)
  try {
    await prepare(product)
    await publish(product, 0, FEW)
    await singles(product, SINGLES / 4)
    // 10, 1,000, 10: what the machine does besides drifts, and the mean of the outer two drifts with it.
    const few = [await measure(product)]
    await publish(product, FEW, MANY)
    const many = await measure(product)
    await archive(product, FEW, MANY)
    few.push(await measure(product))
    const started = await product.rest<{ data: unknown[] }>('GET', '/v1/runs')
    if (started.data.length > 0) throw new Error('An event that was to match nothing started a run.')
    return reportOf(few, many)
  } finally {
    await product.close()
    await instance.stop()
  }
}

interface Both {
  singles: Rates
  batches: Rates
}

async function measure(product: Product): Promise<Both> {
  return { singles: await singles(product, SINGLES), batches: await batches(product) }
}

async function prepare(product: Product): Promise<void> {
  const batch = Array.from({ length: SUBJECTS }, (_, i) => ({
    type: 'identify',
    userId: `person-${i}`,
    traits: { email: `person-${i}@bench.example`, seats: i },
  }))
  await product.rest('POST', '/v1/batch', { batch })
  await product.untilDispatched()
}

function documentOf(i: number): PlaybookDocument {
  const event = `Listened To ${i}`
  return {
    name: `Bench listener ${i}`,
    subject: 'contact',
    enrollment: { reentry: { policy: 'every' }, exit: [], goal: null },
    steps: [
      {
        id: 'start',
        type: 'trigger.event',
        input: { event, where: { property: 'trigger.properties.seats', op: 'gt', value: 100 } },
      },
      { id: 'over', type: 'flow.exit', input: { reason: 'Over' } },
    ],
    edges: [['start', 'over']],
  }
}

const range = (from: number, to: number): number[] => Array.from({ length: to - from }, (_, i) => from + i)

const publish = (product: Product, from: number, to: number): Promise<void> =>
  inLanes(range(from, to), PUBLISH_LANES, (i) => product.publish(`bench-listener-${i}`, documentOf(i)))

const archive = (product: Product, from: number, to: number): Promise<void> =>
  inLanes(range(from, to), PUBLISH_LANES, (i) => product.rest('POST', `/v1/playbooks/bench-listener-${i}/archive`, {}))

const eventOf = (i: number) => ({
  messageId: randomUUID(),
  userId: `person-${i % SUBJECTS}`,
  event: i % 2 === 0 ? `Listened To ${i % FEW}` : `Nobody Listens ${i % 20}`,
  properties: { seats: i % 100, plan: 'team', source: 'bench' },
})

async function singles(product: Product, count: number): Promise<Rates> {
  const events = range(0, count).map(eventOf)
  const send = async (event: (typeof events)[number]) => expectOk(await product.send('/v1/track', event), '/v1/track')
  return timed(product, count, () => inLanes(events, SINGLE_LANES, send))
}

async function batches(product: Product): Promise<Rates> {
  const bodies = range(0, BATCHES).map((n) => ({
    batch: range(n * BATCH_SIZE, (n + 1) * BATCH_SIZE).map((i) => ({ type: 'track', ...eventOf(i) })),
  }))
  const send = async (body: (typeof bodies)[number]) => expectOk(await product.send('/v1/batch', body), '/v1/batch')
  return timed(product, BATCHES * BATCH_SIZE, () => inLanes(bodies, BATCH_LANES, send))
}

function expectOk(status: number, path: string): void {
  if (status !== 200) throw new Error(`POST ${path} answered ${status}.`)
}

async function timed(product: Product, count: number, work: () => Promise<void>): Promise<Rates> {
  const cpu = cpuMeter(product.instance.pids)
  const began = performance.now()
  await work()
  const accepted = performance.now() - began
  await product.untilDispatched()
  const worked = performance.now() - began
  const cpuMs = cpuSum(cpu()) / count
  return { accepted: (count / accepted) * 1000, worked: (count / worked) * 1000, cpuMs }
}

function reportOf(few: readonly Both[], many: Both): Report {
  const mean = (pick: (both: Both) => number) => few.reduce((sum, both) => sum + pick(both), 0) / few.length
  const n8n: Pick<Figure, 'n8n' | 'n8nTuned'> = { n8n: [20, 21], n8nTuned: [69, 73] }
  const rows = (['singles', 'batches'] as const).flatMap((way): Figure[] => {
    const words = way === 'singles' ? 'single calls' : `batches of ${BATCH_SIZE}`
    const goal = { atLeast: way === 'singles' ? 1000 : 5000 }
    const own = mean((both) => both[way].worked)
    return [
      { name: `${words}, ${FEW} playbooks`, value: own, unit: 'events/s', goal, ...n8n },
      { name: `${words}, ${shown(MANY)} playbooks`, value: many[way].worked, unit: 'events/s', goal, ...n8n },
      {
        name: `${words}, slower with ${shown(MANY)} than with ${FEW}`,
        value: own / many[way].worked,
        unit: '×',
        goal: { atMost: 1.2 },
      },
    ]
  })
  const lines = [...few, many].map(
    ({ singles: s, batches: b }, i) =>
      `  ${i < few.length ? FEW : shown(MANY)} playbooks: singles accepted ${shown(s.accepted)}/s, worked through ${shown(s.worked)}/s, ${shown(s.cpuMs)} ms CPU each; batches accepted ${shown(b.accepted)}/s, worked through ${shown(b.worked)}/s, ${shown(b.cpuMs)} ms CPU each`,
  )
  return {
    title: `(c) Events that match no playbook: ${shown(SINGLES)} single calls at ${SINGLE_LANES} in flight, ${BATCHES} batches of ${BATCH_SIZE} at ${BATCH_LANES} in flight`,
    figures: rows,
    details: lines,
  }
}
