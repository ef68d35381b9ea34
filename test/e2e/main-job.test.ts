import { Analytics } from '@segment/analytics-node'
import type { Locator } from 'playwright-core'
import { afterAll, beforeAll, expect, it } from 'vitest'
import { type App, openApp, pictureFailures, PATIENTLY } from '../helpers/app-driver.ts'
import { type Instance, startInstance } from '../helpers/instance.ts'
import { type SandboxControl, sandboxControl } from '../helpers/sandbox-control.ts'
import { until } from '../helpers/until.ts'

// The first thing a newcomer does, in a real browser, with mouse and keyboard alone; data comes by Segment's own library.
//
//   Event happens --> Branch --over-100--> Tag contact --> Create opportunity
//                        \--else (nothing)

let instance: Instance
let app: App
let intercom: SandboxControl
let salesforce: SandboxControl

beforeAll(async () => {
  instance = await startInstance({ demo: false })
  app = await openApp(instance)
  intercom = sandboxControl(instance, 'intercom')
  salesforce = sandboxControl(instance, 'salesforce')
  await intercom.add('contacts', {
    role: 'user',
    external_id: 'ada',
    email: 'ada@northwind.example',
    name: 'Ada Lovelace',
  })
}, 120_000)

pictureFailures(() => app)
afterAll(async () => {
  await app?.close()
  await instance?.stop()
})

it('a person signs in, connects both systems, draws the playbook, publishes it, and sees one event do its work', async () => {
  const { page } = app
  await app.signIn()
  await app.picture('01-first-look')
  await app.connect('Intercom')
  await app.connect('Salesforce')
  await app.picture('02-connections')
  await segment(async (analytics) => {
    analytics.identify({ userId: 'ada', traits: { name: 'Ada Lovelace', email: 'ada@northwind.example' } })
    analytics.group({ userId: 'ada', groupId: 'northwind', traits: { name: 'Northwind Traders', mrr: 200 } })
  })
  await untilKnown('account.mrr')

  await draw()
  await publish()

  // The vendors stand still, so that one can look at a run while it goes on.
  instance.kill('sandbox', 'SIGSTOP')
  try {
    await segment(async (analytics) => {
      const context = { groupId: 'northwind' }
      analytics.track({ userId: 'ada', event: 'Seat Limit Reached', properties: { seats: 12 }, context })
    })
    await until('the run has begun', async () => (await runCount()) === 1)
    await app.open('Runs')
    await page.getByRole('link', { name: 'Ada Lovelace' }).click()
    await canvas().getByText('Acting').waitFor()
    await app.picture('08-run-under-way')
  } finally {
    instance.kill('sandbox', 'SIGCONT')
  }
  await page.getByRole('status').getByText('Completed').waitFor()
  // Nobody has loaded the page again: it followed the run by itself.
  expect(await canvas().getByText('Done').count()).toBe(4)
  await app.picture('09-run-completed')

  const [tagged, ...otherContacts] = await intercom.records('contacts')
  expect(otherContacts).toEqual([])
  expect(tagged).toMatchObject({ external_id: 'ada', tags: [{ name: 'expansion' }] })
  const opportunities = await salesforce.records('Opportunity')
  expect(opportunities).toHaveLength(1)
  expect(opportunities[0]).toMatchObject({
    Name: 'Expansion: Northwind Traders',
    StageName: 'Prospecting',
    Amount: 2400,
  })
  expect(app.faults).toEqual([])
}, 180_000)

async function draw(): Promise<void> {
  const { page } = app
  await app.open('Playbooks')
  await page.getByRole('button', { name: 'New playbook' }).click()
  const dialog = page.getByRole('dialog', { name: 'New playbook' })
  await dialog.getByRole('textbox', { name: 'Name' }).fill('Seat limit to opportunity')
  await dialog.getByRole('button', { name: 'Create' }).click()
  const canvas = page.getByRole('region', { name: 'Canvas' })
  await canvas.waitFor()
  await app.picture('03-empty-canvas')

  const palette = page.getByRole('complementary', { name: 'Steps' })
  const trigger = palette.getByRole('button', { name: 'Event happens' })
  await trigger.dragTo(canvas, { targetPosition: { x: 360, y: 120 } })
  await field('combobox', 'Event').fill('Seat Limit Reached')

  await page.getByRole('button', { name: 'Add step after Event happens' }).click()
  await page.getByRole('combobox', { name: 'Search steps' }).fill('branch')
  await app.picture('04-step-picker')
  await page.keyboard.press('Enter')
  await drawRule()

  await page.getByRole('button', { name: 'Add step after Branch, over-100' }).click()
  await page.getByRole('combobox', { name: 'Search steps' }).fill('tag')
  await page.getByRole('option', { name: /^Tag contact/ }).click()
  await field('textbox', 'Tag').fill('expansion')

  await page.getByRole('button', { name: 'Add step after Tag contact' }).click()
  await page.getByRole('option', { name: 'Create opportunity' }).click()
  await page.getByText('3 problems').waitFor()
  await app.picture('06-problems')
  await describeOpportunity()
  await page.getByText('No problems').waitFor()
}

