import AxeBuilder from '@axe-core/playwright'
import type { Page } from 'playwright-core'
import { afterAll, beforeAll, expect, it } from 'vitest'
import { type App, openApp, pictureFailures, PATIENTLY } from '../helpers/app-driver.ts'
import { type Instance, startInstance } from '../helpers/instance.ts'
import { until } from '../helpers/until.ts'
import { type Product, productOf } from '../scenarios/product.ts'

// The demo workspace, so that no page is looked at empty, and beside it what the demo has none of: a question, and a
// run that failed and was rerun.

const common = { subject: 'contact', enrollment: { reentry: { policy: 'every' }, exit: [], goal: null } }
const start = { id: 'start', type: 'trigger.manual', input: {}, at: [0, 0] }
const QUESTION = 'Give them 20 % off?'
const OFFER = {
  ...common,
  name: 'Zoned offer',
  steps: [
    start,
    {
      id: 'ask',
      type: 'flow.approval',
      input: { title: QUESTION, text: 'For a year.', link: 'mayAnswer', maxWait: 'P3D' },
      at: [0, 140],
    },
  ],
  edges: [['start', 'ask']],
}
const BROKEN = {
  ...common,
  name: 'Zoned orders',
  steps: [start, { id: 'orders', type: 'flow.forEach', input: { list: 'trigger.data.orders' }, at: [0, 140] }],
  edges: [['start', 'orders']],
}

let instance: Instance
let app: App
let product: Product
/** The playbook of the demo that is looked at in the editor. */
let drawn: { slug: string; name: string }
let asked: string

beforeAll(async () => {
  instance = await startInstance()
  product = productOf(instance)
  const opened = openApp(instance)
  const { data: playbooks } = await product.api<{ data: Array<typeof drawn> }>('GET', '/v1/playbooks')
  const [first] = playbooks
  if (first === undefined) throw new Error('The demo has no playbook.')
  drawn = first
  await product.publish('offer', OFFER)
  await product.publish('orders', BROKEN)
  asked = await started('offer')
  const failed = await started('orders', 'three, which is no list')
  await product.api('POST', `/v1/playbooks/${drawn.slug}/tests`, {
    name: 'What Ada gets',
    from: { dryRun: { subject: { madeUp: { contact: { name: 'Ada' } } } } },
  })
  await until('the run has failed', async () => (await runOf(failed)).status === 'failed')
  await product.api('POST', '/v1/reruns', { filter: { playbook: 'orders' } })
  await until('somebody is asked', async () => (await runOf(asked)).status === 'waiting')
  app = await opened
}, 240_000)

async function started(slug: string, orders?: string): Promise<string> {
  const { data } = await product.api<{ data: Array<{ id: string }> }>('GET', '/v1/contacts')
  const { run } = await product.api<{ run: { id: string } }>('POST', `/v1/playbooks/${slug}/runs`, {
    subject: { contact: data[0]?.id },
    data: { orders },
  })
  return run.id
}
const runOf = async (id: string) => (await product.api<{ run: { status: string } }>('GET', `/v1/runs/${id}`)).run

pictureFailures(() => app)
afterAll(async () => {
  await app?.close()
  await instance?.stop()
})

const SECTIONS = [
  'Playbooks',
  'Runs',
  'Waiting for you',
  'Reviews',
  'Alerts',
  'Signals',
  'Segments',
  'Scores',
  'Computed properties',
  'Events',
  'Contacts',
  'Accounts',
  'Duplicates',
  'Imports',
  'Connections',
  'Sandbox',
  'Going live',
  'Settings',
  'Reaching people',
  'Privacy',
  'Data',
]
/** Lists whose first entry has a page of its own. */
const WITH_DETAILS = ['Runs', 'Signals', 'Segments', 'Scores', 'Computed properties', 'Contacts', 'Accounts']

it('no page has a serious or critical violation, in light and in dark', async () => {
  const { page } = app
  await page.goto(app.url)
  await page.getByRole('button', { name: 'Sign in' }).waitFor()
  const found = await violations('Sign in')
  await wear('light')
  await app.signIn()
  for (const section of SECTIONS) {
    await app.open(section)
    await shown(section)
    found.push(...(await violations(section)))
    if (!WITH_DETAILS.includes(section)) continue
    await page.getByRole('main').getByRole('table').getByRole('link').first().click()
    await expect.poll(() => new URL(page.url()).pathname.split('/').length, PATIENTLY).toBeGreaterThan(2)
    await settled()
    found.push(...(await violations(`one of ${section}`)))
    await page.goBack()
    await shown(section)
  }
  expect(found).toEqual([])
  expect(app.faults).toEqual([])
}, 240_000)

it('nor has a rerun, or what a person is asked', async () => {
  const { page } = app
  await app.open('Runs')
  await page.getByRole('link', { name: 'Rerun failed' }).click()
  await shown('Rerun failed runs')
  const found = await violations('New rerun')
  await page.goto(`${app.url}/reruns`)
  await shown('Reruns')
  found.push(...(await violations('Reruns')))
  await page.getByRole('table', { name: 'Reruns' }).getByRole('link').first().click()
  await shown(/^Rerun of/)
  found.push(...(await violations('one of Reruns')))
  const { link, ask } = await page.evaluate(questionOf, asked)
  await page.goto(`${app.url}/waiting/${ask}`)
  await page.getByRole('heading', { name: QUESTION }).waitFor()
  await settled()
  found.push(...(await violations('one of Waiting for you')))
  await page.goto(app.url + new URL(link).pathname)
  await page.getByRole('heading', { name: QUESTION }).waitFor()
  await page.locator('summary').click()
  found.push(...(await violations('Public page of a question')))
  expect(found).toEqual([])
  expect(app.faults).toEqual([])
}, 240_000)

