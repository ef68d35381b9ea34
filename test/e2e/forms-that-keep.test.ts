import { afterAll, beforeAll, expect, it } from 'vitest'
import { type App, openApp, pictureFailures } from '../helpers/app-driver.ts'
import { type ServedApi, serveApi } from '../helpers/served-api.ts'

// What a person typed or asked for stays what it is: options of a form, limits of repeats, a backtest of a draft.

const choice = (name: string, ...options: string[]) => ({ name, label: name, type: 'choice', options })
const DOCUMENT = {
  name: 'Ask them',
  subject: 'contact',
  enrollment: { reentry: { policy: 'every' }, exit: [], goal: null },
  steps: [
    { id: 'start', type: 'trigger.event', input: { event: 'Login' }, at: [0, 0] },
    {
      id: 'ask',
      type: 'flow.form',
      input: {
        title: 'How is it?',
        maxWait: 'P1D',
        fields: [choice('mood', 'Good', 'Bad'), choice('size', 'Small', 'Large')],
      },
      at: [0, 140],
    },
  ],
  edges: [['start', 'ask']],
}

let served: ServedApi
let app: App

beforeAll(async () => {
  served = await serveApi()
  const { rest } = served.workspace
  expect((await rest('PUT', '/v1/playbooks/ask', DOCUMENT)).json()).toMatchObject({ problems: [] })
  const from = { dryRun: { subject: { madeUp: { contact: { name: 'Ada' } } } } }
  await rest('POST', '/v1/playbooks/ask/tests', { name: 'What Ada gets', from })
  const { id } = (await rest('POST', '/v1/playbooks/ask/backtests', { days: 7 })).json()
  await served.api.database.db
    .updateTable('backtests')
    .set({ status: 'done', ended_at: new Date(served.api.clock.now), result: JSON.stringify(RESULT) })
    .where('id', '=', id)
    .execute()
  app = await openApp(served)
  await app.signIn()
  await app.page.getByRole('table', { name: 'Playbooks' }).getByRole('link', { name: 'Ask them', exact: true }).click()
}, 120_000)

/** As a worker leaves it. */
const reached = { reached: 3, ports: {}, open: 0, failed: 0, written: 0, firstAt: null, lastAt: null, assumed: false }
const RESULT = {
  draft: {
    entered: 3,
    events: 9,
    unheard: [],
    refused: { HOLDOUT: 2 },
    statuses: { completed: 3, exited: 0, failed: 0, cancelled: 0, open: 0 },
    reasons: {},
    durations: null,
    sample: [],
    steps: [
      { step: 'start', label: 'Event happens', type: 'trigger.event@1', ...reached, ports: { out: 3 } },
      { step: 'ask', label: 'Ask', type: 'flow.form@1', ...reached },
    ],
  },
  live: null,
  isLive: false,
  real: null,
  tookMs: 5,
}

pictureFailures(() => app)
afterAll(async () => {
  await app?.close()
  await served?.close()
})

const trial = async (name: string) => {
  const { page } = app
  await page.getByRole('button', { name: 'More' }).click()
  await page.getByRole('menuitem', { name, exact: true }).click()
}
const edgeLabels = () => app.page.getByRole('region', { name: 'Canvas' }).locator('.sb-edge-label')
const form = () => app.page.getByRole('complementary', { name: 'Step' })
const inForm = (name: string) => form().getByRole('textbox', { name, exact: true }).last()

it('draws a backtest on the canvas while the draft is the one it is of', async () => {
  await trial('Backtest')
  await app.page.getByText('Kept out: in the holdout group').waitFor()
  await edgeLabels().first().waitFor()
  expect(await app.page.getByText('Of an older draft').count()).toBe(0)
})

it('keeps the options of each field of a form, and a name once it was given', async () => {
  const { page } = app
  await page.getByRole('region', { name: 'Canvas' }).locator('[data-id="ask"]').first().click()
  await form().getByRole('button', { name: 'Remove field mood' }).click()
  const options = inForm('Options, one a line')
  expect(await options.inputValue()).toBe('Small\nLarge')
  await options.press('Control+End')
  await options.press('Enter')
  await options.pressSequentially('Huge')
  expect(await options.inputValue()).toBe('Small\nLarge\nHuge')
  await inForm('Question').fill('Which size?')
  await inForm('Name').focus()
  expect(await inForm('Name').inputValue()).toBe('size')
  await form().getByRole('button', { name: 'Add field' }).click()
  await inForm('Question').fill('How many seats?')
  await inForm('Name').focus()
  expect(await inForm('Name').inputValue()).toBe('how_many_seats')
})

it('keeps the limits of repeats in sight while they are typed, and takes none beyond what can be', async () => {
  const { page } = app
  await form().getByRole('combobox', { name: 'If an attempt fails, repeat it' }).click()
  await page.getByRole('option', { name: 'Within limits' }).click()
  await inForm('Within').fill('')
  await inForm('Attempts at most').fill('1')
  await inForm('Attempts at most').fill('500')
  await form().getByText('1 counts until then.').waitFor()
  await inForm('Within').focus()
  expect(await inForm('Attempts at most').inputValue()).toBe('1')
})

it('says that a backtest is of an older draft, however often it is come back to, and draws it no more', async () => {
  await trial('Backtest')
  await app.page.getByText('Of an older draft').waitFor()
  expect(await edgeLabels().count()).toBe(0)
})

it('accepts of a test what was run alone, and removes it once somebody said yes', async () => {
  const { page } = app
  await trial('Tests')
  const result = page.getByRole('region', { name: 'What Ada gets' })
  const accept = result.getByRole('button', { name: 'Expect this from now on' })
  await accept.waitFor()
  expect(await accept.isEnabled()).toBe(true)
  await page.getByRole('button', { name: 'Undo' }).click()
  await result.getByText('Run the tests again').waitFor()
  expect(await accept.isEnabled()).toBe(false)
  await result.getByRole('button', { name: 'Remove' }).click()
  await page.getByRole('dialog').getByRole('button', { name: 'Remove' }).click()
  await page.getByText('There are no tests yet.').waitFor()
  expect(app.faults).toEqual([])
})
