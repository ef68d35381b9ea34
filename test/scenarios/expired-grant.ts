import { parseArgs } from 'node:util'
import { type App, openApp } from '../helpers/app-driver.ts'
import { type Instance, startInstance } from '../helpers/instance.ts'
import { isMain } from '../helpers/is-main.ts'
import { sandboxControl } from '../helpers/sandbox-control.ts'
import { until } from '../helpers/until.ts'
import { EXPANSION, type Product, productOf } from './product.ts'

/**
 * The Salesforce grant ends while runs are on their way: one connection is paused, its runs are held, none fails; after
 * a person has reconnected it on Salesforce's page all of them end, each with one tag and one opportunity.
 * `node test/scenarios/expired-grant.ts --runs 50`
 */
export interface ExpiredGrantReport {
  runs: number
  /** While the grant was gone. */
  pausedConnections: number
  held: number
  failed: number
  opportunitiesBefore: number
  /** After reconnecting. */
  completed: number
  contactsTaggedOnce: number
  opportunities: number
  accountsWithSeveralOpportunities: number
  secondsFromReconnectToDone: number
}

const PLAYBOOK = 'expansion'

/** @param look called while the runs are held, with the app open */
export async function expiredGrantScenario(
  runs: number,
  look: (app: App) => Promise<void> = async () => undefined,
): Promise<ExpiredGrantReport> {
  const instance = await startInstance({ demo: false })
  try {
    const app = await openApp(instance)
    try {
      return await scenario({ instance, app, runs, look })
    } finally {
      await app.close()
    }
  } finally {
    await instance.stop()
  }
}

interface Stage {
  instance: Instance
  app: App
  runs: number
  look: (app: App) => Promise<void>
}

async function scenario({ instance, app, runs, look }: Stage): Promise<ExpiredGrantReport> {
  const product = productOf(instance)
  await app.signIn()
  await app.connect('Intercom')
  await app.connect('Salesforce')
  await product.publish(PLAYBOOK, EXPANSION)
  const ids = Array.from({ length: runs }, (_, i) => `c${i}`)
  await product.customers(ids)

  await sandboxControl(instance, 'salesforce').expire('refresh')
  for (const id of ids) await product.track(id)
  await until('every run is held', async () => (await statuses(product)).held === runs)
  const before = await statuses(product)
  const opportunitiesBefore = (await product.opportunities()).length
  const pausedConnections = await countPaused(product)
  await look(app)

  const reconnectedAt = performance.now()
  await reconnect(app)
  await until('every run has ended', async () => (await statuses(product)).completed === runs)
  const seconds = (performance.now() - reconnectedAt) / 1000
  const tags = countEach(await product.tagged())
  const opportunities = countEach(await product.opportunities())
  return {
    runs,
    pausedConnections,
    held: before.held ?? 0,
    failed: before.failed ?? 0,
    opportunitiesBefore,
    completed: (await statuses(product)).completed ?? 0,
    contactsTaggedOnce: [...tags.values()].filter((times) => times === 1).length,
    opportunities: opportunities.size,
    accountsWithSeveralOpportunities: [...opportunities.values()].filter((times) => times > 1).length,
    secondsFromReconnectToDone: Math.round(seconds * 10) / 10,
  }
}

/** Whether it went as it should. */
export const isClean = (report: ExpiredGrantReport): boolean =>
  report.pausedConnections === 1 &&
  report.held === report.runs &&
  report.failed === 0 &&
  report.opportunitiesBefore === 0 &&
  report.completed === report.runs &&
  report.contactsTaggedOnce === report.runs &&
  report.opportunities === report.runs &&
  report.accountsWithSeveralOpportunities === 0

async function reconnect({ page, open }: App): Promise<void> {
  await open('Connections')
  const salesforce = page.getByRole('region', { name: 'Salesforce' })
  await salesforce.getByRole('button', { name: 'Reconnect' }).click()
  await page.getByRole('button', { name: 'Sign in to Salesforce' }).click()
  await page.getByRole('button', { name: 'Allow' }).click()
  await salesforce.getByText('Connected').waitFor()
}

async function statuses(product: Product): Promise<{ [status: string]: number }> {
  return Object.fromEntries(countEach((await product.runs(PLAYBOOK)).map(({ status }) => status)))
}

async function countPaused(product: Product): Promise<number> {
  const { data } = await product.api<{ data: Array<{ status: string }> }>('GET', '/v1/connections')
  return data.filter(({ status }) => status === 'paused').length
}

function countEach(words: string[]): Map<string, number> {
  const counts = new Map<string, number>()
  for (const word of words) counts.set(word, (counts.get(word) ?? 0) + 1)
  return counts
}

if (isMain(import.meta.url)) {
  const { values } = parseArgs({ options: { runs: { type: 'string', default: '50' } } })
  const report = await expiredGrantScenario(Number(values.runs))
  console.table(report)
  process.exitCode = isClean(report) ? 0 : 1
}
