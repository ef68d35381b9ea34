import AxeBuilder from '@axe-core/playwright'
import type { Locator } from 'playwright-core'
import { afterAll, beforeAll, expect, it } from 'vitest'
import type { Json } from '../../nodes/manifest.ts'
import { type App, openApp, PATIENTLY, pictureFailures } from '../helpers/app-driver.ts'
import { type Instance, startInstance } from '../helpers/instance.ts'
import { until } from '../helpers/until.ts'
import { type Product, productOf } from '../scenarios/product.ts'

// Twelve people in two companies: the odd ones pay and report, p1 twice and with growing amounts.

let instance: Instance
let app: App
let product: Product

const MANY = 12
const daysAgo = (days: number): string => new Date(Date.now() - days * 86_400_000).toISOString()

beforeAll(async () => {
  instance = await startInstance({ demo: false })
  product = productOf(instance)
  app = await openApp(instance)
  const people = Array.from({ length: MANY }, (_, n) => n)
  await product.api('POST', '/v1/batch', {
    batch: [
      ...people.map((n) => ({
        type: 'identify',
        userId: `p${n}`,
        traits: { name: `Person ${n}`, plan: n % 2 === 1 ? 'team' : 'trial', seats: n },
      })),
      ...people.map((n) => ({
        type: 'group',
        userId: `p${n}`,
        groupId: n < 4 ? 'acme' : 'globex',
        traits: { mrr: n < 4 ? 900 : 10 },
      })),
      ...people
        .filter((n) => n % 2 === 1)
        .flatMap((n) => [
          track(n, 'Trial Started', { days: 20, source: 'ads' }),
          track(n, 'Report Created', { days: 3, pages: 10 * n, kind: 'pdf' }),
        ]),
      track(1, 'Report Created', { days: 1, pages: 40, kind: 'csv' }),
      track(1, 'Report Created', { days: 40, pages: 5, kind: 'pdf' }),
    ],
  })
  await product.api('POST', '/v1/scores', SCORE)
  await product.api('POST', '/v1/signals', {
    name: 'Reporting',
    rule: { event: 'Report Created', count: { op: 'gte', value: 1 } },
  })
  await product.api('POST', '/v1/segments', {
    name: 'On a team plan',
    rule: { property: 'contact.plan', op: 'eq', value: 'team' },
  })
  await until('everybody is worked out', async () => {
    const [segment, signal, score] = await Promise.all([
      product.api<{ count: number; backfillDone: boolean }>('GET', '/v1/segments/on-a-team-plan'),
      product.api<{ count: number }>('GET', '/v1/signals/reporting'),
      product.api<{ count: number; backfillDone: boolean }>('GET', '/v1/scores/seats'),
    ])
    return segment.count === 6 && signal.count === 6 && score.backfillDone && segment.backfillDone
  })
  await app.signIn()
}, 240_000)

pictureFailures(() => app)
afterAll(async () => {
  await app?.close()
  await instance?.stop()
})

const track = (n: number, event: string, { days, ...properties }: { days: number; [name: string]: Json }) => ({
  type: 'track',
  userId: `p${n}`,
  event,
  properties,
  timestamp: daysAgo(days),
})

const SCORE = {
  name: 'Seats',
  subject: 'contact',
  definition: {
    parts: [
      { name: 'Seats', weight: 1, measure: { of: { property: 'contact.seats' }, from: 0, to: 10, missing: 'none' } },
    ],
    bands: [
      { name: 'Few', from: 0 },
      { name: 'Many', from: 50 },
    ],
    stages: [],
  },
}

const dialog = (): Locator => app.page.getByRole('dialog')
const line = (nth = 0): Locator => dialog().getByRole('group', { name: 'Condition', exact: true }).nth(nth)

/** Chooses by mouse. */
async function choose(label: string, option: string | RegExp, within: Locator = line()): Promise<void> {
  await within.getByRole('combobox', { name: label, exact: true }).first().click()
  await app.page.getByRole('option', { name: option, ...(typeof option === 'string' && { exact: true }) }).click()
}

async function write(label: string, text: string, within: Locator = line()): Promise<void> {
  const input = within.getByLabel(label, { exact: true }).first()
  await input.fill(text)
  await input.press('Tab')
}

/** What the rule says, and how many it holds for. */
async function says(words: string, count: number, of = MANY): Promise<void> {
  await dialog().getByText(`In words: ${words}`, { exact: false }).waitFor()
  await dialog()
    .getByText(new RegExp(`^${count} of ${of} (contacts|accounts) now$`))
    .waitFor()
}

async function newSegment(name: string): Promise<void> {
  await app.open('Segments')
  await app.page.getByRole('button', { name: 'New segment' }).click()
  await dialog().getByRole('textbox', { name: 'Name', exact: true }).fill(name)
  await dialog().getByRole('button', { name: 'Add condition' }).click()
}

const kind = (label: string, within?: Locator): Promise<void> => choose('Kind of condition', label, within)

