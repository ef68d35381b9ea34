import { parseArgs } from 'node:util'
import { type Instance, startInstance } from '../helpers/instance.ts'
import { isMain } from '../helpers/is-main.ts'
import { answerer, type Ask, type Port } from './asks-answers.ts'
import { ASKED, ASKED_BRIEFLY, CALLS, PLAYBOOKS } from './asks-playbooks.ts'
import { seeded } from '../helpers/random.ts'
import { FINAL, insist, type Product, productOf, sleep } from './product.ts'

/**
 * Runs ask people, who answer on the page, by the link, both at once or not at all; others call a run that asks. All the
 * while the worker, the API, Temporal and Postgres are killed.
 * `node test/scenarios/asks.ts --runs 60 --kills 2 --seed 1`
 */
interface AsksOptions {
  seed: number
  runs: number
  /** How often each process is killed. */
  kills: number
}

interface AsksReport {
  seed: number
  runs: number
  kills: number
  /** By the port that each run went, and how many that was. */
  ends: { [reason: string]: number }
  /** Runs that did not go where what was said, or the silence, leads. */
  astray: string[]
  /** Of which two answers were taken, that went over a question twice, or that ended twice. */
  twice: string[]
  /** That were answered, were told so, and went on without it. */
  lost: string[]
  /** That nobody answered, and that went by a yes. */
  yesOfNobody: string[]
  seconds: number
}

/** What becomes of the question of one run. */
interface Fate {
  order: string
  event: string
  /** What is said, in which ways at once; empty: nothing. */
  say: Array<{ port: Port; by: 'page' | 'link' }>
  /** The run that asks is ended by a person instead. */
  cancel: boolean
  /** Milliseconds from when it is seen. */
  after: number
}

const PROCESSES = ['worker', 'api', 'temporal', 'postgres']

async function asksScenario({ seed, runs, kills }: AsksOptions): Promise<AsksReport> {
  const random = seeded(seed)
  const startedAt = Date.now()
  const instance = await startInstance({ demo: false })
  try {
    const product = productOf(instance)
    for (const [slug, document] of PLAYBOOKS) await insist(() => product.publish(slug, document))
    const fates = Array.from({ length: runs }, (_, i) => fateOf(i, random))
    const answers = await answerer(instance, product)
    const killing = killAll(instance, { kills, random })
    const sending = (async () => {
      for (const { order, event } of fates) {
        await insist(() => product.order(order, event, order), 300_000)
        await sleep(random() * 150)
      }
    })()
    const taken = await answerAll({ product, answers, fates })
    await Promise.all([sending, killing])
    const found = { product, answers, taken }
    const ended = await Promise.all(fates.map((fate) => insist(() => endOf(fate, found), 300_000)))
    return { seed, runs, kills: kills * PROCESSES.length, ...judge(ended), seconds: since(startedAt) }
  } finally {
    await instance.stop()
  }
}

/** Every way of answering, in turn. */
function fateOf(i: number, random: () => number): Fate {
  const order = `o${i}`
  const port = random() < 0.5 ? ('approved' as const) : ('rejected' as const)
  const other = port === 'approved' ? ('rejected' as const) : ('approved' as const)
  const page = { port, by: 'page' as const }
  const link = { port, by: 'link' as const }
  const fate = { order, say: [page], cancel: false, after: random() * 1500 }
  const ways: Fate[] = [
    { ...fate, event: ASKED },
    { ...fate, event: ASKED, say: [link] },
    { ...fate, event: ASKED, say: [page, { ...link, port: other }] },
    { ...fate, event: ASKED_BRIEFLY, say: [] },
    // About when its time is over: either stands, and one alone.
    { ...fate, event: ASKED_BRIEFLY, say: [link], after: 3000 + random() * 4000 },
    { ...fate, event: CALLS },
    { ...fate, event: CALLS, say: [link] },
    { ...fate, event: CALLS, say: [], cancel: true },
  ]
  return ways[i % ways.length] ?? { ...fate, event: ASKED }
}

async function killAll(instance: Instance, { kills, random }: { kills: number; random: () => number }): Promise<void> {
  const order = Array.from({ length: kills }, () => PROCESSES)
    .flat()
    .map((name) => ({ name, at: random() }))
    .toSorted((a, b) => a.at - b.at)
  for (const { name } of order) {
    await sleep(1000 + random() * 2500)
    // It may be down just now, because its server is: it is killed when it is back.
    await insist(() => Promise.resolve(instance.kill(name)))
  }
}

interface Answers {
  product: Product
  answers: Awaited<ReturnType<typeof answerer>>
  fates: Fate[]
}

