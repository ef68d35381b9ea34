import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { parseArgs } from 'node:util'
import { FAIL_POINT_MARK } from '../../bin/fail-points.ts'
import { isMain } from '../helpers/is-main.ts'
import { type Instance, startInstance } from '../helpers/instance.ts'
import { seeded } from '../helpers/random.ts'
import {
  allOver,
  EXPANSION,
  FINAL,
  insist,
  PLACED,
  type Product,
  productOf,
  SHIPMENT,
  SHIPPED,
  sleep,
} from './product.ts'

/**
 * Nothing lost, nothing twice: runs under faults, and runs that wait for an event, while every process is killed again and
 * again.
 * `node test/scenarios/kill.ts --runs 300 --kills 5 --seeds 1,2,3`
 */
export interface KillOptions {
  seed: number
  runs: number
  /** How often each process is killed at least. */
  kills: number
}

export interface KillReport {
  seed: number
  runs: number
  kills: { [process: string]: number }
  /** Deaths of workers by their own hand, by where. */
  failPoints: { [point: string]: number }
  statuses: { [status: string]: number }
  /** Contacts without their tag, and with more than one. */
  untagged: number
  taggedTwice: number
  withoutOpportunity: number
  withSeveralOpportunities: number
  /** Of the runs that wait until their order is shipped. */
  shipped: { statuses: { [status: string]: number }; unheard: number; heardTwice: number }
  reviews: number
  seconds: number
}

const PROCESSES = ['worker', 'api', 'temporal', 'postgres', 'sandbox', 'supervisor']
const AT_ONCE = 20
/** A worker also dies by its own hand, between intent, call, outcome and the end of the workflow task. */
const FAIL_POINTS = 'before-intent:0.002,after-intent:0.002,after-call:0.002,after-outcome:0.002,before-task-end:0.002'

export async function killScenario({ seed, runs, kills }: KillOptions): Promise<KillReport> {
  const random = seeded(seed)
  const startedAt = Date.now()
  const instance = await startInstance({ demo: false, env: { SIGNALBOX_FAIL_POINTS: FAIL_POINTS } })
  try {
    const product = productOf(instance)
    const ids = Array.from({ length: runs }, (_, i) => `s${seed}-u${i}`)
    await insist(() => product.connect())
    await insist(() => product.publish('expansion', EXPANSION))
    await insist(() => product.publish('shipment', SHIPMENT))
    await insist(() => product.customers(ids))
    await setFaults(product, seed)
    const killed = await underFire({ instance, product, ids, order: killOrder(random, kills), random })
    await insist(() => clearFaults(product))
    for (const playbook of ['expansion', 'shipment']) await insist(() => allOver(product, { playbook, runs }), 300_000)
    return {
      ...(await report(product, ids)),
      seed,
      runs,
      kills: killed,
      failPoints: countBy(failPointsIn(instance)),
      seconds: Math.round((Date.now() - startedAt) / 1000),
    }
  } finally {
    await instance.stop()
  }
}

interface Fire {
  instance: Instance
  product: Product
  ids: string[]
  order: string[]
  random: () => number
}

/** Sends the events, 20 under way at once, and kills the next process each time another share of them is through. */
async function underFire({ instance, product, ids, order, random }: Fire): Promise<{ [process: string]: number }> {
  const waiting = [...ids]
  let sent = 0
  const sender = async (): Promise<void> => {
    for (let id = waiting.shift(); id !== undefined; id = waiting.shift()) {
      const subject = id
      await insist(() => product.order(subject, PLACED, subject), 300_000)
      await insist(() => product.track(subject), 300_000)
      // Another order is shipped as well: this run is not to take it for its own.
      for (const order of [`not ${subject}`, subject])
        await insist(() => product.order(subject, SHIPPED, order), 300_000)
      sent += 1
      // The next one when this one is through, or after a while: some wait for a vendor that is down.
      const patience = Date.now() + 4_000
      while (Date.now() < patience && !(await isOver(product, subject))) await sleep(150)
    }
  }
  const sending = Promise.all(Array.from({ length: AT_ONCE }, sender))
  const killed: { [process: string]: number } = {}
  for (const [i, name] of order.entries()) {
    const share = ((i + 1) / (order.length + 1)) * ids.length
    const patience = Date.now() + 5_000
    while (sent < share && Date.now() < patience) await sleep(20)
    await sleep(random() * 400)
    await killOne(instance, name)
    killed[name] = (killed[name] ?? 0) + 1
  }
  await sending
  return killed
}

