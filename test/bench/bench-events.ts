import { randomUUID } from 'node:crypto'
import { setTimeout as sleep } from 'node:timers/promises'
import type { PlaybookDocument } from '../../engine/model/playbook.ts'
import type { LoggedRequest } from '../../nodes/sandbox/requests.ts'
import { startInstance } from '../helpers/instance.ts'
import { cpuMeter, cpuSum } from './machine.ts'
import { inLanes, type Product, productOf } from './product.ts'
import { percentile, type Report, shown } from './report.ts'

const SUBJECTS = 25
const ONE_AT_A_TIME = 100
/** From one event to the next: longer than a run takes, so that they do not meet. */
const APART_MS = 300
const BURST = 400
const IN_FLIGHT = 20
const POLL_MS = 50
const IDLE_MS = 3000
const LIMIT_MS = 120_000

const EVENT = 'Seats Added'
const DOCUMENT: PlaybookDocument = {
  name: 'Bench: seats added',
  subject: 'contact',
  enrollment: { reentry: { policy: 'every' }, exit: [], goal: null },
  steps: [
    { id: 'start', type: 'trigger.event', input: { event: EVENT } },
    {
      id: 'big',
      type: 'flow.branch',
      input: { cases: [{ port: 'over-100', if: { property: 'account.mrr', op: 'gt', value: 100 } }] },
    },
    {
      id: 'tag',
      type: 'intercom.tagContact',
      connection: 'intercom',
      input: { contact: '{{ contact.id }}', tag: 'expansion' },
    },
    {
      id: 'opp',
      type: 'salesforce.createOpportunity',
      connection: 'salesforce',
      input: {
        account: '{{ account.id }}',
        name: 'Bench {{ trigger.messageId }}',
        stage: 'Prospecting',
        closeInDays: 30,
        amount: '{{ account.mrr * 12 }}',
      },
    },
  ],
  edges: [
    ['start', 'big'],
    ['big.over-100', 'tag'],
    ['tag', 'opp'],
  ],
}

/** (b) From `POST /v1/track` to the second write in the sandbox, by the sandbox's own log. */
export async function benchEvents(): Promise<Report> {
  const instance = await startInstance({ demo: false, onDisk: true })
  const product = productOf(instance)
  try {
    await prepare(product)
    const single = await oneAtATime(product)
    const idle = cpuMeter(instance.pids)
    await sleep(IDLE_MS)
    const idleShare = cpuSum(idle()) / IDLE_MS
    const busy = cpuMeter(instance.pids)
    const burst = await inFlight(product)
    const cpu = busy()
    const cpuMs = cpuSum(cpu) / BURST
    const idleMs = (idleShare * burst.seconds * 1000) / BURST
    const parts = Object.entries(cpu).map(([name, ms]) => `${name} ${shown(ms / BURST)}`)
    return {
      title: `(b) POST /v1/track to the second write: ${ONE_AT_A_TIME} one at a time, then ${BURST} at ${IN_FLIGHT} in flight`,
      figures: [
        {
          name: 'one at a time, p50',
          value: percentile(single, 0.5),
          unit: 'ms',
          goal: { atMost: 45 },
          n8n: 54,
          n8nTuned: 31,
        },
        {
          name: 'one at a time, p95',
          value: percentile(single, 0.95),
          unit: 'ms',
          goal: { atMost: 110 },
          n8n: 117,
          n8nTuned: 46,
        },
        {
          name: 'events at 20 in flight',
          value: BURST / burst.seconds,
          unit: 'events/s',
          goal: { atLeast: 30 },
          n8n: [23, 25],
          n8nTuned: 46,
        },
        { name: 'CPU an event, all processes', value: cpuMs, unit: 'ms', n8n: 67, n8nTuned: [19, 24] },
      ],
      details: [
        `  one at a time: fastest ${shown(percentile(single, 0))} ms, slowest ${shown(percentile(single, 1))} ms`,
        `  at ${IN_FLIGHT} in flight: p50 ${shown(percentile(burst.latencies, 0.5))} ms, p95 ${shown(percentile(burst.latencies, 0.95))} ms to the second write`,
        `  CPU ms an event: ${parts.join(' + ')}`,
        `  of it, ${shown(idleMs)} ms an event is what all processes use when idle (${shown(idleShare * 100)}% of a core)`,
      ],
    }
  } finally {
    await product.close()
    await instance.stop()
  }
}