async function drawRule(): Promise<void> {
  const { page } = app
  const name = field('textbox', 'Name of the way out')
  await name.fill('over-100')
  await name.press('Enter')
  await side().getByRole('button', { name: 'Add condition' }).click()
  await field('combobox', 'Property').fill('mrr')
  await page.getByRole('option', { name: /account\.mrr/ }).click()
  await field('combobox', 'Comparison').click()
  await page.getByRole('option', { name: 'is more than', exact: true }).click()
  await field('textbox', 'Value').fill('100')
  await app.picture('05-rule')
}

async function describeOpportunity(): Promise<void> {
  const { page } = app
  // The step has a name of its own too.
  const ofOpportunity = side().locator('[data-field="name"]')
  const name = ofOpportunity.getByRole('textbox', { name: 'Name' })
  await name.pressSequentially('Expansion: ')
  await ofOpportunity.getByRole('button', { name: 'Insert data' }).click()
  await page.getByRole('textbox', { name: 'Search data' }).fill('account name')
  await page.getByRole('option', { name: /account\.name/ }).click()
  await expect.poll(() => name.inputValue(), PATIENTLY).toBe('Expansion: {{ account.name }}')
  await field('textbox', 'Stage').fill('Prospecting')
  await field('textbox', 'Close in days').fill('30')
  await field('textbox', 'Amount').fill('{{ account.mrr * 12 }}')
  await side().getByText('→ 2400').waitFor()
}

async function publish(): Promise<void> {
  const { page } = app
  await page.getByRole('status').getByText('Saved').waitFor()
  await app.picture('07-ready-to-publish')
  await page.getByRole('button', { name: 'Publish', exact: true }).click()
  await page.getByRole('button', { name: 'Publish and turn on' }).click()
  await page.getByRole('status').getByText('Saved · Published v1').waitFor()
  await page.getByRole('button', { name: 'Status: on. Change' }).waitFor()
  await darkPicture()
}

async function darkPicture(): Promise<void> {
  const { page } = app
  await page.emulateMedia({ colorScheme: 'dark' })
  await app.picture('10-editor-dark')
  await page.emulateMedia({ colorScheme: 'light' })
}

const canvas = (): Locator => app.page.getByRole('region', { name: /run/i })
const side = (): Locator => app.page.getByRole('complementary', { name: 'Step', exact: true })
const field = (role: 'textbox' | 'combobox', name: string): Locator => side().getByRole(role, { name, exact: true })

/** Sends what `say` says, as an app with Segment's library built in would. */
async function segment(say: (analytics: Analytics) => Promise<void>): Promise<void> {
  const analytics = new Analytics({ host: app.url, writeKey: instance.apiKey })
  const failures: unknown[] = []
  analytics.on('error', (error) => failures.push(error))
  await say(analytics)
  await analytics.closeAndFlush()
  expect(failures).toEqual([])
}

async function runCount(): Promise<number> {
  const answer = await fetch(`${app.url}/v1/runs`, { headers: { authorization: `Bearer ${instance.apiKey}` } })
  const { data } = (await answer.json()) as { data: unknown[] }
  return data.length
}

/** What was sent is taken in behind the acknowledgement; the editor's pickers show it from then on. */
async function untilKnown(path: string): Promise<void> {
  await until(`${path} is known`, async () => {
    const answer = await fetch(`${app.url}/trpc/catalog.context`, {
      headers: { authorization: `Bearer ${instance.apiKey}` },
    })
    return (await answer.text()).includes(`"${path}"`)
  })
}
