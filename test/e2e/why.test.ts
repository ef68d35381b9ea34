import AxeBuilder from '@axe-core/playwright'
import { afterAll, beforeAll, expect, it } from 'vitest'
import { type App, openApp, PATIENTLY, pictureFailures } from '../helpers/app-driver.ts'
import { type Instance, startInstance } from '../helpers/instance.ts'
import { until } from '../helpers/until.ts'
import { type Product, productOf } from '../scenarios/product.ts'

// Ada is on the team plan and has logged in; Ben is on trial. Whoever enters the segment is run through a playbook.

let instance: Instance
let app: App
let product: Product

const WELCOME = {
  name: 'Welcome',
  subject: 'contact',
  enrollment: { reentry: { policy: 'once' }, exit: [], goal: null },
  steps: [
    { id: 'start', type: 'trigger.segment', input: { segment: 'on-a-team-plan', edge: 'entered' }, at: [0, 0] },
    { id: 'end', type: 'flow.exit', input: { reason: 'Welcomed' }, at: [0, 140] },
  ],
  edges: [['start', 'end']],
}

beforeAll(async () => {
  instance = await startInstance({ demo: false })
  product = productOf(instance)
  app = await openApp(instance)
  await product.api('POST', '/v1/segments', {
    name: 'On a team plan',
    rule: {
      all: [
        { property: 'contact.plan', op: 'eq', value: 'team' },
        { event: 'Login', count: { op: 'gte', value: 1 }, within: 'P30D' },
      ],
    },
  })
  await product.api('PUT', '/v1/playbooks/welcome', WELCOME)
  await product.api('POST', '/v1/playbooks/welcome/publish', {})
  await product.api('POST', '/v1/batch', {
    batch: [
      { type: 'identify', userId: 'ada', traits: { name: 'Ada', plan: 'trial' } },
      { type: 'identify', userId: 'ben', traits: { name: 'Ben', plan: 'trial' } },
      { type: 'track', userId: 'ada', event: 'Login' },
    ],
  })
  await product.api('POST', '/v1/identify', { userId: 'ada', traits: { plan: 'team' } })
  await until('Ada is in the segment', async () => {
    const { count } = await product.api<{ count: number }>('GET', '/v1/segments/on-a-team-plan')
    return count === 1
  })
}, 180_000)

pictureFailures(() => app)
afterAll(async () => {
  await app?.close()
  await instance?.stop()
})

const answer = () => app.page.locator('.sb-why-big')
const isClean = async () => {
  const { violations } = await new AxeBuilder({ page: app.page }).analyze()
  expect(violations.filter(({ impact }) => impact === 'serious' || impact === 'critical')).toEqual([])
}

it('tells on the segment’s page why somebody is in it, and why somebody is not', async () => {
  const { page } = app
  await app.signIn()
  await app.open('Segments')
  await page.getByRole('link', { name: 'On a team plan' }).click()
  await page.getByRole('button', { name: 'Why Ada?' }).click()
  const dialog = page.getByRole('dialog')
  await expect.poll(() => answer().textContent(), PATIENTLY).toBe('Yes')
  await dialog.getByText('contact.plan was team', { exact: true }).waitFor()
  await dialog.getByText('by an identify call').waitFor()
  await isClean()
  await app.picture('why-member')
  await page.keyboard.press('Escape')
  await page.getByRole('button', { name: 'Why is someone in it, or not?' }).click()
  await page.getByRole('combobox', { name: 'Contact' }).fill('ben')
  await page.getByRole('button', { name: 'Ask' }).click()
  await expect.poll(() => answer().textContent(), PATIENTLY).toBe('No')
  await page.getByText('One more "Login" in the last 30 days').first().waitFor()
  await page
    .getByRole('region', { name: 'What would turn it' })
    .getByText('contact.plan would have to be team')
    .waitFor()
})

it('goes back on a profile to a moment before, by the keyboard', async () => {
  const { page } = app
  await page.goto(`${app.url}/contacts/ada`)
  await page.getByRole('tab', { name: 'Why?' }).click()
  await page.getByRole('combobox', { name: 'Segment' }).click()
  await page.getByRole('option', { name: 'On a team plan' }).click()
  await expect.poll(() => answer().textContent(), PATIENTLY).toBe('Yes')
  await page.getByRole('slider', { name: 'Along what is on record' }).focus()
  await page.keyboard.press('ArrowLeft')
  await page.getByText('was in segment “On a team plan” at').waitFor()
  await isClean()
  await app.picture('why-profile')
  await page.getByLabel('Moment').fill('2020-01-01T00:00:00')
  await page.getByRole('alert').getByText('was first seen at').first().waitFor()
})

it('says on the run’s page why it started', async () => {
  const { page } = app
  let id = ''
  await until('the run is there', async () => {
    const { data } = await product.api<{ data: Array<{ id: string }> }>('GET', '/v1/runs')
    id = data[0]?.id ?? ''
    return id !== ''
  })
  await page.goto(`${app.url}/runs/${id}`)
  const why = page.getByRole('region', { name: 'Why did this run start?' })
  await why.getByText('It began because the segment “On a team plan” was entered').waitFor()
  await why.getByText('contact.plan was team', { exact: true }).waitFor()
  await isClean()
  await app.picture('why-run')
  expect(app.faults).toEqual([])
})

it('answers over the API like the app', async () => {
  const found = await product.api<{ value: boolean; words: string }>('POST', '/v1/why', {
    subject: { contact: 'ada' },
    playbook: 'welcome',
  })
  expect(found.value).toBe(false)
  expect(found.words).toContain('takes everyone once')
})
