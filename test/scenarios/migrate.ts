import { parseArgs } from 'node:util'
import { isMain } from '../helpers/is-main.ts'
import { type Instance, startInstance } from '../helpers/instance.ts'
import { seeded } from '../helpers/random.ts'
import { EXPANSION, FINAL, insist, type Product, productOf, sleep } from './product.ts'

/**
 * Open runs go over to another version under load, while the worker, the API and Temporal are killed in the middle:
 * each run ends exactly once, under the version that the migration says.
 * `node test/scenarios/migrate.ts --runs 200 --kills 3 --seed 1`
 */
export interface MigrateOptions {
  seed: number
  runs: number
  /** How often each process is killed. */
  kills: number
  /** Left out: all that carry runs. */
  processes?: string[]
  /** How long runs of the kind `hold` wait: some may go on before they are told. */
  holdSeconds?: number
}

export interface MigrateReport {
  seed: number
  runs: number
  kills: { [process: string]: number }
  /** What became of the runs, as the migration tells it. */
  told: { [status: string]: number }
  /** Runs that did not end as their row in the migration says, with why. */
  wrong: string[]
  /** Runs beside it, and those that did not do their one write. */
  load: { runs: number; wrong: number }
  migrationSeconds: number
  seconds: number
}

/** What a run waits for: time, a rule, an event, time at a step that goes, and a step whose runs are let out. */
const KINDS = ['hold', 'rule', 'event', 'old', 'out'] as const
type Kind = (typeof KINDS)[number]
const PROCESSES = ['worker', 'api', 'temporal']
const BEGIN = 'Offer Begun'
const GO = 'Offer Accepted'
const REASON = 'No longer offered'
const PER_SECOND = 10

const kindOf = (id: string): Kind => KINDS[Number(id.slice(id.lastIndexOf('u') + 1)) % KINDS.length] ?? 'hold'

const tag = (id: string, text: string) => ({
  id,
  type: 'intercom.tagContact@1',
  connection: 'intercom',
  input: { contact: '{{ contact.id }}', tag: text },
})
const delay = (id: string, length: string) => ({ id, type: 'flow.delay', input: { mode: 'for', for: length } })
const is = (kind: Kind) => ({ port: kind, if: { property: 'contact.kind', op: 'eq', value: kind } })

/** begun --> which kind --> a wait each --> a tag each */
function offer(version: 1 | 2, hold: string) {
  const text = `v${version}`
  const waits = [
    delay('hold', hold),
    {
      id: 'rule',
      type: 'flow.waitForRule',
      input: { rule: { property: 'contact.ready', op: 'eq', value: true }, maxWait: 'P1D' },
    },
    { id: 'event', type: 'flow.waitForEvent', input: { event: GO, maxWait: 'P1D' } },
    ...(version === 1 ? [delay('old', 'P1D'), delay('out', 'P1D')] : [delay('fresh', 'PT2S')]),
  ]
  const kinds = version === 1 ? KINDS : (['hold', 'rule', 'event'] as const)
  const ports = { rule: '.met', event: '.happened' } as { [wait: string]: string }
  return {
    name: 'Offer',
    subject: 'contact',
    enrollment: { reentry: { policy: 'every' }, exit: [], goal: null },
    steps: [
      { id: 'begun', type: 'trigger.event', input: { event: BEGIN } },
      { id: 'which', type: 'flow.branch', input: { cases: kinds.map(is) } },
      ...waits,
      ...waits.map(({ id }) => tag(`tag-${id}`, text)),
    ],
    edges: [
      ['begun', 'which'],
      ...kinds.map((kind) => [`which.${kind}`, kind]),
      ...(version === 2 ? [['which.else', 'fresh']] : []),
      ...waits.map(({ id }) => [`${id}${ports[id] ?? ''}`, `tag-${id}`]),
    ],
  }
}

interface World {
  instance: Instance
  product: Product
  ids: string[]
  options: MigrateOptions
  hold: string
}

