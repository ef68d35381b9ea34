import { type ChildProcess, spawn } from 'node:child_process'
import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { parseArgs } from 'node:util'
import { isMain } from '../helpers/is-main.ts'
import { type Instance, startInstance } from '../helpers/instance.ts'
import { insist, type Product, productOf } from './product.ts'

/**
 * A throttled connection keeps its limit, uses it, and slows no other: three playbooks queue actions on a connection
 * limited to 10 calls a second while a second connection has no limit.
 * `node test/scenarios/rates.ts --actions 500 --workers 1,3`
 */
export interface RatesReport {
  workers: number
  actions: number
  /** Calls that the sandbox counted on the limited connection. */
  calls: number
  /** The most within any 10 s; at most 110 are allowed. */
  mostIn10s: number
  /** Share of the allowed calls that were made between the first second and the last call. */
  used: number
  /** Milliseconds from event to write on the unlimited connection, with nothing else to do. */
  alone: { p50: number; p95: number }
  /** While the runs that queue are being started, which takes the whole machine. */
  burst: { p50: number; p95: number }
  /** While they queue. */
  beside: { p50: number; p95: number }
}

const LIMIT = 10
const PROBES = 40
const BURST_PROBES = 10
/** Between two probes. */
const APART_MS = 300

export async function ratesScenario({ actions, workers }: { actions: number; workers: number }): Promise<RatesReport> {
  const instance = await startInstance({ demo: false })
  const more: ChildProcess[] = []
  try {
    for (let i = 1; i < workers; i += 1) more.push(await anotherWorker(instance))
    const product = productOf(instance)
    await product.connect()
    await limitIntercom(product)
    const ids = Array.from({ length: Math.ceil(actions / 3) }, (_, i) => `c${i}`)
    for (const n of [1, 2, 3]) await product.publish(`queue-${n}`, queueOf(n))
    await product.publish('probe', PROBE)
    await product.customers(ids)
    await settled(product, 0)
    const alone = await probe(product, ids, { name: 'alone', count: PROBES })
    const from = Date.now()
    const batch = ids.map((id) => ({ type: 'track', messageId: `${id}-q`, userId: id, event: 'Queue', properties: {} }))
    for (let i = 0; i < batch.length; i += 100)
      await product.api('POST', '/v1/batch', { batch: batch.slice(i, i + 100) })
    const burst = await probe(product, ids, { name: 'burst', count: BURST_PROBES })
    await insist(() => begun(product, ids.length * 3), 120_000)
    const beside = await probe(product, ids, { name: 'beside', count: PROBES })
    await insist(() => settled(product, ids.length * 3), 300_000)
    const calls = await callsSince(product, from)
    return { workers, actions: ids.length * 3, ...figures(calls), alone, burst, beside }
  } finally {
    for (const worker of more) worker.kill('SIGTERM')
    await instance.stop()
  }
}

async function limitIntercom(product: Product): Promise<void> {
  const { data } = await product.api<{ data: Array<{ id: string; slug: string }> }>('GET', '/v1/connections')
  for (const { id, slug } of data)
    await product.trpc('connections.setBudget', {
      id,
      budget: slug === 'intercom' ? { calls: LIMIT, perMs: 1000 } : null,
    })
}

const queueOf = (n: number) => ({
  name: `Queue ${n}`,
  subject: 'contact',
  enrollment: { reentry: { policy: 'every' }, exit: [], goal: null },
  steps: [
    { id: 'start', type: 'trigger.event', input: { event: 'Queue' } },
    {
      id: 'say',
      type: 'intercom.trackEvent@1',
      connection: 'intercom',
      input: { contact: '{{ contact.id }}', event: `queue-${n}` },
    },
  ],
  edges: [['start', 'say']],
})

const PROBE = {
  name: 'Probe',
  subject: 'contact',
  enrollment: { reentry: { policy: 'every' }, exit: [], goal: null },
  steps: [
    { id: 'start', type: 'trigger.event', input: { event: 'Probe' } },
    {
      id: 'write',
      type: 'salesforce.upsertRecord@1',
      connection: 'salesforce',
      input: {
        object: 'Account',
        externalIdField: 'Signalbox_Key__c',
        externalId: '{{ trigger.messageId }}',
        values: { Name: '{{ trigger.messageId }}' },
      },
    }, // prettier-ignore
  ],
  edges: [['start', 'write']],
}

