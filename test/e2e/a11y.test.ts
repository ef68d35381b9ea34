import AxeBuilder from '@axe-core/playwright'
import type { Page } from 'playwright-core'
import { afterAll, beforeAll, expect, it } from 'vitest'
import { type App, openApp, pictureFailures, PATIENTLY } from '../helpers/app-driver.ts'
import { type Instance, startInstance } from '../helpers/instance.ts'

// The demo workspace, so that no page is looked at empty.

let instance: Instance
let app: App

beforeAll(async () => {
  instance = await startInstance()
  app = await openApp(instance)
}, 180_000)

pictureFailures(() => app)
afterAll(async () => {
  await app?.close()
  await instance?.stop()
})

const SECTIONS = [
  'Playbooks',
  'Runs',
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

it('no page and no dialog has a serious or critical violation, in light and in dark', async () => {
  const { page } = app
  await page.goto(app.url)
  await page.getByRole('button', { name: 'Sign in' }).waitFor()
  const found = await violations('Sign in')
  await app.signIn()
  for (const section of SECTIONS) {
    await app.open(section)
    await page.getByRole('heading', { name: section, level: 1 }).waitFor()
    await settled()
    found.push(...(await violations(section)))
    if (!WITH_DETAILS.includes(section)) continue
    await page.getByRole('main').getByRole('table').getByRole('link').first().click()
    await expect.poll(() => new URL(page.url()).pathname.split('/').length, PATIENTLY).toBeGreaterThan(2)
    await settled()
    found.push(...(await violations(`one of ${section}`)))
    await page.goBack()
    await page.getByRole('heading', { name: section, level: 1 }).waitFor()
  }
  await app.open('Runs')
  await page.getByRole('link', { name: 'Rerun failed' }).click()
  await page.getByRole('heading', { name: 'Rerun failed runs', level: 1 }).waitFor()
  await settled()
  found.push(...(await violations('Rerun')))
  found.push(...(await editorViolations()))
  expect(found).toEqual([])
  expect(app.faults).toEqual([])
}, 240_000)

async function editorViolations(): Promise<string[]> {
  const { page } = app
  await app.open('Playbooks')
  await page.getByRole('button', { name: 'New playbook' }).click()
  await page.getByRole('dialog', { name: 'New playbook' }).waitFor()
  const found = await violations('New playbook')
  await page.keyboard.press('Escape')
  await page.getByRole('table', { name: 'Playbooks' }).getByRole('link').first().click()
  const canvas = page.getByRole('region', { name: 'Canvas' })
  await canvas.waitFor()
  found.push(...(await violations('Editor')))
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
  await page.getByRole('button', { name: 'More' }).click()
  await page.getByRole('menuitem', { name: 'Backtest' }).click()
  await page.getByRole('button', { name: 'Start', exact: true }).click()
  await page.getByRole('region', { name: 'Result of the backtest' }).waitFor()
  await page.getByRole('region', { name: 'Canvas' }).locator('.sb-edge-label').first().waitFor()
  const found = await violations('Backtest')
  await page.getByRole('complementary', { name: 'Backtest' }).getByText('Tests', { exact: true }).click()
  await page.getByText('There are no tests yet.').waitFor()
  found.push(...(await violations('Tests')))
  await page.getByRole('complementary', { name: 'Tests' }).getByRole('button', { name: 'Close' }).click()
  return found
}

/** Everything that was asked for is there, and nothing is on its way from one look to another. */
async function settled(): Promise<void> {
  const { page } = app
  await expect.poll(() => page.locator('[aria-busy="true"]').count(), PATIENTLY).toBe(0)
}

async function wear(scheme: 'light' | 'dark'): Promise<void> {
  const { page } = app
  await page.emulateMedia({ colorScheme: scheme })
  await page.locator(`html[data-mantine-color-scheme="${scheme}"]`).waitFor()
  await page.evaluate(() => document.getAnimations().forEach((animation) => animation.finish()))
}

async function violations(where: string): Promise<string[]> {
  const { page } = app
  const light = await look(page).analyze()
  await wear('dark')
  // What changes with the appearance is colours alone.
  const dark = await look(page).withRules(['color-contrast']).analyze()
  await wear('light')
  return [...serious(`${where} (light)`, light), ...serious(`${where} (dark)`, dark)]
}

// There are no frames here; without looking for them it takes a third of the time.
const look = (page: Page): AxeBuilder => new AxeBuilder({ page }).setLegacyMode(true)

type Results = Awaited<ReturnType<AxeBuilder['analyze']>>

const serious = (where: string, results: Results): string[] =>
  results.violations
    .filter(({ impact }) => impact === 'serious' || impact === 'critical')
    .map(({ id, nodes }) => `${where}: ${id} at ${nodes.map(({ target }) => target.join(' ')).join(', ')}`)
