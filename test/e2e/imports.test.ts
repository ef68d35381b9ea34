import { afterAll, beforeAll, expect, it } from 'vitest'
import { type App, openApp, PATIENTLY, pictureFailures } from '../helpers/app-driver.ts'
import { type Instance, startInstance } from '../helpers/instance.ts'

let instance: Instance
let app: App

pictureFailures(() => app)
beforeAll(async () => {
  instance = await startInstance({ demo: false })
  app = await openApp(instance)
  await app.signIn()
}, 240_000)
afterAll(async () => {
  await app.close()
  await instance.stop()
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
