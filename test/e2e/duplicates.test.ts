import AxeBuilder from '@axe-core/playwright'
import { afterAll, beforeAll, expect, it } from 'vitest'
import { type App, openApp, pictureFailures } from '../helpers/app-driver.ts'
import { type Instance, startInstance } from '../helpers/instance.ts'
import { until } from '../helpers/until.ts'
import { type Product, productOf } from '../scenarios/product.ts'

// Ada signed up twice with one address, and is in one playbook twice. Bo and Bob share an address and are two. Cleo has
// another address the second time, so that nothing tells.

let instance: Instance
let app: App
let product: Product

const WELCOME = {
  name: 'Welcome',
  subject: 'contact',
  enrollment: { reentry: { policy: 'once' }, exit: [], goal: null },
  steps: [
    { id: 'start', type: 'trigger.manual', input: {}, at: [0, 0] },
    { id: 'wait', type: 'flow.delay', input: { mode: 'for', for: 'P1D' }, at: [0, 140] },
  ],
  edges: [['start', 'wait']],
}

const person = (userId: string, name: string, traits: object) => ({
  type: 'identify',
  userId,
  traits: { name, ...traits },
})

beforeAll(async () => {
  instance = await startInstance({ demo: false })
  product = productOf(instance)
  app = await openApp(instance)
  await product.api('PUT', '/v1/playbooks/welcome', WELCOME)
  await product.api('POST', '/v1/playbooks/welcome/publish', {})
  await product.api('POST', '/v1/batch', {
    batch: [
      person('bo', 'Bo Lind', { email: 'lind@example.com', plan: 'team' }),
      person('ada', 'Ada Bauer', { email: 'ada@example.com', plan: 'team', seats: 4 }),
      person('cleo', 'Cleo Sand', { email: 'cleo@example.com' }),
    ],
  })
  // Those of one batch are of one age, and who is older is what decides.
  await until('the first three are known', async () => {
    const { data } = await product.api<{ data: unknown[] }>('GET', '/v1/contacts')
    return data.length === 3
  })
  await product.api('POST', '/v1/batch', {
    batch: [
      person('bob', 'Bob Lind', { email: 'lind@example.com' }),
      person('cleo-2', 'Cleo S.', { email: 'cleo@home.example' }),
    ],
  })
  await product.api('POST', '/v1/batch', {
    batch: [
      person('ada-2', 'Ada B.', { email: 'ada@example.com', plan: 'free', city: 'Bern' }),
      { type: 'track', userId: 'ada-2', event: 'Login' },
    ],
  })
  await until('both pairs are found', async () => {
    const { data } = await product.api<{ data: unknown[] }>('GET', '/v1/contacts/duplicates')
    return data.length === 2
  })
  for (const contact of ['ada', 'ada-2'])
    await product.api('POST', '/v1/playbooks/welcome/runs', { subject: { contact } })
}, 180_000)

pictureFailures(() => app)
afterAll(async () => {
  await app?.close()
  await instance?.stop()
})

const isClean = async () => {
  const { violations } = await new AxeBuilder({ page: app.page }).analyze()
  expect(violations.filter(({ impact }) => impact === 'serious' || impact === 'critical')).toEqual([])
}

it('shows who may be one person and why, side by side, and keeps two apart who are two', async () => {
  const { page } = app
  await app.signIn()
  await app.open('Duplicates')
  const ada = page.getByRole('region', { name: /Ada/ })
  await ada.getByRole('heading', { name: 'Both have the e-mail address ada@example.com' }).waitFor()
  const table = ada.getByRole('table')
  await table.getByRole('row', { name: 'plan team free' }).waitFor()
  await table.getByRole('row', { name: 'city none Bern' }).waitFor()
  await table.getByRole('row', { name: 'Open runs Welcome Welcome' }).waitFor()
  await isClean()
  await app.picture('duplicates')
  await page.getByRole('button', { name: /Lind are not the same/ }).click()
  await page.getByRole('region', { name: /Lind/ }).waitFor({ state: 'detached' })
  const { data } = await product.api<{ data: unknown[] }>('GET', '/v1/contacts/duplicates')
  expect(data).toHaveLength(1)
}, 120_000)