export async function migrateScenario(options: MigrateOptions): Promise<MigrateReport> {
  const { seed, runs } = options
  const startedAt = Date.now()
  const instance = await startInstance({ demo: false })
  try {
    const ids = Array.from({ length: runs }, (_, i) => `m${seed}-u${i}`)
    const world = { instance, product: productOf(instance), ids, options, hold: `PT${options.holdSeconds ?? 90}S` }
    await prepare(world)
    const loaded = await load(world)
    const migratedAt = Date.now()
    const id = await publishOver(world)
    const kills = await killInTheMiddle(world, id)
    await insist(() => isDone(world.product, id), 300_000)
    const migrationSeconds = Math.round((Date.now() - migratedAt) / 1000)
    await release(world)
    const beside = await loaded.stop()
    await insist(() => nothingOpen(world), 300_000)
    return {
      seed,
      runs,
      kills,
      ...(await report(world, id)),
      load: await loadReport(world, beside),
      migrationSeconds,
      seconds: Math.round((Date.now() - startedAt) / 1000),
    }
  } finally {
    await instance.stop()
  }
}

/** Contacts of all kinds, each with a run that waits. */
async function prepare({ product, ids, hold }: World): Promise<void> {
  await insist(() => product.connect())
  await insist(() => product.publish('offer', offer(1, hold)))
  await insist(() => product.publish('expansion', EXPANSION))
  await insist(() => product.customers(ids))
  const traits = ids.map((id) => ({ type: 'identify', messageId: `${id}-k`, userId: id, traits: { kind: kindOf(id) } }))
  await insist(() => product.api('POST', '/v1/batch', { batch: traits }))
  const begin = ids.map((id) => ({ type: 'track', messageId: `${id}-b`, userId: id, event: BEGIN, properties: {} }))
  await insist(() => product.api('POST', '/v1/batch', { batch: begin }))
  await insist(async () => {
    const waiting = (await product.runs('offer')).filter(({ status }) => status === 'waiting')
    if (waiting.length !== ids.length) throw new Error(`${waiting.length} of ${ids.length} runs wait.`)
  })
}

/** Other runs that begin and end all the while, some under way at once. */
async function load({ product, options }: World): Promise<{ stop(): Promise<string[]> }> {
  const ids = Array.from({ length: Math.min(200, options.runs) }, (_, i) => `l${options.seed}-u${i}`)
  await insist(() => product.customers(ids))
  let stopped = false
  const sent: string[] = []
  const sender = async (): Promise<void> => {
    for (let id = ids.shift(); id !== undefined && !stopped; id = ids.shift()) {
      const subject = id
      await insist(() => product.track(subject), 300_000)
      sent.push(subject)
      await sleep(400)
    }
  }
  const sending = Promise.all([sender(), sender()])
  return {
    async stop() {
      stopped = true
      await sending
      return sent
    },
  }
}

interface Migration {
  status: string
  counts: { [status: string]: number }
}
const readMigration = (product: Product, id: string) =>
  product.api<{ migration: Migration }>('GET', `/v1/playbooks/offer/migrations/${id}`)

/** The new version, and what becomes of the runs that wait at the steps that it does not have. */
async function publishOver({ product, hold }: World): Promise<string> {
  await insist(() => product.api('PUT', '/v1/playbooks/offer', offer(2, hold)))
  const openRuns = { moves: { old: { to: 'fresh' }, out: { exit: REASON } }, canary: 3, perSecond: PER_SECOND }
  const answer = await product.api<{ migration: { id: string } }>('POST', '/v1/playbooks/offer/publish', { openRuns })
  return answer.migration.id
}

async function killInTheMiddle(
  { instance, product, ids, options }: World,
  id: string,
): Promise<{ [process: string]: number }> {
  const random = seeded(options.seed)
  const order = (options.processes ?? PROCESSES).flatMap((name) =>
    Array.from({ length: options.kills }, () => ({ name, at: random() })),
  )
  const killed: { [process: string]: number } = {}
  for (const [i, { name }] of order.toSorted((a, b) => a.at - b.at).entries()) {
    const share = (i / order.length) * ids.length
    const patience = Date.now() + 15_000
    // The next one when another share of the runs has gone over, or after a while.
    while (Date.now() < patience && (await through(product, id)) < share) await sleep(100)
    await sleep(random() * 500)
    await insist(() => Promise.resolve(instance.kill(name)))
    killed[name] = (killed[name] ?? 0) + 1
  }
  return killed
}

async function through(product: Product, id: string): Promise<number> {
  try {
    const { moved = 0, passed = 0, refused = 0 } = (await readMigration(product, id)).migration.counts
    return moved + passed + refused
  } catch {
    // The API is being killed: asked again.
    return 0
  }
}

async function isDone(product: Product, id: string): Promise<void> {
  const { status, counts } = (await readMigration(product, id)).migration
  if (status !== 'done') throw new Error(`The migration is ${status}: ${JSON.stringify(counts)}`)
}