it('nor has a dialog by which a run is led, the editor, or what is tried in it', async () => {
  const { page } = app
  await page.goto(`${app.url}/runs/${asked}`)
  const found: string[] = []
  for (const [button, title] of [
    ['Pause', 'Pause this run'],
    ['Cancel run', 'Cancel this run'],
  ] as const) {
    await page.getByRole('button', { name: button, exact: true }).click()
    await page.getByRole('dialog', { name: title }).waitFor()
    found.push(...(await violations(title)))
    await page.keyboard.press('Escape')
    await page.getByRole('dialog', { name: title }).waitFor({ state: 'detached' })
  }
  found.push(...(await editorViolations()))
  expect(found).toEqual([])
  expect(app.faults).toEqual([])
}, 240_000)

/** In the page, as who is signed in: the question of a run, and the link to it. */
async function questionOf(run: string): Promise<{ ask: string; link: string }> {
  const read = async (path: string) => (await fetch(path)).json()
  const { steps }: { steps: Array<{ id: string; output: { link: string } | null }> } = await read(`/v1/runs/${run}`)
  const { data }: { data: Array<{ id: string }> } = await read('/v1/asks')
  const link = steps.find(({ id }) => id === 'ask')?.output?.link
  const ask = data[0]?.id
  if (link === undefined || ask === undefined) throw new Error('Nobody was asked.')
  return { ask, link }
}

async function editorViolations(): Promise<string[]> {
  const { page } = app
  await app.open('Playbooks')
  await page.getByRole('button', { name: 'New playbook' }).click()
  await page.getByRole('dialog', { name: 'New playbook' }).waitFor()
  const found = await violations('New playbook')
  await page.keyboard.press('Escape')
  await page.getByRole('table', { name: 'Playbooks' }).getByRole('link', { name: drawn.name, exact: true }).click()
  const canvas = page.getByRole('region', { name: 'Canvas' })
  await canvas.waitFor()
  found.push(...(await violations('Editor')))
  await more('Open runs and versions')
  const versions = page.getByRole('dialog', { name: 'Open runs and versions' })
  await versions.waitFor()
  await settled()
  found.push(...(await violations('Open runs and versions')))
  await page.keyboard.press('Escape')
  await versions.waitFor({ state: 'detached' })
  found.push(...(await trialViolations()))
  await canvas.getByRole('group').first().click()
  found.push(...(await violations('Step form')))
  await page.keyboard.press('a')
  await page.getByRole('dialog', { name: 'Add step' }).waitFor()
  found.push(...(await violations('Step picker')))
  return found
}

/** What a draft is tried with: a backtest by the worker, drawn on the canvas, and tests. */
async function trialViolations(): Promise<string[]> {
  const { page } = app
  await more('Backtest')
  await page.getByRole('button', { name: 'Start', exact: true }).click()
  await page.getByRole('region', { name: 'Result of the backtest' }).waitFor()
  await page.getByRole('region', { name: 'Canvas' }).locator('.sb-edge-label').first().waitFor()
  const found = await violations('Backtest')
  await page.getByRole('complementary', { name: 'Backtest' }).getByText('Tests', { exact: true }).click()
  await page.getByRole('region', { name: 'Results of the tests' }).getByRole('heading').first().waitFor()
  found.push(...(await violations('Tests')))
  await page.getByRole('complementary', { name: 'Tests' }).getByRole('button', { name: 'Close' }).click()
  return found
}

async function more(item: string): Promise<void> {
  const { page } = app
  await page.getByRole('button', { name: 'More' }).click()
  await page.getByRole('menuitem', { name: item }).click()
}

async function shown(heading: string | RegExp): Promise<void> {
  await app.page.getByRole('heading', { name: heading, level: 1 }).waitFor()
  await settled()
}

/** Everything that was asked for is there, and nothing is on its way from one look to another. */
async function settled(): Promise<void> {
  const { page } = app
  await expect.poll(() => page.locator('[aria-busy="true"]').count(), PATIENTLY).toBe(0)
}

type Scheme = 'light' | 'dark'
let worn: Scheme = 'light'

async function wear(scheme: Scheme): Promise<void> {
  const { page } = app
  worn = scheme
  await page.emulateMedia({ colorScheme: scheme })
  await page.locator(`html:not([data-mantine-color-scheme="${scheme === 'light' ? 'dark' : 'light'}"])`).waitFor()
  await page.evaluate(() => document.getAnimations().forEach((animation) => animation.finish()))
}

/** All rules in the appearance that is worn already; in the other only what changes with it, colours. */
async function violations(where: string): Promise<string[]> {
  const first = worn
  const whole = await look(app.page).analyze()
  const second = first === 'light' ? 'dark' : 'light'
  await wear(second)
  const colours = await look(app.page).withRules(['color-contrast']).analyze()
  return [...serious(`${where} (${first})`, whole), ...serious(`${where} (${second})`, colours)]
}

// There are no frames here, and what is well is not told of: without either it takes a third of the time.
const look = (page: Page): AxeBuilder =>
  new AxeBuilder({ page }).setLegacyMode(true).options({ resultTypes: ['violations'] })

type Results = Awaited<ReturnType<AxeBuilder['analyze']>>

const serious = (where: string, results: Results): string[] =>
  results.violations
    .filter(({ impact }) => impact === 'serious' || impact === 'critical')
    .map(({ id, nodes }) => `${where}: ${id} at ${nodes.map(({ target }) => target.join(' ')).join(', ')}`)
