import AxeBuilder from '@axe-core/playwright'
import { readFileSync } from 'node:fs'
import { afterAll, beforeAll, expect, it } from 'vitest'
import { type App, openApp, pictureFailures, PATIENTLY } from '../helpers/app-driver.ts'
import { type Instance, startInstance } from '../helpers/instance.ts'
import { until } from '../helpers/until.ts'
import { type Product, productOf } from '../scenarios/product.ts'

// Sixty people, twenty of them on the team plan; p7 was on trial before, and somebody has talked with them.

let instance: Instance
let app: App
let product: Product

const MANY = 60
const planOf = (n: number): string => (n % 3 === 1 ? 'team' : 'trial')

beforeAll(async () => {
  instance = await startInstance({ demo: false })
  product = productOf(instance)
  app = await openApp(instance)
  const person = (n: number, traits: object) => ({ type: 'identify', userId: `p${n}`, traits })
  await product.api('POST', '/v1/batch', {
    batch: [
      ...Array.from({ length: MANY }, (_, n) =>
        person(n, { name: n === 4 ? '=SUM(A1)' : `Person ${n}`, email: `p${n}@example.com`, plan: 'trial', seats: n }),
      ),
      { type: 'group', userId: 'p7', groupId: 'acme', traits: { name: 'Acme', mrr: 900 } },
      {
        type: 'track',
        userId: 'p7',
        event: 'Report Created',
        properties: { pages: 12 },
        timestamp: '2026-03-02T09:30:00Z',
      },
    ],
  })
  await until('everybody is there', async () => {
    const { count } = await product.api<{ count: number }>('POST', '/v1/contacts/count', {})
    return count === MANY
  })
  await product.api('POST', '/v1/batch', {
    batch: Array.from({ length: MANY }, (_, n) => n)
      .filter((n) => planOf(n) === 'team')
      .map((n) => person(n, { plan: 'team' })),
  })
  await product.api('POST', '/v1/segments', {
    name: 'On a team plan',
    rule: { property: 'contact.plan', op: 'eq', value: 'team' },
  })
  await product.api('PUT', '/v1/conversations/intercom/c-1', {
    contact: { userId: 'p7' },
    title: 'Where are my reports?',
    state: 'open',
    messages: [
      { externalId: 'm-1', author: { kind: 'contact', name: 'Person 7' }, body: 'Hello?', at: '2026-03-03T10:00:00Z' },
    ],
  })
  await until('the segment is worked out', async () => {
    const { count } = await product.api<{ count: number }>('GET', '/v1/segments/on-a-team-plan')
    return count === MANY / 3
  })
}, 180_000)

pictureFailures(() => app)
afterAll(async () => {
  await app?.close()
  await instance?.stop()
})

const rows = () => app.page.getByRole('table', { name: 'Contacts' }).locator('tr[data-row]')
const count = (words: string) => app.page.getByRole('status').getByText(words, { exact: true }).waitFor()

it('filters by a rule, with columns of one’s own, and saves that as a view for everybody', async () => {
  const { page } = app
  await app.signIn()
  await app.open('Contacts')
  await count(`${MANY} contacts`)
  await page.getByRole('button', { name: 'Filter' }).click()
  const filter = page.getByRole('region', { name: 'Filter' })
  await filter.getByRole('button', { name: 'Add condition' }).click()
  await filter.getByRole('combobox', { name: 'Property' }).fill('contact.plan')
  await page.keyboard.press('Escape')
  await filter.getByRole('textbox', { name: 'Value' }).fill('team')
  await count(`${MANY / 3} contacts`)
  await page.getByRole('button', { name: 'Columns' }).click()
  await page.getByRole('checkbox', { name: 'seats' }).check()
  await page.getByRole('checkbox', { name: 'Signals' }).uncheck()
  await page.keyboard.press('Escape')
  const seats = page.getByRole('columnheader', { name: 'seats' })
  await seats.getByRole('button').click()
  await expect.poll(() => rows().first().textContent(), PATIENTLY).toContain('Person 1')
  await seats.getByRole('button').click()
  await expect.poll(() => rows().first().textContent(), PATIENTLY).toContain('Person 58')
  await app.picture('31-contacts-filtered')
  await page.getByRole('button', { name: 'Save as a view' }).click()
  const dialog = page.getByRole('dialog', { name: 'Save as a view' })
  await dialog.getByRole('textbox', { name: 'Name' }).fill('Teams by seats')
  await dialog.getByRole('button', { name: 'Save view' }).click()
  await page.getByRole('button', { name: 'View: Teams by seats' }).waitFor()
}, 120_000)

