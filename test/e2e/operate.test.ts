import AxeBuilder from '@axe-core/playwright'
import { afterAll, beforeAll, expect, it } from 'vitest'
import { type App, openApp, pictureFailures } from '../helpers/app-driver.ts'
import { type Instance, startInstance } from '../helpers/instance.ts'
import { until } from '../helpers/until.ts'
import { type Product, productOf } from '../scenarios/product.ts'

// What people do with runs that are under way. Ada is on the team plan and waits; Ben is not, and is through at once.
//
//   Started by hand --> Branch --team--> Cool down (1 day) --> Exit           version 2: --> Second look (1 day) --> Exit
//                          \--else--> Exit

const DAY = { mode: 'for', for: 'P1D' }
const ON_TEAM = { port: 'team', if: { property: 'contact.plan', op: 'eq', value: 'team' } }

const welcome = (version: 1 | 2) => ({
  name: 'Welcome',
  subject: 'contact',
  enrollment: { reentry: { policy: 'every' }, exit: [], goal: null },
  steps: [
    { id: 'start', type: 'trigger.manual', input: {}, at: [0, 0] },
    { id: 'which', type: 'flow.branch', input: { cases: [ON_TEAM] }, at: [0, 140] },
    { id: 'cool', type: 'flow.delay', label: 'Cool down', input: DAY, at: [-120, 280] },
    ...(version === 1 ? [] : [{ id: 'look', type: 'flow.delay', label: 'Second look', input: DAY, at: [-120, 420] }]),
    { id: 'welcomed', type: 'flow.exit', input: { reason: 'Welcomed' }, at: [-120, 560] },
    { id: 'passed', type: 'flow.exit', input: { reason: 'Not on the team plan' }, at: [180, 280] },
  ],
  edges: [
    ['start', 'which'],
    ['which.team', 'cool'],
    ...(version === 1
      ? [['cool', 'welcomed']]
      : [
          ['cool', 'look'],
          ['look', 'welcomed'],
        ]),
    ['which.else', 'passed'],
  ],
})

let instance: Instance
let app: App
let product: Product
let ada: string

beforeAll(async () => {
  instance = await startInstance({ demo: false })
  product = productOf(instance)
  app = await openApp(instance)
  await product.api('POST', '/v1/batch', {
    batch: [
      { type: 'identify', userId: 'ada', traits: { name: 'Ada', plan: 'team' } },
      { type: 'identify', userId: 'ben', traits: { name: 'Ben', plan: 'trial' } },
    ],
  })
  await product.publish('welcome', welcome(1))
  ada = await run('ada', 'waiting')
}, 180_000)

pictureFailures(() => app)
afterAll(async () => {
  await app?.close()
  await instance?.stop()
})

/** Starts a run for somebody, and waits until it has come so far. */
async function run(contact: string, status: string): Promise<string> {
  const { run: begun } = await until(`${contact} is known`, () =>
    product.api<{ run: { id: string } }>('POST', '/v1/playbooks/welcome/runs', { subject: { contact } }),
  )
  await until(`the run of ${contact} is ${status}`, async () => {
    const { data } = await product.api<{ data: Array<{ id: string; status: string }> }>('GET', '/v1/runs')
    return data.some((one) => one.id === begun.id && one.status === status)
  })
  return begun.id
}

const isClean = async () => {
  const { violations } = await new AxeBuilder({ page: app.page }).analyze()
  expect(violations.filter(({ impact }) => impact === 'serious' || impact === 'critical')).toEqual([])
}
const status = (words: string) => app.page.getByRole('status').getByText(words).first().waitFor()
const openRun = async (id: string) => {
  await app.page.goto(`${app.url}/runs/${id}`)
  await app.page.getByRole('region', { name: 'Timeline' }).waitFor()
}
const choose = (step: string) =>
  app.page.getByRole('region', { name: 'Timeline' }).getByRole('button', { name: step }).first().click()

it('pauses a run, says why on it, and lets it go on', async () => {
  const { page } = app
  await app.signIn()
  await openRun(ada)
  await page.getByRole('button', { name: 'Pause', exact: true }).click()
  const dialog = page.getByRole('dialog', { name: 'Pause this run' })
  await dialog.getByRole('textbox', { name: 'Reason' }).fill('Looking into it')
  await isClean()
  await dialog.getByRole('button', { name: 'Pause the run' }).click()
  await status('Held')
  await page.locator('header').getByText('Looking into it').waitFor()
  await page.getByRole('button', { name: 'Continue' }).click()
  await status('Waiting')
})

it('publishes a version that open runs go over to, and shows how that went', async () => {
  const { page } = app
  await product.api('PUT', '/v1/playbooks/welcome', welcome(2))
  await page.goto(`${app.url}/playbooks/welcome`)
  await page.getByRole('button', { name: 'Publish', exact: true }).click()
  const publishing = page.getByRole('dialog', { name: 'Publish' })
  await publishing.getByRole('radio', { name: /^They go over to the new version/ }).check()
  await publishing.getByText('1 run of version 1 at “Cool down”').waitFor()
  await isClean()
  await publishing.getByRole('button', { name: 'Publish version 2' }).click()
  const versions = page.getByRole('dialog', { name: 'Open runs and versions' })
  await versions.getByRole('status').getByText('1 run to version 2: Done').waitFor()
  await versions.getByText('1 gone over').waitFor()
  await isClean()
  await openRun(ada)
  await page.getByRole('link', { name: 'Welcome v2' }).waitFor()
})

it('leads a run past its waits, and says under which version each step was', async () => {
  const { page } = app
  const step = page.getByRole('complementary', { name: 'Step', exact: true })
  await openRun(ada)
  for (const [wait, next] of [
    ['Cool down', 'Waiting'],
    ['Second look', 'Exited'],
  ] as const) {
    await choose(wait)
    await step.getByRole('button', { name: 'Skip the wait' }).click()
    const dialog = page.getByRole('dialog', { name: `Skip “${wait}”` })
    await dialog.getByRole('button', { name: 'Skip it' }).click()
    await dialog.waitFor({ state: 'hidden' })
    await step.getByRole('button', { name: 'Close' }).click()
    await status(next)
  }
  await choose('Branch')
  await step.getByText('under version 1').waitFor()
})

it('keeps a run as a test, says which runs cannot be kept, and plays the tests of the draft', async () => {
  const { page } = app
  const keep = async (id: string, name: string) => {
    await openRun(id)
    await page.getByRole('button', { name: 'Save as test' }).click()
    await page.getByRole('textbox', { name: 'Name of the test' }).fill(name)
    await page.getByRole('button', { name: 'Save', exact: true }).click()
  }
  await keep(ada, 'Went over')
  await page.getByRole('alert').getByText('The run went over to another version on its way').waitFor()
  await keep(await run('ben', 'exited'), 'Who is not on the team plan')
  await page.getByText('It is a test of the playbook now.').waitFor()
  await page.goto(`${app.url}/playbooks/welcome`)
  await page.getByRole('button', { name: 'More' }).click()
  await page.getByRole('menuitem', { name: 'Tests' }).click()
  const results = page.getByRole('region', { name: 'Results of the tests' })
  await results.getByText('1 passed, 0 failed').waitFor()
  await results.getByRole('region', { name: 'Who is not on the team plan' }).getByLabel('Passes').waitFor()
  await isClean()
  expect(app.faults).toEqual([])
})