it('builds a rule of every kind, says each in words and counts it', async () => {
  await newSegment('Every kind')
  const builder = dialog().getByRole('group', { name: 'Rule', exact: true })
  await builder.getByText('Name a path that begins with contact.').waitFor()
  await write('Property', 'contact.seats')
  await choose('Comparison', 'is at least')
  await write('Value', '6')
  await says('contact.seats is at least 6.', 6)

  await kind('Change')
  await write('Property that changed', 'contact.plan')
  await choose('To', 'to the value')
  await write('Value', 'team')
  await says('contact.plan changed to team in the last 30 days.', 6)

  await kind('Event')
  await write('Event name', 'Report Created')
  await choose('When', 'in the calendar')
  await choose('Period', 'year')
  await choose('When', 'in the last')
  await line().getByRole('button', { name: 'Filter by a property' }).click()
  const filter = line().getByRole('group', { name: 'Filter of the event' })
  await filter.getByLabel('Property of the event').fill('ki')
  await app.page.getByRole('option', { name: /^kind/ }).click()
  await write('Value', 'csv', filter)
  await says('at least 1 "Report Created" (where kind is csv) in the last 30 days.', 1)

  await kind('First or last time')
  await filter.getByRole('button', { name: 'Remove this filter' }).click()
  await choose('Which one', 'the first')
  await choose('Comparison', 'was more than this ago')
  await write('Value', '30')
  await says('the first "Report Created" was more than 30 days ago.', 1)

  await kind('Sequence')
  await write('Event 1', 'Trial Started')
  await write('Event 2', 'Report Created')
  await choose('How long it may take', 'from first to last within')
  await write('Longest time from first to last', '18')
  await says('"Trial Started", then "Report Created" in the last 30 days, the last at most 18 days after the first.', 6)
  await line().getByRole('button', { name: 'Move event 2 up' }).click()
  await says('"Report Created", then "Trial Started" in the last 30 days, the last at most 18 days after the first.', 0)

  await kind('Figure')
  await write('Event name', 'Report Created')
  await write('Property of the event', 'pages')
  await write('Value', '60')
  await says('the sum of pages of "Report Created" in the last 30 days is more than 60.', 3)

  await kind('Trend')
  await choose('Comparison', 'changed by at least')
  await write('Percent, below 0 for a fall', '100')
  await says('"Report Created" rose by at least 100% against the 30 days before.', 1)

  await kind('Segment')
  await choose('Segment', 'On a team plan')
  await choose('Is', 'is no member of')
  await says('not in segment on-a-team-plan.', 6)

  await kind('Signal')
  await choose('Signal', 'Reporting')
  await says('signal reporting is set.', 6)

  await kind('Score')
  await choose('Score', 'Seats')
  await choose('What of it', 'its band')
  await choose('Value', 'Many')
  await says('band of score seats is Many.', 7)

  await kind('Their accounts')
  await line().getByRole('button', { name: 'Add condition' }).click()
  const inner = line(1)
  await write('Property', 'account.mrr', inner)
  await choose('Comparison', 'is more than', inner)
  await write('Value', '100', inner)
  await says('at least 1 account for which (account.mrr is more than 100).', 4)
  await app.picture('40-rule-builder')
  expect(await violations()).toEqual([])
  await app.page.keyboard.press('Escape')
}, 120_000)

it('builds one by keyboard alone and keeps it as a segment', async () => {
  const { page } = app
  await app.open('Segments')
  await page.getByRole('button', { name: 'New segment' }).focus()
  await page.keyboard.press('Enter')
  await dialog().getByRole('textbox', { name: 'Name', exact: true }).waitFor()
  await expect.poll(() => focused(), PATIENTLY).toBe('Name')
  await page.keyboard.type('Quiet payers')
  await walkTo('Add condition')
  await page.keyboard.press('Enter')
  await line().waitFor()
  await dialog().getByRole('combobox', { name: 'Kind of condition' }).focus()
  await page.keyboard.press('Enter')
  const option = page.getByRole('option', { name: 'Event', exact: true })
  await option.waitFor()
  for (let presses = 0; presses < 20 && (await option.getAttribute('data-combobox-selected')) === null; presses += 1)
    await page.keyboard.press('ArrowDown')
  await page.keyboard.press('Enter')
  await line().getByLabel('Event name', { exact: true }).waitFor()
  await walkTo('Event name')
  await page.keyboard.type('Report Created')
  await page.keyboard.press('Escape')
  await walkTo('Times')
  await page.keyboard.press('ControlOrMeta+a')
  await page.keyboard.type('2')
  await walkTo('Window')
  await page.keyboard.press('ControlOrMeta+a')
  await page.keyboard.type('60')
  await says('at least 2 "Report Created" in the last 60 days.', 1)
  await dialog().getByRole('status').getByRole('link', { name: 'Person 1' }).waitFor()
  await walkTo('Create segment')
  await page.keyboard.press('Enter')
  await page.getByRole('heading', { name: 'Quiet payers', level: 1 }).waitFor()
}, 90_000)

