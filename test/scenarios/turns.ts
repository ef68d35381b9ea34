import { parseArgs } from 'node:util'
import { type Instance, startInstance } from '../helpers/instance.ts'
import { isMain } from '../helpers/is-main.ts'
import { insist, PLACED, type Product, productOf } from './product.ts'

/**
 * Everybody orders several times at once, and their runs take turns, while the worker is killed again and again.
 * `node test/scenarios/turns.ts --people 40 --orders 5 --kills 4`
 */
interface TurnsReport {
  runs: number
  kills: number
  completed: number
  /** Runs that began before the one before them had ended. */
  overlapping: number
  /** Runs that began before one that came earlier. */
  outOfOrder: number
  seconds: number
}

const PLAYBOOK = 'one-at-a-time'

const document = (most: number) => ({
  name: 'One order at a time',
  subject: 'contact',
  enrollment: { reentry: { policy: 'every' }, exit: [], goal: null, concurrency: { policy: 'queue', most } },
  steps: [
    { id: 'start', type: 'trigger.event', input: { event: PLACED }, at: [0, 0] },
    { id: 'wait', type: 'flow.delay', input: { mode: 'for', for: 'PT1S' }, at: [0, 140] },
    { id: 'done', type: 'flow.exit', input: { reason: 'Seen' }, at: [0, 280] },
  ],
  edges: [
    ['start', 'wait'],
    ['wait', 'done'],
  ],
})

interface Turn {
  person: string
  order: number
  beganAt: number
  endedAt: number
  status: string
}

async function turnsScenario(options: { people: number; orders: number; kills: number }): Promise<TurnsReport> {
  const instance = await startInstance({ demo: false })
  try {
    return await scenario(instance, options)
  } finally {
    await instance.stop()
  }
}

async function scenario(
  instance: Instance,
  { people, orders, kills }: { people: number; orders: number; kills: number },
): Promise<TurnsReport> {
  const product = productOf(instance)
  await product.publish(PLAYBOOK, document(orders))
  const begun = performance.now()
  const batch = Array.from({ length: people * orders }, (_, i) => ({
    type: 'track',
    userId: `p${i % people}`,
    event: PLACED,
    properties: { order: Math.floor(i / people) },
  }))
  await product.api('POST', '/v1/batch', { batch })
  const runs = people * orders
  const killed = await killedMeanwhile(instance, product, { runs, kills })
  const turns = await insist(() => allTurns(product, runs), 300_000)
  return {
    runs,
    kills: killed,
    completed: turns.filter(({ status }) => status === 'exited').length,
    ...compared(turns),
    seconds: Math.round((performance.now() - begun) / 100) / 10,
  }
}

/** Kills the worker each time another share of the runs is over. */
async function killedMeanwhile(
  instance: Instance,
  product: Product,
  { runs, kills }: { runs: number; kills: number },
): Promise<number> {
  let killed = 0
  while (killed < kills) {
    const over = (await insist(() => product.runs(PLAYBOOK))).filter(({ status }) => status === 'exited').length
    if (over >= ((killed + 1) / (kills + 1)) * runs || over === runs) {
      await insist(() => Promise.resolve(instance.kill('worker')))
      killed += 1
    }
    await new Promise((resolve) => setTimeout(resolve, 200))
  }
  return killed
}

/** @throws Error while one is not over */
async function allTurns(product: Product, runs: number): Promise<Turn[]> {
  const rows = await product.runs(PLAYBOOK)
  const open = rows.filter(({ status }) => status !== 'exited').length
  if (rows.length !== runs || open > 0)
    throw new Error(`${rows.length} of ${runs} runs are there, ${open} of them not over.`)
  return Promise.all(
    rows.map(async ({ id }) => {
      const { run, steps, trigger } = await product.api<{
        run: { status: string; subject: { externalId: string } }
        steps: Array<{ id: string; startedAt: string | null; endedAt: string | null }>
        trigger: { data: { properties: { order: number } } }
      }>('GET', `/v1/runs/${id}`)
      // By the record: a worker that died when it had just written the end leaves it to be written again, later.
      const [first, last] = ['start', 'done'].map((id) => steps.find((step) => step.id === id))
      return {
        person: run.subject.externalId,
        order: trigger.data.properties.order,
        beganAt: Date.parse(first?.startedAt ?? ''),
        endedAt: Date.parse(last?.endedAt ?? ''),
        status: run.status,
      }
    }),
  )
}

function compared(turns: Turn[]): Pick<TurnsReport, 'overlapping' | 'outOfOrder'> {
  let overlapping = 0
  let outOfOrder = 0
  for (const own of Map.groupBy(turns, ({ person }) => person).values()) {
    const inOrder = own.toSorted((a, b) => a.order - b.order)
    for (const [i, turn] of inOrder.entries()) {
      const before = inOrder[i - 1]
      if (before === undefined) continue
      if (!(turn.beganAt >= before.endedAt)) overlapping += 1
      if (!(turn.beganAt >= before.beganAt)) outOfOrder += 1
    }
  }
  return { overlapping, outOfOrder }
}

/** Whether it went as it should. */
const isClean = (report: TurnsReport): boolean =>
  report.completed === report.runs && report.overlapping === 0 && report.outOfOrder === 0

if (isMain(import.meta.url)) {
  const { values } = parseArgs({
    options: {
      people: { type: 'string', default: '40' },
      orders: { type: 'string', default: '5' },
      kills: { type: 'string', default: '4' },
    },
  })
  const { people, orders, kills } = values
  const report = await turnsScenario({ people: Number(people), orders: Number(orders), kills: Number(kills) })
  console.table(report)
  console.log(isClean(report) ? 'Each in its turn, none lost.' : 'NOT clean: see above.')
  process.exitCode = isClean(report) ? 0 : 1
}
