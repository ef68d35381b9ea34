import { afterAll, beforeAll, expect, it } from 'vitest'
import { type App, openApp, pictureFailures, PATIENTLY } from '../helpers/app-driver.ts'
import { type Instance, startInstance } from '../helpers/instance.ts'
import { until } from '../helpers/until.ts'
import { type Product, productOf } from '../scenarios/product.ts'

//   Started by hand --> Branch --been-here--> Exit
//                          \--else (nothing)

const CALL = {
  name: 'Call them',
  subject: 'contact',
  enrollment: { reentry: { policy: 'once' }, exit: [], goal: null },
  steps: [
    { id: 'start', type: 'trigger.manual', input: { fields: { reason: 'Why we call' } }, at: [0, 0] },
    {
      id: 'known',
      type: 'flow.branch',
      input: {
        cases: [{ port: 'been-here', if: { event: 'Login', count: { op: 'gte', value: 1 } } }],
      },
      at: [0, 140],
    },
    { id: 'end', type: 'flow.exit', input: { reason: 'They know us' }, at: [-120, 280] },
  ],
  edges: [
    ['start', 'known'],
    ['known.been-here', 'end'],
  ],
}
//   Called --> Ask for approval --approved--> Exit     and who calls it, and goes on by what it leaves
const OFFER = {
  name: 'Make an offer',
  subject: 'contact',
  enrollment: { reentry: { policy: 'every' }, exit: [], goal: null },
  steps: [
    { id: 'called', type: 'trigger.call', input: { fields: { percent: 'How much' } }, at: [0, 0] },
    {
      id: 'ask',
      type: 'flow.approval',
      input: { title: 'Give {{ contact.name }} {{ trigger.data.percent }} % off?', maxWait: 'P3D' },
      at: [0, 140],
    },
    { id: 'end', type: 'flow.exit', input: { reason: 'Given', outputs: { said: 'steps.ask.comment' } }, at: [0, 280] },
  ],
  edges: [
    ['called', 'ask'],
    ['ask.approved', 'end'],
  ],
}
const RENEW = {
  ...OFFER,
  name: 'Renew',
  steps: [
    { id: 'start', type: 'trigger.manual', input: {}, at: [0, 0] },
    {
      id: 'call',
      type: 'flow.callPlaybook',
      input: { playbook: 'offer', inputs: { percent: 20 }, wait: 'yes' },
      at: [0, 140],
    },
    {
      id: 'said',
      type: 'flow.branch',
      input: { cases: [{ port: 'year', if: { property: 'steps.call.output.said', op: 'eq', value: 'For a year.' } }] },
      at: [0, 280],
    },
    { id: 'end', type: 'flow.exit', input: { reason: 'Given for a year' }, at: [0, 420] },
  ],
  edges: [
    ['start', 'call'],
    ['call.done', 'said'],
    ['said.year', 'end'],
  ],
}
const LOGIN_AT = '2026-03-02T09:30:15.250Z'
const MANY = 120

let instance: Instance
let app: App
let product: Product

beforeAll(async () => {
  instance = await startInstance({ demo: false })
  product = productOf(instance)
  app = await openApp(instance)
  const people = Array.from({ length: MANY }, (_, n) => `p${n}`)
  await product.api('POST', '/v1/batch', {
    batch: [
      ...people.map((userId) => ({ type: 'identify', userId, traits: { name: `Person ${userId}`, plan: 'team' } })),
      { type: 'track', userId: 'p7', event: 'Login', timestamp: LOGIN_AT },
    ],
  })
  await product.api('PUT', '/v1/playbooks/call', CALL)
  await product.api('POST', '/v1/segments', {
    name: 'Team',
    rule: { property: 'contact.plan', op: 'eq', value: 'team' },
  })
  await until('everyone is in the segment', async () => {
    const { count } = await product.api<{ count: number }>('GET', '/v1/segments/team')
    return count === MANY
  })
}, 120_000)

pictureFailures(() => app)
afterAll(async () => {
  await app?.close()
  await instance?.stop()
})

it('says that what was never published cannot be started', async () => {
  const { page } = app
  await app.signIn()
  await page.getByRole('link', { name: CALL.name }).click()
  await page.getByRole('button', { name: 'Start by hand' }).click()
  const dialog = page.getByRole('dialog', { name: 'Start by hand' })
  await dialog.getByText('Not published yet').waitFor()
  await dialog.getByRole('button', { name: 'Close' }).last().click()
  await page.getByRole('button', { name: 'Publish', exact: true }).click()
  await page.getByRole('button', { name: 'Publish and turn on' }).click()
  await page.getByRole('status').getByText('Saved · Published v1').waitFor()
}, 60_000)