it('says who stays and which run ends before it merges, and does what it said', async () => {
  const { page } = app
  await page.getByRole('button', { name: /^Merge Ada/ }).click()
  const dialog = page.getByRole('dialog', { name: 'Merge these two?' })
  await dialog.getByText('Ada Bauer stays').waitFor()
  await dialog.getByText('because they have been known for longer').waitFor()
  await dialog.getByText('1 open run will end').waitFor()
  await dialog.getByText('Ada Bauer gets city.').waitFor()
  await isClean()
  await app.picture('duplicates-merge')
  await dialog.getByRole('button', { name: 'Merge', exact: true }).click()
  await page.getByRole('heading', { name: 'Nobody looks like somebody else' }).waitFor()
  await page.getByText('decide.').waitFor()
  await until('the younger run has ended', async () => {
    const { data } = await product.api<{ data: Array<{ status: string }> }>('GET', '/v1/runs?subject=ada')
    return data.some(({ status }) => status === 'exited') && data.length === 2
  })
}, 120_000)

it('leads from the timeline to the merge, and undoing it says what did not come back', async () => {
  const { page } = app
  await product.api('POST', '/v1/identify', { userId: 'ada', traits: { city: 'Basel' } })
  await until('she has moved', async () => {
    const { properties } = await product.api<{ properties: { city?: string } }>('GET', '/v1/contacts/ada')
    return properties.city === 'Basel'
  })
  await page.goto(`${app.url}/contacts/ada-2`)
  await page.getByRole('heading', { name: 'Ada Bauer', level: 1 }).waitFor()
  await page.getByRole('link', { name: 'merged', exact: true }).click()
  await page.getByRole('button', { name: 'Undo the merge of Ada B. into Ada Bauer' }).click()
  await page
    .getByRole('dialog', { name: 'Undo this merge?' })
    .getByText('1 run that the merge ended stays ended')
    .waitFor()
  await isClean()
  await page.getByRole('button', { name: 'Undo the merge', exact: true }).click()
  const lost = page.getByRole('region', { name: 'What was not restored' })
  await lost.getByText('city came with the merge and was changed since').waitFor()
  await lost.getByRole('link', { name: 'Run 1' }).waitFor()
  await app.picture('duplicates-undone')
  await page.getByRole('button', { name: 'Done' }).click()
  await page.getByText(/Undone .* city stayed/).waitFor()
  await isClean()
  await app.picture('duplicates-merges')
}, 120_000)

it('merges two from the profile of one, whom no rule would have met', async () => {
  const { page } = app
  await page.goto(`${app.url}/contacts/cleo-2`)
  await page.getByRole('button', { name: 'Actions' }).click()
  await app.picture('profile-actions')
  await page.getByRole('menuitem', { name: /Merge with/ }).click()
  await page.getByRole('combobox', { name: 'Contact' }).fill('cleo')
  await page.keyboard.press('Escape')
  await page.getByRole('button', { name: 'Compare' }).click()
  await page.getByText('Cleo Sand stays').waitFor()
  await page.getByText('Neither has an open run.').waitFor()
  await page.getByRole('button', { name: 'Merge', exact: true }).click()
  await page.getByRole('heading', { name: 'Cleo Sand', level: 1 }).waitFor()
}, 120_000)

it('takes addresses that say nothing of who somebody is, and refuses what is none', async () => {
  const { page } = app
  await app.open('Duplicates')
  await page.getByRole('tab', { name: 'Shared mailboxes' }).click()
  const field = page.getByRole('textbox', { name: 'Shared mailbox' })
  await field.fill('no address')
  await page.getByRole('button', { name: 'Add' }).click()
  await page.getByText(/Write an address such as/).waitFor()
  await field.fill('Desk@Example.com')
  await page.getByRole('button', { name: 'Add' }).click()
  const own = page.getByRole('region', { name: 'Yours' })
  await own.getByText('desk@example.com').waitFor()
  await isClean()
  await app.picture('duplicates-mailboxes')
  await own.getByRole('button', { name: 'Remove desk@example.com' }).click()
  await own.getByText('None yet.').waitFor()
  expect((await product.api<{ own: string[] }>('GET', '/v1/shared-mailboxes')).own).toEqual([])
  expect(app.faults).toEqual([])
}, 120_000)
