import { performance } from 'node:perf_hooks'
import { afterAll, beforeAll, expect, it } from 'vitest'
import { type App, openApp, pictureFailures, PATIENTLY } from '../helpers/app-driver.ts'
import { seedCustomers } from '../helpers/many-customers.ts'
import { type ServedApi, serveApi } from '../helpers/served-api.ts'

// Many people in a real database: 10,000, and for figures `BIG_TABLE=100000 npx vitest run test/e2e/big-tables.test.ts`.
// The figures are printed; what is asserted is what is seen.

const CONTACTS = Number(process.env['BIG_TABLE'] ?? 10_000)

let served: ServedApi
let app: App

beforeAll(async () => {
  served = await serveApi()
  const { api, workspace } = served
  await seedCustomers(api.database.db, workspace.id, { contacts: CONTACTS, now: api.clock.now })
  app = await openApp(served)
  await app.signIn()
}, 240_000)

pictureFailures(() => app)
afterAll(async () => {
  await app?.close()
  await served?.close()
})

const say = (words: string): void => console.log(`[${CONTACTS.toLocaleString('en-US')} contacts] ${words}`)

async function timed<T>(work: () => Promise<T>): Promise<{ ms: number; value: T }> {
  const began = performance.now()
  const value = await work()
  return { ms: Math.round(performance.now() - began), value }
}

const LISTS = [
  '',
  'sort=name',
  'sort=-name',
  'sort=email',
  'sort=createdAt',
  'sort=contact.mrr',
  'sort=-contact.title',
  'search=maya',
  'search=u-4711',
  `filter=${encodeURIComponent('{"property":"contact.mrr","op":"gte","value":4000}')}`,
  `filter=${encodeURIComponent('{"event":"Logged In","count":{"op":"gte","value":1},"within":"P30D"}')}&sort=name`,
  `filter=${encodeURIComponent('{"segment":"on-a-team","is":"in"}')}`,
  'columns=email&columns=accounts&columns=signals&columns=segments&columns=lastSeenAt&columns=createdAt',
]

it('answers the first page, and one far down, of every kind of list', async () => {
  const { rest } = served.workspace
  for (const list of LISTS) {
    const path = (cursor: string | null) =>
      `/v1/contacts?limit=200&${list}${cursor === null ? '' : `&cursor=${cursor}`}`
    await rest('GET', path(null))
    const first = await timed(() => rest('GET', path(null)))
    expect(first.value.statusCode).toBe(200)
    const pages: number[] = []
    let cursor: string | null = first.value.json().nextCursor
    for (let page = 0; page < 10 && cursor !== null; page++) {
      const next = await timed(() => rest('GET', path(cursor)))
      pages.push(next.ms)
      cursor = next.value.json().nextCursor
    }
    say(
      `${decodeURIComponent(list) || 'newest first'}: first page ${first.ms} ms, then ${pages.join(', ') || 'none'} ms`,
    )
  }
  const counted = await timed(() => rest('POST', '/v1/contacts/count', {}))
  expect(counted.value.json()).toEqual({ count: CONTACTS })
  const some = { filter: { event: 'Logged In', count: { op: 'eq', value: 0 }, within: 'P30D' } }
  const absent = await timed(() => rest('POST', '/v1/contacts/count', some))
  say(
    `count of all ${counted.ms} ms, of those without a login in 30 days (${absent.value.json().count}) ${absent.ms} ms`,
  )
}, 240_000)

it('exports everybody without keeping everybody in memory', async () => {
  const key = await served.workspace.key()
  const before = process.memoryUsage.rss()
  let most = before
  let bytes = 0
  let lines = 0
  const { ms } = await timed(async () => {
    const answer = await fetch(
      `${served.baseUrl}/v1/exports/contacts.csv?columns=email&columns=contact.mrr&columns=accounts`,
      {
        headers: { authorization: `Bearer ${key}` },
      },
    )
    for await (const part of answer.body ?? []) {
      bytes += part.length
      for (const byte of part) if (byte === 10) lines += 1
      most = Math.max(most, process.memoryUsage.rss())
    }
  })
  expect(lines).toBe(CONTACTS + 1)
  say(
    `export: ${lines} lines, ${Math.round(bytes / 1e6)} MB in ${ms} ms, memory +${Math.round((most - before) / 1e6)} MB`,
  )
}, 240_000)

it('shows the first rows at once, and rows wherever one scrolls', async () => {
  const { page } = app
  const opened = await timed(async () => {
    await app.open('Contacts')
    await page.locator('tr[data-row="0"]').waitFor()
  })
  await page
    .getByRole('status')
    .getByText(`${CONTACTS.toLocaleString('en-US')} contacts`)
    .waitFor()
  await app.picture('30-contacts')
  const list = page.getByRole('region', { name: 'Contacts: arrow keys move' })
  let blank = 0
  let longest = 0
  const steps = 60
  for (let step = 0; step < steps; step++) {
    await list.evaluate((element) => element.scrollBy(0, 3000))
    const filled = await timed(() =>
      expect.poll(() => rowsSeen(list), { ...PATIENTLY, interval: 5 }).toBeGreaterThan(10),
    )
    if (filled.ms > 50) blank += 1
    longest = Math.max(longest, filled.ms)
  }
  const place = await list.evaluate((element) => element.scrollTop)
  say(
    `first rows ${opened.ms} ms after the click; ${steps} jumps of 3,000 px to row ${Math.round(place / 44)}: longest without rows ${longest} ms, ${blank} longer than 50 ms`,
  )
  expect(app.faults).toEqual([])
}, 240_000)

/** Rows that stand where one looks, with somebody in them. */
function rowsSeen(list: ReturnType<App['page']['getByRole']>): Promise<number> {
  return list.evaluate((element) => {
    const { top, bottom } = element.getBoundingClientRect()
    return [...element.querySelectorAll('tr[data-row]')].filter((row) => {
      const place = row.getBoundingClientRect()
      return place.bottom > top && place.top < bottom
    }).length
  })
}