async function killOne(instance: Instance, name: string): Promise<void> {
  if (name === 'supervisor') {
    instance.kill(name)
    await instance.startAgain()
    return
  }
  // It may be down just now, by its own hand or its server's: it is killed when it is back.
  await insist(() => Promise.resolve(instance.kill(name)))
}

function killOrder(random: () => number, kills: number): string[] {
  const order = PROCESSES.flatMap((name) => Array.from({ length: kills }, () => name))
  for (let i = order.length - 1; i > 0; i -= 1) {
    const j = Math.floor(random() * (i + 1))
    const [a, b] = [order[i] ?? '', order[j] ?? '']
    order[i] = b
    order[j] = a
  }
  return order
}

/** 5% 429, 5% 500, and 2% of answers lost after the work was done. */
async function setFaults(product: Product, seed: number): Promise<void> {
  for (const app of ['intercom', 'salesforce']) {
    const common = { match: { path: `/${app}` }, times: null, seed, when: 'before' }
    await insist(() =>
      product.sandbox('POST', `${app}/faults`, { ...common, rate: 0.05, status: 429, headers: { 'Retry-After': '1' } }),
    )
    await insist(() => product.sandbox('POST', `${app}/faults`, { ...common, seed: seed + 1, rate: 0.05, status: 500 }))
    await insist(() =>
      product.sandbox('POST', `${app}/faults`, { ...common, seed: seed + 2, rate: 0.02, when: 'after', drop: true }),
    )
  }
}

async function clearFaults(product: Product): Promise<void> {
  for (const app of ['intercom', 'salesforce']) await product.sandbox('DELETE', `${app}/faults`)
}

const isOver = async (product: Product, subject: string): Promise<boolean> => {
  try {
    const { data } = await product.api<{ data: Array<{ status: string }> }>('GET', `/v1/runs?subject=${subject}`)
    return data.some(({ status }) => FINAL.has(status))
  } catch {
    // The API is being killed: asked again.
    return false
  }
}

async function report(product: Product, ids: string[]) {
  const statuses = countBy((await product.runs('expansion')).map(({ status }) => status))
  const tags = countBy(await product.tagged())
  const opportunities = countBy(await product.opportunities())
  const { data: reviews } = await product.api<{ data: unknown[] }>('GET', '/v1/reviews')
  const opportunity = (id: string) => opportunities[`Expansion: Acme ${id}`] ?? 0
  const shipment = (id: string) => opportunities[`Shipped: ${id}`] ?? 0
  return {
    statuses,
    untagged: ids.filter((id) => (tags[id] ?? 0) === 0).length,
    taggedTwice: ids.filter((id) => (tags[id] ?? 0) > 1).length,
    withoutOpportunity: ids.filter((id) => opportunity(id) === 0).length,
    withSeveralOpportunities: ids.filter((id) => opportunity(id) > 1).length,
    shipped: {
      statuses: countBy((await product.runs('shipment')).map(({ status }) => status)),
      unheard: ids.filter((id) => shipment(id) === 0).length,
      heardTwice: ids.filter((id) => shipment(id) > 1).length,
    },
    reviews: reviews.length,
  }
}

function failPointsIn({ dataDir }: Instance): string[] {
  const lines = readFileSync(join(dataDir, 'logs', 'worker.log'), 'utf8').split('\n')
  return lines.flatMap((line) => (line.startsWith(FAIL_POINT_MARK) ? [line.slice(FAIL_POINT_MARK.length)] : []))
}

function countBy(values: string[]): { [value: string]: number } {
  const counts: { [value: string]: number } = {}
  for (const value of values) counts[value] = (counts[value] ?? 0) + 1
  return counts
}

export const isClean = (r: KillReport): boolean =>
  r.untagged + r.taggedTwice + r.withoutOpportunity + r.withSeveralOpportunities + r.reviews === 0 &&
  r.shipped.unheard + r.shipped.heardTwice === 0 &&
  r.statuses.completed === r.runs &&
  r.shipped.statuses.completed === r.runs

if (isMain(import.meta.url)) {
  const { values } = parseArgs({
    options: {
      runs: { type: 'string', default: '300' },
      kills: { type: 'string', default: '5' },
      seeds: { type: 'string', default: '1,2,3' },
    },
  })
  let clean = true
  for (const seed of values.seeds.split(',').map(Number)) {
    const result = await killScenario({ seed, runs: Number(values.runs), kills: Number(values.kills) })
    console.log(JSON.stringify(result))
    clean &&= isClean(result)
  }
  console.log(clean ? 'Nothing lost, nothing twice.' : 'NOT clean: see above.')
  process.exit(clean ? 0 : 1)
}