/** Says what is to be said of each question once it is seen. @returns which answers were taken, by order */
async function answerAll({ product, answers, fates }: Answers): Promise<Map<string, Port[]>> {
  const taken = new Map<string, Port[]>()
  const left = new Map(fates.filter(({ say, cancel }) => say.length > 0 || cancel).map((fate) => [fate.order, fate]))
  const under: Array<Promise<void>> = []
  // A brief one may be over before it was seen.
  for (const end = Date.now() + 120_000; left.size > 0 && Date.now() < end; await sleep(400)) {
    for (const ask of await insist(() => answers.open())) {
      const fate = left.get(ask.title)
      if (fate === undefined) continue
      left.delete(ask.title)
      under.push(
        (async () => {
          await sleep(fate.after)
          if (fate.cancel) await insist(() => product.api('POST', `/v1/runs/${ask.run.id}/cancel`, {}))
          const said = await Promise.all(fate.say.map(async (one) => ((await answers.say(ask, one)) ? [one.port] : [])))
          taken.set(fate.order, said.flat())
        })(),
      )
    }
    const open = [...left.values()]
    if (open.every(({ event }) => event === ASKED_BRIEFLY) && (await insist(() => answers.over())) >= open.length) break
  }
  await Promise.all(under)
  return taken
}

interface Ended {
  fate: Fate
  /** Why the run ended, or its status. */
  reason: string
  ask: Ask
  taken: Port[]
  /** How often it went on from the question, and how often it ended. */
  answered: number
  ends: number
  called: number
}

/** @throws Error while it is not over */
async function endOf(
  fate: Fate,
  { product, answers, taken }: { product: Product; answers: Answers['answers']; taken: Map<string, Port[]> },
): Promise<Ended> {
  const { data } = await product.api<{ data: Array<{ id: string; status: string; endedAt: string | null }> }>(
    'GET',
    `/v1/runs?subject=${fate.order}`,
  )
  const own: Array<{ view: RunView; asks: Ask[] }> = []
  for (const { id } of data)
    own.push({ view: await product.api<RunView>('GET', `/v1/runs/${id}`), asks: await answers.ofRun(id) })
  const first = own.find(({ view }) => view.run.playbook.slug !== 'answered')
  const [asking, ...more] = own.flatMap(({ view, asks }) => asks.map((ask) => ({ view, ask })))
  if (
    first === undefined ||
    asking === undefined ||
    more.length > 0 ||
    own.some(({ view }) => view.run.endedAt === null)
  )
    throw new Error(
      `${fate.order}: ${own.map(({ view }) => `${view.run.playbook.slug} ${view.run.status}`).join(', ')}`,
    )
  const { timeline } = asking.view
  return {
    fate,
    reason: first.view.run.reason ?? first.view.run.status,
    ask: asking.ask,
    taken: taken.get(fate.order) ?? [],
    answered: timeline.filter(({ step, what }) => step === 'ask' && (what === 'done' || what === 'cancelled')).length,
    ends: Math.max(...own.map(({ view }) => view.timeline.filter(isEnd).length)),
    called: own.length - 1,
  }
}

interface RunView {
  run: { status: string; reason: string | null; endedAt: string | null; playbook: { slug: string } }
  timeline: Array<{ step: string | null; what: string }>
}

const isEnd = ({ step, what }: RunView['timeline'][number]): boolean => step === null && FINAL.has(what)

/** By the model: an answer that stands says where the run goes, else the silence; a run that was ended fails who called it. */
function expected({ fate, ask }: Ended): string {
  if (fate.cancel) return 'failed'
  return ask.status === 'answered' ? (ask.answer ?? 'none') : 'timeout'
}

function judge(ended: Ended[]): Pick<AsksReport, 'ends' | 'astray' | 'twice' | 'lost' | 'yesOfNobody'> {
  const words = (one: Ended) => `${one.fate.order}: ${one.reason}, ask ${one.ask.status} ${one.ask.answer ?? ''}`
  const where = (wrong: (one: Ended) => boolean) => ended.filter(wrong).map(words)
  return {
    ends: Object.fromEntries(
      [...Map.groupBy(ended, ({ reason }) => reason)].map(([reason, all]) => [reason, all.length]),
    ),
    astray: where((one) => one.reason !== expected(one) || one.called !== (one.fate.event === CALLS ? 1 : 0)),
    twice: where(({ taken, answered, ends }) => taken.length > 1 || answered !== 1 || ends !== 1),
    lost: where(({ taken: [port], ask, reason }) => port !== undefined && (ask.answer !== port || reason !== port)),
    yesOfNobody: where(
      ({ fate, reason, ask }) => reason === 'approved' && (fate.say.length === 0 || ask.decidedBy === null),
    ),
  }
}

const since = (at: number): number => Math.round((Date.now() - at) / 100) / 10

/** Whether it went as it should. */
const isClean = ({ astray, twice, lost, yesOfNobody }: AsksReport): boolean =>
  [astray, twice, lost, yesOfNobody].every(({ length }) => length === 0)

if (isMain(import.meta.url)) {
  const { values } = parseArgs({
    options: {
      runs: { type: 'string', default: '60' },
      kills: { type: 'string', default: '2' },
      seed: { type: 'string', default: '1' },
    },
  })
  const report = await asksScenario({
    runs: Number(values.runs),
    kills: Number(values.kills),
    seed: Number(values.seed),
  })
  console.dir(report, { depth: 4 })
  console.log(isClean(report) ? 'Each ended once, by what was said.' : 'NOT clean: see above.')
  process.exitCode = isClean(report) ? 0 : 1
}