it('shows the view again after a reload, and everybody under All', async () => {
  const { page } = app
  await page.reload()
  await page.getByRole('button', { name: 'View: Teams by seats' }).waitFor()
  await count(`${MANY / 3} contacts`)
  await expect.poll(() => rows().first().textContent(), PATIENTLY).toContain('Person 58')
  await page.getByRole('button', { name: 'View: Teams by seats' }).click()
  await page.getByRole('menuitem', { name: 'All', exact: true }).click()
  await count(`${MANY} contacts`)
  await page.goBack()
  await count(`${MANY / 3} contacts`)
}, 120_000)

it('exports what is filtered, with the columns that are shown and no formula', async () => {
  const { page } = app
  const waiting = page.waitForEvent('download')
  await page.getByRole('link', { name: 'Export CSV' }).click()
  const download = await waiting
  expect(download.suggestedFilename()).toMatch(/^contacts-\d{4}-\d\d-\d\d\.csv$/)
  const [head, ...lines] = readFileSync(await download.path(), 'utf8')
    .trimEnd()
    .split('\r\n')
  expect(head).toBe('\uFEFFid,name,email,accounts,segments,lastSeenAt,createdAt,contact.seats')
  expect(lines).toHaveLength(MANY / 3)
  expect(lines.find((line) => line.includes('p7@example.com'))).toContain(
    ',Acme,On a team plan,2026-03-02T09:30:00.000Z,',
  )
  expect(lines.some((line) => line.includes(",'=SUM(A1),"))).toBe(true)
}, 60_000)

it('moves by the keyboard, and Enter opens', async () => {
  const { page } = app
  await page.getByRole('region', { name: 'Contacts: arrow keys move' }).focus()
  await page.keyboard.press('ArrowDown')
  await page.keyboard.press('ArrowDown')
  await expect.poll(() => page.evaluate(() => document.activeElement?.textContent), PATIENTLY).toBe('Person 55')
  await page.keyboard.press('End')
  await expect.poll(() => page.evaluate(() => document.activeElement?.textContent), PATIENTLY).toBe('Person 1')
  await page.keyboard.press('Enter')
  await page.getByRole('heading', { name: 'Person 1', level: 1 }).waitFor()
  await page.goBack()
}, 60_000)

it('shows who wrote a value, and what it was before', async () => {
  const { page } = app
  await page.getByRole('searchbox', { name: 'Search' }).fill('p7')
  await count('1 contact')
  await rows().first().getByRole('link').first().click()
  await page.getByRole('heading', { name: 'Person 7', level: 1 }).waitFor()
  const properties = page.getByRole('region', { name: 'Properties' })
  const plan = properties.getByRole('button', { name: /^plan/ })
  expect(await plan.textContent()).toMatch(/plan.*text.*team.*Identify call/)
  await plan.click()
  const history = page.getByRole('list', { name: 'Values of plan' }).getByRole('listitem')
  await expect.poll(() => history.count(), PATIENTLY).toBe(2)
  expect(await history.first().textContent()).toMatch(/trial→team/)
  await app.picture('33-property-history')
  await page.keyboard.press('Escape')
  const timeline = page.getByRole('tabpanel', { name: 'Timeline' })
  await timeline.getByText('Report Created').waitFor()
  await timeline.getByText('quiet days').first().waitFor()
  await app.picture('32-contact')
  await timeline.getByRole('button', { name: 'Events', exact: true }).click()
  await expect.poll(() => timeline.getByText('entered').count(), PATIENTLY).toBe(0)
}, 60_000)

it('shows why somebody is in a segment, and what was said', async () => {
  const { page } = app
  await page.getByRole('tab', { name: 'Segments and signals' }).click()
  await page.getByRole('tabpanel').getByText('On a team plan').click()
  await page.getByRole('link', { name: 'Open the segment' }).waitFor()
  await page.getByRole('tab', { name: 'Conversations' }).click()
  await page.getByText('Where are my reports?').click()
  await page.getByText('Hello?').waitFor()
}, 60_000)