it('shows who is in it, how it came so, and where it is used', async () => {
  const { page } = app
  await page.getByRole('table', { name: 'Members' }).getByRole('link', { name: 'Person 1' }).waitFor()
  await page.getByRole('img', { name: /^Quiet payers by day: .* 1 now$/ }).waitFor()
  await page.getByText('when the rule was asked for everybody').first().waitFor()
  await product.api('POST', '/v1/signals', { name: 'Reads it', rule: { segment: 'quiet-payers', is: 'in' } })
  await product.api('POST', '/v1/track', { userId: 'p3', event: 'Report Created', properties: { pages: 1 } })
  await page.getByRole('table', { name: 'Members' }).getByRole('link', { name: 'Person 3' }).waitFor()
  await page.getByText('by the event “Report Created”').first().waitFor()
  await page.getByText('a year', { exact: true }).click()
  await page.getByText('2 in, 0 out', { exact: true }).waitFor()
  await page.reload()
  await page.getByRole('link', { name: 'the signal “reads-it”' }).waitFor()
  await page.getByRole('img', { name: /2 now$/ }).waitFor()
  await app.picture('41-segment')
  expect(await violations()).toEqual([])
}, 90_000)

it('shows an event as it arrives: what it turned, and why another rule stayed', async () => {
  const { page } = app
  await app.open('Events')
  await page.getByRole('feed', { name: 'Events' }).waitFor()
  await page.getByText('Live', { exact: true }).waitFor()
  await product.api('POST', '/v1/track', {
    userId: 'p5',
    event: 'Report Created',
    messageId: 'seen',
    properties: { pages: 2 },
  })
  const feed = page.getByRole('feed', { name: 'Events' })
  const seen = feed.getByRole('article', { name: 'Report Created of Person 5' }).first()
  await seen.getByText('quiet-payers entered').waitFor()
  await seen.locator('summary').first().click()
  const who = seen.getByRole('region', { name: 'Who' })
  await who.getByText('by your id p5').waitFor()
  await who.getByText('as their only one').waitFor()
  await seen.getByRole('region', { name: 'What it turned' }).getByText('segment Quiet payers of Person 5').waitFor()
  await seen.getByRole('button', { name: 'Why reporting stayed' }).click()
  await dialog().getByText('Yes', { exact: true }).waitFor()
  await app.picture('42-why-not')
  await page.keyboard.press('Escape')
  await dialog().waitFor({ state: 'detached' })
  await seen.scrollIntoViewIfNeeded()
  await app.picture('43-events')
  expect(await violations()).toEqual([])
  await page.getByRole('button', { name: 'Pause' }).click()
  await product.api('POST', '/v1/identify', { userId: 'p6', traits: { plan: 'team' } })
  await page.getByRole('status').getByText('Paused').waitFor()
  await page.getByRole('button', { name: 'Resume' }).click()
  const written = feed.getByRole('article', { name: 'identify of Person 6' }).first()
  await written.getByText('on-a-team-plan entered').waitFor()
  await written.locator('summary').first().click()
  await written.getByRole('region', { name: 'What it wrote' }).getByText('was "trial", became').waitFor()
  await choose('Kind of call', 'group', page.getByRole('main'))
  await expect.poll(() => feed.getByRole('article').count(), PATIENTLY).toBe(MANY)
  expect(app.faults).toEqual([])
}, 90_000)

it('is built in a narrow column and in the dark as well', async () => {
  const { page } = app
  await page.setViewportSize({ width: 1024, height: 768 })
  await page.emulateMedia({ colorScheme: 'dark' })
  await newSegment('Narrow')
  await kind('Figure')
  await app.picture('44-rule-narrow-dark')
  await page.keyboard.press('Escape')
  await app.open('Events')
  await page.getByRole('feed', { name: 'Events' }).waitFor()
  await app.picture('45-events-dark')
  expect(app.faults).toEqual([])
}, 60_000)

const focused = (): Promise<string> =>
  app.page.evaluate(() => {
    const element = document.activeElement
    if (!(element instanceof HTMLElement)) return ''
    const label = element instanceof HTMLInputElement ? element.labels?.[0]?.textContent : undefined
    return element.getAttribute('aria-label') ?? label ?? element.textContent ?? ''
  })

/** By Tab alone to what is called so. */
async function walkTo(name: string): Promise<void> {
  for (let presses = 0; presses < 40; presses += 1) {
    if ((await focused()) === name) return
    await app.page.keyboard.press('Tab')
  }
  throw new Error(`Tab does not lead to “${name}”.`)
}

async function violations(): Promise<string[]> {
  const found: string[] = []
  for (const scheme of ['light', 'dark'] as const) {
    await app.page.emulateMedia({ colorScheme: scheme })
    await app.page.locator(`html[data-mantine-color-scheme="${scheme}"]`).waitFor()
    await app.page.evaluate(() => document.getAnimations().forEach((animation) => animation.finish()))
    const { violations: all } = await new AxeBuilder({ page: app.page }).setLegacyMode(true).analyze()
    for (const { id, impact, nodes } of all)
      if (impact === 'serious' || impact === 'critical')
        found.push(`${scheme}: ${id} at ${nodes.map(({ target }) => target.join(' ')).join(', ')}`)
  }
  await app.page.emulateMedia({ colorScheme: 'light' })
  return found
}