/** What the waits wait for happens. */
async function release({ product, ids }: World): Promise<void> {
  const batch = ids.flatMap((id): object[] => {
    if (kindOf(id) === 'event') return [{ type: 'track', messageId: `${id}-go`, userId: id, event: GO, properties: {} }]
    return kindOf(id) === 'rule'
      ? [{ type: 'identify', messageId: `${id}-r`, userId: id, traits: { ready: true } }]
      : []
  })
  await insist(() => product.api('POST', '/v1/batch', { batch }))
}

/** Those beside it, too; one too many is for the report to say. */
async function nothingOpen({ product, ids }: World): Promise<void> {
  const all = [...(await product.runs('offer')), ...(await product.runs('expansion'))]
  const open = all.filter(({ status }) => !FINAL.has(status))
  if (all.length < ids.length || open.length > 0)
    throw new Error(
      `${open.length} of ${all.length} runs are open: ${open
        .slice(0, 3)
        .map((r) => `${r.id} ${r.status}`)
        .join(', ')}`,
    )
}

interface Row {
  run: string
  status: string
  reason: string | null
}

async function rowsOf(product: Product, id: string): Promise<Row[]> {
  const rows: Row[] = []
  let cursor: string | null = ''
  while (cursor !== null) {
    const query: string = cursor === '' ? '' : `?cursor=${encodeURIComponent(cursor)}`
    const path = `/v1/playbooks/offer/migrations/${id}${query}`
    const page: { data: Row[]; nextCursor: string | null } = await product.api('GET', path)
    rows.push(...page.data)
    cursor = page.nextCursor
  }
  return rows
}

async function report({ product, ids }: World, id: string): Promise<Pick<MigrateReport, 'told' | 'wrong'>> {
  const rows = new Map((await rowsOf(product, id)).map((row) => [row.run, row]))
  const runs = (await product.runs('offer')) as Array<
    Awaited<ReturnType<Product['runs']>>[number] & { version: number }
  >
  const tags = await tagsOf(product)
  const told: MigrateReport['told'] = {}
  const wrong: string[] = []
  if (runs.length !== ids.length) wrong.push(`There are ${runs.length} runs for ${ids.length} contacts.`)
  for (const run of runs) {
    const row = rows.get(run.id)
    const status = row?.status ?? 'without a row'
    told[status] = (told[status] ?? 0) + 1
    const version = status === 'moved' ? 2 : 1
    const isOut = version === 2 && kindOf(run.subject.externalId) === 'out'
    const expected = [isOut ? 'exited' : 'completed', version, isOut ? '' : `v${version}`]
    const found = [run.status, run.version, (tags.get(run.subject.externalId) ?? []).join(' ')]
    if (JSON.stringify(found) !== JSON.stringify(expected))
      wrong.push(
        `${run.id} (${kindOf(run.subject.externalId)}, ${status}) is ${found.join(', ')} instead of ${expected.join(', ')}`,
      )
  }
  return { told, wrong }
}

async function tagsOf(product: Product): Promise<Map<string, string[]>> {
  const { data } = await product.sandbox<{ data: Array<{ external_id: string; tags: Array<{ name: string }> }> }>(
    'GET',
    'intercom/records/contacts',
  )
  return new Map(data.map((contact) => [contact.external_id, contact.tags.map(({ name }) => name)]))
}

async function loadReport({ product }: World, sent: string[]): Promise<MigrateReport['load']> {
  const tags = await tagsOf(product)
  return { runs: sent.length, wrong: sent.filter((id) => tags.get(id)?.length !== 1).length }
}

export const isClean = ({ wrong, load: beside, told, runs }: MigrateReport): boolean =>
  wrong.length === 0 && beside.wrong === 0 && (told.moved ?? 0) + (told.passed ?? 0) === runs

if (isMain(import.meta.url)) {
  const { values } = parseArgs({
    options: {
      runs: { type: 'string', default: '200' },
      kills: { type: 'string', default: '3' },
      seed: { type: 'string', default: '1' },
    },
  })
  const { runs, kills, seed } = values
  const result = await migrateScenario({ runs: Number(runs), kills: Number(kills), seed: Number(seed) })
  console.log(JSON.stringify(result, null, 1))
  console.log(isClean(result) ? 'Each run ended once, under the version that was said.' : 'NOT clean: see above.')
  process.exit(isClean(result) ? 0 : 1)
}