it('keeps notes: written, changed and deleted', async () => {
  const { page } = app
  await page.getByRole('tab', { name: 'Notes' }).click()
  await page.getByRole('textbox', { name: 'New note' }).fill('Calls on Mondays.')
  await page.getByRole('button', { name: 'Add note' }).click()
  const notes = page.getByRole('list', { name: 'Notes' })
  await notes.getByText('Calls on Mondays.').waitFor()
  await notes.getByRole('button', { name: 'Edit note' }).click()
  await notes.getByRole('textbox', { name: 'Note' }).fill('Calls on Tuesdays.')
  await notes.getByRole('button', { name: 'Save note' }).click()
  await notes.getByText('Calls on Tuesdays.').waitFor()
  await app.picture('34-notes')
  await page.getByRole('tab', { name: 'Timeline' }).click()
  await page.getByRole('tabpanel').getByText('Calls on Tuesdays.').waitFor()
  await page.getByRole('tab', { name: 'Notes' }).click()
  await notes.getByRole('button', { name: 'Delete note' }).click()
  await page.getByText('No note yet').waitFor()
}, 60_000)

it('gives a contact one more id, says whose a taken one is, and takes one away when asked twice', async () => {
  const { page } = app
  const identities = page.getByRole('region', { name: 'Identities' })
  await identities.getByRole('button', { name: 'Add an identity' }).click()
  await identities.getByRole('textbox', { name: 'Value' }).fill('p8')
  await identities.getByRole('button', { name: 'Add', exact: true }).click()
  await identities.getByRole('alert').getByText('belongs to Person 8').waitFor()
  await identities.getByRole('textbox', { name: 'Value' }).fill('p7-before')
  await identities.getByRole('button', { name: 'Add', exact: true }).click()
  await identities.getByRole('button', { name: 'Remove p7-before' }).click()
  await page.getByRole('button', { name: 'Remove it' }).click()
  await identities.getByText('p7-before').waitFor({ state: 'detached' })
}, 60_000)

it('shows an account with its people, in the dark too', async () => {
  const { page } = app
  await page.emulateMedia({ colorScheme: 'dark' })
  await app.open('Accounts')
  await page.getByRole('status').getByText('1 account', { exact: true }).waitFor()
  await app.picture('35-accounts-dark')
  await page.getByRole('table', { name: 'Accounts' }).getByRole('link', { name: 'Acme' }).click()
  await page.getByRole('heading', { name: 'Acme', level: 1 }).waitFor()
  await page.getByRole('region', { name: 'Contacts' }).getByRole('link', { name: 'Person 7' }).waitFor()
  await page.getByRole('tabpanel').getByText('Report Created').waitFor()
  await app.picture('36-account-dark')
  expect(app.faults).toEqual([])
}, 60_000)

it('has no serious or critical violation with its panels open, in light and in dark', async () => {
  const { page } = app
  const found: string[] = []
  for (const colorScheme of ['light', 'dark'] as const) {
    await page.emulateMedia({ colorScheme })
    await app.open('Contacts')
    await rows().first().waitFor()
    if (colorScheme === 'light') {
      await page.getByRole('button', { name: 'Filter' }).click()
      await page.getByRole('button', { name: 'Add condition' }).click()
    }
    await page.getByRole('button', { name: 'Columns' }).click()
    await page.getByRole('checkbox', { name: 'E-mail' }).click()
    found.push(...(await violations(`filter and columns, ${colorScheme}`)))
    await page.keyboard.press('Escape')
    await rows().first().getByRole('link').first().click()
    for (const tab of ['Timeline', 'Segments and signals', 'Conversations', 'Notes']) {
      await page.getByRole('tab', { name: tab }).click()
      await expect.poll(() => page.locator('[aria-busy="true"]').count(), PATIENTLY).toBe(0)
      found.push(...(await violations(`${tab}, ${colorScheme}`)))
    }
  }
  expect(found).toEqual([])
}, 180_000)

async function violations(where: string): Promise<string[]> {
  await app.page.evaluate(() => document.getAnimations().forEach((animation) => animation.finish()))
  const { violations: all } = await new AxeBuilder({ page: app.page }).setLegacyMode(true).analyze()
  return all
    .filter(({ impact }) => impact === 'serious' || impact === 'critical')
    .map(({ id, nodes }) => `${where}: ${id} at ${nodes.map(({ target }) => target.join(' ')).join(', ')}`)
}
