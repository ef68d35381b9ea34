import { randomUUID } from 'node:crypto'
import { readFileSync } from 'node:fs'
import { startInstance } from '../helpers/instance.ts'
import { inLanes, productOf } from './product.ts'
import { type Report, shown } from './report.ts'

const EVENTS = 1_000_000
const BATCH_SIZE = 500
const LANES = 3
const PEOPLE = 5000
/** Events from one look at the memory to the next. */
const LOOK_EVERY = 25_000

type Sizes = { [process: string]: number }

/**
 * (h) Memory over a million events, of which each has a name that a signal counts: the greatest size of each process in
 * the first third, once warm, against the last.
 */
export async function benchMemory(): Promise<Report> {
  const instance = await startInstance({ demo: false, onDisk: true })
  const product = productOf(instance)
  try {
    await product.rest('POST', '/v1/signals', {
      name: 'Busy',
      subject: 'contact',
      rule: { event: 'Used', count: { op: 'gte', value: 50 }, within: 'P7D' },
    })
    const looks: Sizes[] = []
    const began = performance.now()
    for (let from = 0; from < EVENTS; from += LOOK_EVERY) {
      const bodies = Array.from({ length: LOOK_EVERY / BATCH_SIZE }, (_, n) => ({
        batch: Array.from({ length: BATCH_SIZE }, (_, i) => eventOf(from + n * BATCH_SIZE + i)),
      }))
      await inLanes(bodies, LANES, async (body) => {
        const status = await product.send('/v1/batch', body)
        if (status !== 200) throw new Error(`A batch was answered ${status}.`)
      })
      await product.untilDispatched()
      looks.push(sizes(instance.pids()))
    }
    return reportOf(looks, performance.now() - began)
  } finally {
    await product.close()
    await instance.stop()
  }
}

const eventOf = (i: number) => ({
  type: 'track',
  messageId: randomUUID(),
  userId: `person-${(i * 7919) % PEOPLE}`,
  event: i % 10 === 0 ? 'Used' : `Event ${i % 30}`,
  properties: { step: i % 100, source: 'bench' },
})

/** Resident megabytes of the processes whose code is ours. */
function sizes(pids: { [name: string]: number }): Sizes {
  return Object.fromEntries(
    Object.entries(pids)
      .filter(([name]) => name === 'api' || name.startsWith('worker'))
      .map(([name, pid]) => {
        const [, kilobytes = 'NaN'] = /VmRSS:\s+(\d+) kB/.exec(readFileSync(`/proc/${pid}/status`, 'utf8')) ?? []
        return [name, Number(kilobytes) / 1024]
      }),
  )
}

function reportOf(looks: Sizes[], ms: number): Report {
  const third = Math.floor(looks.length / 3)
  const most = (part: Sizes[], name: string): number => Math.max(...part.map((look) => look[name] ?? Number.NaN))
  const names = Object.keys(looks.at(-1) ?? {})
  return {
    title: `(h) Memory over ${shown(EVENTS)} events in batches of ${BATCH_SIZE}, ${shown(EVENTS / (ms / 1000))} events/s`,
    figures: names.map((name) => ({
      name: `${name}: last third against the first`,
      value: most(looks.slice(-third), name) / most(looks.slice(0, third), name),
      unit: '×',
      goal: { atMost: 1.15 },
    })),
    details: names.map(
      (name) =>
        `  ${name}: ${looks
          .filter((_, i) => i % 4 === 3)
          .map((look) => Math.round(look[name] ?? 0))
          .join(' ')} MB`,
    ),
  }
}
