import { afterAll, beforeAll, expect, it } from 'vitest'
import { type App, openApp, PATIENTLY, pictureFailures } from '../helpers/app-driver.ts'
import { openDatabase, type OpenedDatabase } from '../../api/db/database.ts'
import { type Instance, startInstance } from '../helpers/instance.ts'
import { createTestDatabase, type TestDatabase } from '../helpers/postgres.ts'
import { until } from '../helpers/until.ts'
import { productOf } from '../scenarios/product.ts'

let kept: TestDatabase
let database: OpenedDatabase
let instance: Instance
let app: App

pictureFailures(() => app)
beforeAll(async () => {
  kept = await createTestDatabase()
  database = openDatabase(kept.url, { max: 2, onError: () => undefined })
  instance = await startInstance({ demo: false, env: { SIGNALBOX_DATABASE_URL: kept.url } })
  app = await openApp(instance)
  await app.signIn()
}, 240_000)
afterAll(async () => {
  await app.close()
  await instance.stop()
  await database.close()
  await kept.drop()
})

const FILE = [
  'E-mail;Full name;User id;Seats;Customer since;Account id',
  ...Array.from(
    { length: 240 },
    (_, i) => `p${i}@example.com;Person ${i};p${i};${i % 9};${(i % 28) + 1}.03.2026;a${i % 12}`,
  ),
  'broken@example.com;Broken;p900;many;1.1.2026;a1',
  ';;;3;;',
].join('\r\n')

it('takes a file from the upload to its refused rows', { timeout: 240_000 }, async () => {
  const { page } = app
  await app.open('Imports')
  await page.getByRole('heading', { name: 'Nothing was imported yet' }).waitFor()
  await app.picture('imports-empty')
  await page.getByRole('button', { name: 'Import a file' }).first().click()
  await app.picture('imports-upload')
  const file = (text: string) => ({ name: 'people.csv', mimeType: 'text/csv', buffer: Buffer.from(text) })
  await page.getByLabel('CSV file').setInputFiles(file('email\n"open\n'))
  await page.getByText('A quotation mark is opened and never closed').waitFor()
  await page.getByLabel('CSV file').setInputFiles(file(FILE))

  await page.getByRole('heading', { name: 'What is each column for?' }).waitFor()
  await page.getByRole('combobox', { name: 'What Seats is for' }).waitFor()
  await page.getByRole('combobox', { name: 'Type of Seats' }).click()
  await page.getByRole('option', { name: 'Number' }).click()
  await page.getByRole('button', { name: 'Check the rows' }).click()
  await page.getByText('240 can be taken, 2 cannot').waitFor()
  await app.picture('imports-mapping')
  await page.getByRole('button', { name: 'Import 242 rows' }).click()

  await page.getByText('240 taken, 2 refused').waitFor()
  await page.getByText('“many” is no number').waitFor()
  await app.picture('imports-result')
  const download = page.waitForEvent('download')
  await page.getByRole('link', { name: '2 rows as CSV' }).click()
  expect((await download).suggestedFilename()).toBe('refused-rows.csv')
  await app.open('Contacts')
  await page.getByText('240 contacts').waitFor()
})

it('ignores an event and blocks a property on the page for data', { timeout: 120_000 }, async () => {
  const { page } = app
  const send = (event: string) =>
    fetch(`${instance.baseUrl}/v1/track`, {
      method: 'POST',
      headers: { authorization: `Bearer ${instance.apiKey}`, 'content-type': 'application/json' },
      body: JSON.stringify({ userId: 'p1', event }),
    }).then(async (answer) => (await answer.json()) as { refused?: Array<{ code: string }> })
  await send('Mouse Moved')
  await app.open('Data')
  // The switch itself lies under its own drawing.
  await page.getByRole('switch', { name: 'Look at Mouse Moved' }).click({ force: true })
  await page.getByText('Ignored', { exact: true }).waitFor()
  await app.picture('settings-data')
  await expect.poll(async () => (await send('Mouse Moved')).refused?.[0]?.code, PATIENTLY).toBe('EVENT_IGNORED')
  expect(app.faults).toEqual([])
})

/** Rows of the file; every so many of them cannot be taken. */
const ROWS = 20_000
const BAD_EVERY = 40
const BAD = ROWS / BAD_EVERY

const manyRows = (): string =>
  `user id,when,amount\n${Array.from({ length: ROWS }, (_, i) => `u${i},2026-01-05 10:00,${i % BAD_EVERY === 0 ? 'much' : i}`).join('\n')}\n`

interface View {
  id: string
  status: string
  taken: number
  refused: number
}

const count = async (text: string, id: string): Promise<number> =>
  (await database.pool.query<{ n: number }>(text, [`import:${id}:%`])).rows[0]?.n ?? 0

it('takes every row once though the worker is killed in the middle of the file', { timeout: 120_000 }, async () => {
  const { api } = productOf(instance)
  const headers = { authorization: `Bearer ${instance.apiKey}`, 'content-type': 'text/csv' }
  const url = `${instance.baseUrl}/v1/imports`
  const draft = (await (
    await fetch(`${url}?kind=events`, { method: 'POST', headers, body: manyRows() })
  ).json()) as View
  const columns = [{ to: 'userId' }, { to: 'timestamp' }, { to: 'property', property: 'amount', type: 'number' }]
  await api('PUT', `/v1/imports/${draft.id}/mapping`, { mapping: { columns, event: 'Paid' } })
  await api('POST', `/v1/imports/${draft.id}/start`, {})
  const view = () => api<View>('GET', `/v1/imports/${draft.id}`)

  await until('some of the rows are through', async () => (await view()).taken >= ROWS / 10)
  const former = instance.kill('worker')
  expect((await view()).taken).toBeLessThan(ROWS - BAD)
  await instance.untilBack('worker', former)
  await until('the import has ended', async () => (await view()).status !== 'running')

  expect(await view()).toMatchObject({ status: 'done', taken: ROWS - BAD, refused: BAD })
  // The first row below the header is row 2, and row 2 is a bad one.
  const distinct = 'SELECT count(DISTINCT message_id)::int AS n FROM events WHERE message_id LIKE $1'
  expect(await count(distinct, draft.id)).toBe(ROWS - BAD)
  expect(await count('SELECT count(*)::int AS n FROM events WHERE message_id LIKE $1', draft.id)).toBe(ROWS - BAD)
  const lines = (await (await fetch(`${url}/${draft.id}/refused.csv`, { headers })).text()).trimEnd().split('\r\n')
  const refused = lines.slice(1).map((line) => Number(line.split(',')[3]))
  expect(refused).toEqual(Array.from({ length: BAD }, (_, i) => 2 + i * BAD_EVERY))
})