async function prepare(product: Product): Promise<void> {
  await product.connectSandboxes()
  for (const app of ['intercom', 'salesforce'])
    await product.sandbox('POST', `${app}/limits`, { calls: 1_000_000, perMs: 10_000 })
  for (let i = 0; i < SUBJECTS; i += 1) {
    const [userId, email, groupId] = [`person-${i}`, `person-${i}@bench.example`, `account-${i}`]
    await product.sandbox('POST', 'intercom/records/contacts', { external_id: userId, email })
    await product.rest('POST', '/v1/identify', { userId, traits: { email, name: `Person ${i}` } })
    await product.rest('POST', '/v1/group', { userId, groupId, traits: { name: `Account ${i}`, mrr: 400 + i } })
  }
  await product.untilDispatched()
  await product.publish('bench-seats-added', DOCUMENT)
  // Twice around, so that links, descriptions, prepared statements and the runtime's compiled code are there.
  const warm = Array.from({ length: 3 * SUBJECTS }, (_, i) => messageOf(i))
  await inLanes(warm, 5, (message) => track(product, message))
  await landed(product, warm)
}

interface Message {
  messageId: string
  userId: string
}

const messageOf = (i: number): Message => ({ messageId: `bench-${randomUUID()}`, userId: `person-${i % SUBJECTS}` })

async function track(product: Product, message: Message): Promise<void> {
  const status = await product.send('/v1/track', { ...message, event: EVENT, properties: { seats: 12 } })
  if (status !== 200) throw new Error(`POST /v1/track answered ${status}.`)
}

async function oneAtATime(product: Product): Promise<number[]> {
  const sentAt = new Map<string, number>()
  const messages = Array.from({ length: ONE_AT_A_TIME }, (_, i) => messageOf(i))
  for (const message of messages) {
    sentAt.set(message.messageId, Date.now())
    await track(product, message)
    await sleep(APART_MS)
  }
  const writes = await landed(product, messages)
  return messages.map(({ messageId }) => (writes.get(messageId) ?? Number.NaN) - (sentAt.get(messageId) ?? Number.NaN))
}

/** An event counts as in flight until its second write is in the sandbox's log. */
async function inFlight(product: Product): Promise<{ seconds: number; latencies: number[] }> {
  const sentAt = new Map<string, number>()
  const writtenAt = new Map<string, number>()
  const waiting = new Map<string, () => void>()
  const messages = Array.from({ length: BURST }, (_, i) => messageOf(i))
  let over = false
  const watch = async (): Promise<void> => {
    while (!over) {
      await sleep(POLL_MS)
      for (const { messageId, at } of writesIn(await product.calls('salesforce', 3 * IN_FLIGHT))) {
        if (writtenAt.has(messageId) || !waiting.has(messageId)) continue
        writtenAt.set(messageId, at)
        waiting.get(messageId)?.()
      }
    }
  }
  const began = Date.now()
  const watching = watch()
  const deadline = sleep(LIMIT_MS, null, { ref: false }).then(() => {
    throw new Error(`After ${LIMIT_MS / 1000} s ${BURST - writtenAt.size} of ${BURST} events had no second write.`)
  })
  try {
    const sending = inLanes(messages, IN_FLIGHT, async (message) => {
      const { messageId } = message
      const written = new Promise<void>((resolve) => waiting.set(messageId, resolve))
      sentAt.set(messageId, Date.now())
      await track(product, message)
      await written
    })
    await Promise.race([sending, watching, deadline])
  } finally {
    over = true
  }
  await watching
  const ends = messages.map(({ messageId }) => writtenAt.get(messageId) ?? Number.NaN)
  const latencies = messages.map(({ messageId }, i) => (ends[i] ?? Number.NaN) - (sentAt.get(messageId) ?? Number.NaN))
  return { seconds: (Math.max(...ends) - began) / 1000, latencies }
}

/** Waits until all of them have their second write. @returns message id → when it was answered */
async function landed(product: Product, messages: readonly Message[]): Promise<Map<string, number>> {
  const deadline = Date.now() + LIMIT_MS
  for (;;) {
    const writes = new Map(
      writesIn(await product.calls('salesforce', 5 * messages.length)).map(({ messageId, at }) => [messageId, at]),
    )
    const missing = messages.filter(({ messageId }) => !writes.has(messageId))
    if (missing.length === 0) return writes
    if (Date.now() > deadline) throw new Error(`${missing.length} of ${messages.length} events had no second write.`)
    await sleep(200)
  }
}

/** The opportunities that were made, by the message id in their name, at the time of the sandbox's answer. */
function writesIn(calls: readonly LoggedRequest[]): Array<{ messageId: string; at: number }> {
  return calls.flatMap(({ method, path, status, at, ms, body }) => {
    if (method !== 'POST' || status !== 201 || !path.endsWith('/sobjects/Opportunity')) return []
    const name = body !== null && typeof body === 'object' && 'Name' in body ? String(body.Name) : ''
    return name.startsWith('Bench ') ? [{ messageId: name.slice('Bench '.length), at: at + ms }] : []
  })
}
