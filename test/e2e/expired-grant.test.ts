import { expect, it } from 'vitest'
import { type App, PATIENTLY } from '../helpers/app-driver.ts'
import { expiredGrantScenario, isClean } from '../scenarios/expired-grant.ts'

const RUNS = 5

it('an expired grant pauses one connection, holds its runs and fails none, says so everywhere, and reconnecting ends all', async () => {
  const report = await expiredGrantScenario(RUNS, lookAround)
  expect(report, JSON.stringify(report)).toSatisfy(isClean)
}, 180_000)

async function lookAround(app: App): Promise<void> {
  const { page } = app
  await app.open('Connections')
  const salesforce = page.getByRole('region', { name: 'Salesforce' })
  await salesforce.getByText('Paused', { exact: true }).waitFor()
  await salesforce.getByText(`${RUNS} runs are held until it works again`).waitFor()
  await page.getByRole('region', { name: 'Intercom' }).getByText('Connected').waitFor()
  await app.picture('11-expired-grant')

  await app.open('Runs')
  const list = page.getByRole('table', { name: 'Runs' })
  await expect.poll(() => list.getByText('Held', { exact: true }).count(), PATIENTLY).toBe(RUNS)
  expect(await list.getByText('Waits for salesforce: reconnect in Connections').count()).toBe(RUNS)

  await list.getByRole('link').first().click()
  await page.getByRole('status').getByText('Held').waitFor()
  const canvas = page.getByRole('region', { name: /run/i })
  expect(await canvas.getByText('Held').count()).toBe(1)
  await canvas.getByText('Create opportunity', { exact: true }).click()
  await page
    .getByRole('complementary')
    .getByText(/Reconnect/)
    .first()
    .waitFor()
  await app.picture('12-held-run')
  expect(app.faults).toEqual([])
}
