import { parseArgs } from 'node:util'
import { Analytics } from '@segment/analytics-node'
import { isMain } from '../helpers/is-main.ts'
import { type Instance, startInstance } from '../helpers/instance.ts'
import { type Call, differences, modelStore } from '../helpers/store-model.ts'
import { insist } from './product.ts'
import { segmentCalls } from './segment-calls.ts'
import { connectStore, pendingEvents, readStore } from './segment-store.ts'

/**
 * Segment's own Node library, unchanged but for its host, sends mixed calls with its retries while the API and the
 * worker are killed. Afterwards the store is what an independent model makes of the same calls.
 * `node test/scenarios/segment.ts --calls 50000 --api-kills 2 --worker-kills 1 --seed 1`
 */
export interface SegmentOptions {
  calls: number
  apiKills: number
  workerKills: number
  seed: number
}

export interface SegmentReport {
  /** Those sent, the repeated ones included. */
  calls: number
  kills: { api: number; worker: number }
  /** Calls whose delivery the library gave up. */
  undelivered: number
  /** HTTP answers by status, and requests that had none. */
  answers: { [status: string]: number }
  counts: { contacts: number; accounts: number; events: number; refused: number }
  differences: string[]
  sendSeconds: number
  dispatchSeconds: number
}

/** As many calls as may be under way: more would only wait in this process. */
const UNDER_WAY = 1_500
/** The way of a message here: an answer that was lost, or a process that starts again, takes this long at most. */
const TOLERANCE_MS = 60_000
const DISPATCH_LIMIT_MS = 600_000

export async function segmentScenario(options: SegmentOptions): Promise<SegmentReport> {
  const calls = segmentCalls({ ...options, now: Date.now() })
  const instance = await startInstance({ demo: false })
  try {
    const startedAt = Date.now()
    const sent = await sendAll(instance, calls, killPlan(options, calls.length))
    const sentAt = Date.now()
    const client = await connectStore(instance)
    try {
      await insist(async () => {
        const pending = await pendingEvents(client)
        if (pending > 0) throw new Error(`${pending} events still wait.`)
      }, DISPATCH_LIMIT_MS)
      const dispatchedAt = Date.now()
      const found = await readStore(client)
      return {
        calls: calls.length,
        kills: { api: options.apiKills, worker: options.workerKills },
        ...sent,
        counts: {
          contacts: found.contacts.size,
          accounts: found.accounts.size,
          events: found.events.size,
          refused: found.refused.size,
        },
        differences: differences(modelStore(calls), found, { toleranceMs: TOLERANCE_MS, most: 20 }),
        sendSeconds: (sentAt - startedAt) / 1000,
        dispatchSeconds: (dispatchedAt - sentAt) / 1000,
      }
    } finally {
      await client.end()
    }
  } finally {
    await instance.stop()
  }
}

/** After how many calls which process dies. */
function killPlan({ apiKills, workerKills }: SegmentOptions, calls: number): Array<{ after: number; name: string }> {
  const names = [
    ...Array.from({ length: apiKills }, () => 'api'),
    ...Array.from({ length: workerKills }, () => 'worker'),
  ]
  return names.map((name, i) => ({ name, after: Math.floor((calls * (i + 1)) / (names.length + 1)) }))
}

async function sendAll(instance: Instance, calls: Call[], kills: Array<{ after: number; name: string }>) {
  const analytics = new Analytics({
    writeKey: instance.apiKey,
    host: instance.baseUrl,
    flushAt: 50,
    flushInterval: 200,
  })
  const answers: { [status: string]: number } = {}
  const count = (status: string): void => void (answers[status] = (answers[status] ?? 0) + 1)
  let asked = 0
  let answered = 0
  analytics.on('http_request', () => void (asked += 1))
  analytics.on('http_response', ({ status }: { status: number }) => {
    answered += 1
    count(String(status))
  })
  analytics.on('error', () => undefined)
  let undelivered = 0
  let done = 0
  let wake: () => void = () => undefined
  const finished = (error: unknown): void => {
    done += 1
    if (error) undelivered += 1
    wake()
  }
  for (const [i, call] of calls.entries()) {
    while (kills[0]?.after === i) instance.kill(kills.shift()?.name ?? '')
    while (i - done >= UNDER_WAY)
      await new Promise<void>((resolve) => {
        wake = resolve
      })
    send(analytics, call, finished)
  }
  await analytics.closeAndFlush({ timeout: 300_000 })
  while (done < calls.length)
    await new Promise<void>((resolve) => {
      wake = resolve
    })
  return { undelivered, answers: { ...answers, none: asked - answered } }
}

function send(analytics: Analytics, call: Call, done: (error: unknown) => void): void {
  const { messageId } = call
  const timestamp = new Date(call.at)
  const context = call.inGroup === undefined ? {} : { context: { groupId: call.inGroup } }
  const common = { messageId, timestamp, ...context, ...who(call) }
  switch (call.kind) {
    case 'identify':
      return analytics.identify({ ...common, traits: call.traits }, done)
    case 'group':
      return analytics.group({ ...common, groupId: call.groupId, traits: call.traits }, done)
    case 'track':
      return analytics.track({ ...common, event: call.event, properties: call.properties }, done)
    case 'page':
      return analytics.page({ ...common, name: call.name, properties: call.properties }, done)
    case 'screen':
      return analytics.screen({ ...common, name: call.name, properties: call.properties }, done)
    case 'alias':
      return analytics.alias({ messageId, timestamp, userId: call.userId, previousId: call.previousId }, done)
  }
}

/** The library's types want one of them said for certain. */
function who({ userId, anonymousId }: Call): { userId: string; anonymousId?: string } | { anonymousId: string } {
  if (userId !== undefined) return { userId, ...(anonymousId === undefined ? {} : { anonymousId }) }
  return { anonymousId: anonymousId ?? '' }
}

export const isSame = (report: SegmentReport): boolean => report.differences.length === 0 && report.undelivered === 0

if (isMain(import.meta.url)) {
  const { values } = parseArgs({
    options: {
      calls: { type: 'string', default: '50000' },
      'api-kills': { type: 'string', default: '2' },
      'worker-kills': { type: 'string', default: '1' },
      seed: { type: 'string', default: '1' },
    },
  })
  const report = await segmentScenario({
    calls: Number(values.calls),
    apiKills: Number(values['api-kills']),
    workerKills: Number(values['worker-kills']),
    seed: Number(values.seed),
  })
  const { differences: found, ...figures } = report
  console.log(JSON.stringify(figures))
  for (const difference of found) console.log(difference)
  console.log(
    isSame(report) ? 'The store is what the model says: nothing lost, nothing twice.' : 'NOT the same: see above.',
  )
  process.exit(isSame(report) ? 0 : 1)
}