it('starts a run for someone who was searched for, with the trigger’s fields, and leads to it', async () => {
  const { page } = app
  await page.getByRole('button', { name: 'Start by hand' }).click()
  const dialog = page.getByRole('dialog', { name: 'Start by hand' })
  const contact = dialog.getByRole('combobox', { name: 'Contact' })
  await contact.fill('Person p7')
  await page.getByRole('option', { name: /^Person p7 / }).click()
  await expect.poll(() => contact.inputValue(), PATIENTLY).toBe('p7')
  await dialog.getByText('Why we call').waitFor()
  await dialog.getByRole('textbox', { name: 'reason' }).fill('Asked for')
  await app.picture('15-start-by-hand')
  await dialog.getByRole('button', { name: 'Start the run' }).click()
  await page.getByRole('heading', { name: 'Person p7', level: 1 }).waitFor()
  await page.getByRole('status').getByText('Exited').waitFor()
  expect(new URL(page.url()).pathname).toMatch(/^\/runs\/run_/)
  await page.getByText('"reason": "Asked for"').waitFor()
}, 60_000)

it('shows what the run knew with dates as dates, and the exact instant as their title', async () => {
  const { page } = app
  const known = page.getByRole('region', { name: 'What it knew' })
  await known.getByText('“Login”').waitFor()
  expect(await known.locator(`time[title="${LOGIN_AT}"]`).textContent()).toMatch(/Mar 2, 2026/)
  expect(await known.textContent()).not.toMatch(/\d{13}/)
  await app.picture('16-what-it-knew')
}, 60_000)

it('refuses who was in already, says why, and leads to their runs', async () => {
  const { page } = app
  await app.open('Runs')
  await page.getByRole('combobox', { name: 'Playbook' }).click()
  await page.getByRole('option', { name: CALL.name }).click()
  await page.getByRole('button', { name: 'Start by hand' }).click()
  const dialog = page.getByRole('dialog', { name: 'Start by hand' })
  await dialog.getByRole('combobox', { name: 'Contact' }).fill('p7')
  await page.keyboard.press('Escape')
  await dialog.getByRole('button', { name: 'Start the run' }).click()
  await dialog.getByRole('alert').getByText('This subject has been in').waitFor()
  await app.picture('17-refused-reentry')
  await dialog.getByRole('link', { name: 'Their runs of this playbook' }).click()
  await expect.poll(() => new URL(page.url()).search, PATIENTLY).toContain('subject=p7')
  await expect.poll(() => dialog.count(), PATIENTLY).toBe(0)
  expect(await product.runs('call')).toHaveLength(1)
}, 60_000)

it('starts nothing while the playbook is paused, and says so before one has filled in anything', async () => {
  const { page } = app
  await product.api('POST', '/v1/playbooks/call/pause', {})
  await page.goto(`${app.url}/runs?playbook=call`)
  await page.getByRole('button', { name: 'Start by hand' }).click()
  const dialog = page.getByRole('dialog', { name: 'Start by hand' })
  await dialog.getByText('The playbook is paused').waitFor()
  expect(await dialog.getByRole('button', { name: 'Start the run' }).count()).toBe(0)
  await page.keyboard.press('Escape')
}, 60_000)

it('asks a person, in a run that another one called, and tells the caller what came of it', async () => {
  const { page } = app
  await product.api('PUT', '/v1/playbooks/offer', OFFER)
  await product.api('POST', '/v1/playbooks/offer/publish', {})
  await product.api('PUT', '/v1/playbooks/renew', RENEW)
  await product.api('POST', '/v1/playbooks/renew/publish', {})
  await product.api('POST', '/v1/playbooks/renew/runs', { subject: { contact: 'p9' }, data: {} })
  await app.open('Waiting for you')
  await page.getByRole('heading', { name: 'Give Person p9 20 % off?' }).waitFor()
  await page.getByRole('textbox', { name: 'Comment' }).fill('For a year.')
  await page.getByRole('button', { name: 'Approve' }).click()
  await page.getByText('Nothing waits for you').waitFor()
  await page.goto(`${app.url}/runs?playbook=renew`)
  await page.getByText('Given for a year').waitFor()
  await page.getByRole('link', { name: 'Person p9' }).click()
  // It was called and says so, with its answer a click away.
  await page.getByRole('link', { name: OFFER.name }).click()
  await page.getByText(/^Called by the step “call” of/).waitFor()
  await page.getByText('Approved by').waitFor()
}, 60_000)

it('shows everyone in a segment, page after page', async () => {
  const { page } = app
  await app.open('Segments')
  await page.getByRole('link', { name: 'Team' }).click()
  const rows = page.getByRole('table', { name: 'Members' }).getByRole('link')
  await expect.poll(() => rows.count(), PATIENTLY).toBe(50)
  await page.getByText(`The newest 50 of ${MANY}`).waitFor()
  await page.getByRole('button', { name: 'Show more' }).click()
  await expect.poll(() => rows.count(), PATIENTLY).toBe(100)
  await page.getByRole('button', { name: 'Show more' }).click()
  await expect.poll(() => rows.count(), PATIENTLY).toBe(MANY)
  expect(await page.getByRole('button', { name: 'Show more' }).count()).toBe(0)
  await app.picture('18-members')
  expect(app.faults).toEqual([])
}, 60_000)