/** Sends single events and waits for each one's write at the sandbox. */
async function probe(
  product: Product,
  ids: string[],
  { name, count }: { name: string; count: number },
): Promise<{ p50: number; p95: number }> {
  const latencies: number[] = []
  for (let i = 0; i < count; i += 1) {
    const messageId = `probe-${name}-${i}`
    const sent = Date.now()
    await product.api('POST', '/v1/track', { userId: ids[i % ids.length], event: 'Probe', properties: {}, messageId })
    latencies.push((await writtenAt(product, messageId)) - sent)
    await sleep(APART_MS)
  }
  latencies.sort((a, b) => a - b)
  return { p50: latencies[Math.floor(count * 0.5)] ?? 0, p95: latencies[Math.floor(count * 0.95)] ?? 0 }
}

async function writtenAt(product: Product, name: string): Promise<number> {
  return insist(async () => {
    const { data } = await product.sandbox<{ data: Logged[] }>('GET', 'salesforce/requests?limit=20')
    const found = data.find((request) => JSON.stringify(request).includes(name))
    if (found === undefined) throw new Error(`${name} is not written yet.`)
    return found.at
  }, 30_000)
}

interface Logged {
  at: number
  path: string
}

async function callsSince(product: Product, from: number): Promise<number[]> {
  const instants: number[] = []
  let before = ''
  for (;;) {
    const page = await product.sandbox<{ data: Array<Logged & { id: number }> }>(
      'GET',
      `intercom/requests?limit=500${before}`,
    )
    instants.push(...page.data.flatMap(({ at }) => (at >= from ? [at] : [])))
    const last = page.data.at(-1)
    if (last === undefined || last.at < from) return instants.sort((a, b) => a - b)
    before = `&before=${last.id}`
  }
}

function figures(instants: number[]): Pick<RatesReport, 'calls' | 'mostIn10s' | 'used'> {
  const first = instants[0] ?? 0
  const last = instants.at(-1) ?? 0
  const mostIn10s = Math.max(
    ...instants.map((at) => instants.filter((other) => other >= at && other < at + 10_000).length),
  )
  const after = instants.filter((at) => at >= first + 1000).length
  return { calls: instants.length, mostIn10s, used: after / ((LIMIT * (last - first - 1000)) / 1000) }
}

/** Every run has come to its place in the line, or further. */
async function begun(product: Product, runs: number): Promise<void> {
  let waiting = 0
  for (const n of [1, 2, 3])
    waiting += (await product.runs(`queue-${n}`)).filter(
      ({ status }) => status !== 'queued' && status !== 'running',
    ).length
  if (waiting < runs) throw new Error(`${waiting} of ${runs} runs have begun.`)
}

async function settled(product: Product, runs: number): Promise<void> {
  let done = 0
  for (const n of [1, 2, 3])
    done += (await product.runs(`queue-${n}`)).filter(({ status }) => status === 'completed').length
  if (done < runs) throw new Error(`${done} of ${runs} runs are completed.`)
}

/** A second worker with the environment of the instance's own. */
async function anotherWorker(instance: Instance): Promise<ChildProcess> {
  const text = readFileSync(`/proc/${instance.pids().worker}/environ`, 'utf8')
  const env = Object.fromEntries(text.split('\0').flatMap((line) => (line.includes('=') ? [split(line)] : [])))
  const { SIGNALBOX_SUPERVISED: _, ...rest } = env
  const worker = spawn(process.execPath, [join(import.meta.dirname, '../../bin/worker.ts')], {
    env: rest,
    stdio: ['ignore', 'pipe', 'inherit'],
  })
  await new Promise<void>((resolve, reject) => {
    worker.once('exit', () => reject(new Error('The worker ended before it was ready.')))
    worker.stdout.on('data', (chunk: Buffer) => chunk.toString().includes('signalbox:ready') && resolve())
  })
  return worker
}

const split = (line: string): [string, string] => [line.slice(0, line.indexOf('=')), line.slice(line.indexOf('=') + 1)]

if (isMain(import.meta.url)) {
  const { values } = parseArgs({
    options: { actions: { type: 'string', default: '500' }, workers: { type: 'string', default: '1,3' } },
  })
  for (const workers of values.workers.split(',').map(Number)) {
    const r = await ratesScenario({ actions: Number(values.actions), workers })
    console.log(`${r.workers} worker(s), ${r.actions} actions, ${r.calls} calls at the sandbox`)
    console.log(`  most in any 10 s    ${r.mostIn10s} (allowed 110)`)
    console.log(`  of the limit used   ${(r.used * 100).toFixed(1)}% (goal 90%)`)
    console.log(
      `  other connection    alone p50 ${r.alone.p50} p95 ${r.alone.p95} ms; beside the queue p50 ${r.beside.p50} p95 ${r.beside.p95} ms`,
    )
    console.log(`  while ${r.actions} runs start   p50 ${r.burst.p50} p95 ${r.burst.p95} ms`)
  }
}
