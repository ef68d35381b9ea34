import { parseArgs } from 'node:util'
import type { RerunView } from '../../api/reruns/rerun-schemas.ts'
import { type Instance, startInstance } from '../helpers/instance.ts'
import { isMain } from '../helpers/is-main.ts'
import { allOver, EXPANSION, insist, type Product, productOf, sleep } from './product.ts'

/**
 * An outage that no repeat mends: every write of every run is refused, and all runs fail. Then it is mended, and they
 * are done again together: one, ten, the rest. The worker is killed on the way.
 * `node test/scenarios/bulk-rerun.ts --runs 500 --kills 2`
 */
export interface BulkRerunReport {
  runs: number
  failed: number
  /** As the preview counted them. */
  previewed: number
  kills: number
  passed: number
  /** Runs that began before all of the stage before theirs were behind their failed steps. */
  outOfOrder: number
  mostUnderWay: number
  completed: number
  /** Contacts with exactly one tag, accounts with exactly one opportunity. */
  taggedOnce: number
  opportunityOnce: number
  /** Writes that the ledger says have landed. */
  landed: number
  secondsOfRerun: number
}

const PLAYBOOK = 'expansion'

export async function bulkRerunScenario(options: { runs: number; kills: number }): Promise<BulkRerunReport> {
  const instance = await startInstance({ demo: false })
  try {
    return await scenario(instance, options)
  } finally {
    await instance.stop()
  }
}

async function scenario(
  instance: Instance,
  { runs, kills }: { runs: number; kills: number },
): Promise<BulkRerunReport> {
  const product = productOf(instance)
  await product.connect()
  await product.publish(PLAYBOOK, EXPANSION)
  const ids = Array.from({ length: runs }, (_, i) => `c${i}`)
  await product.customers(ids)
  const refusal = { match: { path: '/intercom' }, times: null, seed: 1, rate: 1, when: 'before', status: 422 }
  await product.sandbox('POST', 'intercom/faults', refusal)
  for (const id of ids) await product.track(id)
  await insist(() => allOver(product, { playbook: PLAYBOOK, runs }), 300_000)
  const failed = (await product.runs(PLAYBOOK)).filter(({ status }) => status === 'failed').length
  await product.sandbox('DELETE', 'intercom/faults')

  const filter = { playbook: PLAYBOOK }
  const { count: previewed } = await product.api<{ count: number }>('POST', '/v1/reruns/preview', { filter })
  const begunAt = performance.now()
  const { id } = await product.api<{ id: string }>('POST', '/v1/reruns', { filter })
  const { view, killed, mostUnderWay } = await watched({ instance, product, id, kills })
  const seconds = (performance.now() - begunAt) / 1000
  await insist(() => allOver(product, { playbook: PLAYBOOK, runs }), 60_000)
  const tags = countBy(await product.tagged())
  const opportunities = countBy(await product.opportunities())
  return {
    runs,
    failed,
    previewed,
    kills: killed,
    passed: view.counts.passed,
    outOfOrder: outOfOrder(view.runs),
    mostUnderWay,
    completed: (await product.runs(PLAYBOOK)).filter(({ status }) => status === 'completed').length,
    taggedOnce: ids.filter((contact) => tags.get(contact) === 1).length,
    opportunityOnce: ids.filter((contact) => opportunities.get(`Expansion: Acme ${contact}`) === 1).length,
    landed: await landedWrites(product),
    secondsOfRerun: Math.round(seconds * 10) / 10,
  }
}

interface Watched {
  instance: Instance
  product: Product
  id: string
  kills: number
}

/** Looks until it is over, and kills the worker each time another share of the runs is through. */
async function watched({ instance, product, id, kills }: Watched) {
  let killed = 0
  let mostUnderWay = 0
  for (const end = Date.now() + 600_000; Date.now() < end; ) {
    const view = await insist(() => product.api<RerunView>('GET', `/v1/reruns/${id}`))
    mostUnderWay = Math.max(mostUnderWay, view.counts.begun)
    if (view.status !== 'running') return { view, killed, mostUnderWay }
    if (killed < kills && view.counts.passed >= ((killed + 1) / (kills + 1)) * view.total) {
      instance.kill('worker')
      killed += 1
    }
    await sleep(50)
  }
  throw new Error('The rerun did not end in ten minutes.')
}

/** The first alone, the next ten after it, the rest after those. */
function outOfOrder(runs: RerunView['runs']): number {
  const at = (time: string | null): number => Date.parse(time ?? '')
  const stages = [runs.slice(0, 1), runs.slice(1, 11), runs.slice(11)]
  return stages.reduce((wrong, stage, i) => {
    const before = Math.max(0, ...(stages[i - 1] ?? []).map((run) => at(run.endedAt)))
    return wrong + stage.filter((run) => !(at(run.begunAt) >= before)).length
  }, 0)
}

async function landedWrites(product: Product): Promise<number> {
  let landed = 0
  for (const { id } of await product.runs(PLAYBOOK)) {
    const view = await product.api<{ steps: Array<{ effect: { status: string } | null }> }>('GET', `/v1/runs/${id}`)
    landed += view.steps.filter(({ effect }) => effect?.status === 'landed').length
  }
  return landed
}

function countBy(words: string[]): Map<string, number> {
  const counts = new Map<string, number>()
  for (const word of words) counts.set(word, (counts.get(word) ?? 0) + 1)
  return counts
}

/** Whether it went as it should. */
export const isClean = (report: BulkRerunReport): boolean =>
  [report.failed, report.previewed, report.passed, report.completed, report.taggedOnce, report.opportunityOnce].every(
    (n) => n === report.runs,
  ) &&
  report.landed === 2 * report.runs &&
  report.outOfOrder === 0 &&
  report.mostUnderWay <= 25

if (isMain(import.meta.url)) {
  const { values } = parseArgs({
    options: { runs: { type: 'string', default: '500' }, kills: { type: 'string', default: '2' } },
  })
  const report = await bulkRerunScenario({ runs: Number(values.runs), kills: Number(values.kills) })
  console.table(report)
  console.log(isClean(report) ? 'Each stage in its turn, nothing twice.' : 'NOT clean: see above.')
  process.exitCode = isClean(report) ? 0 : 1
}
