import { sql } from 'kysely'
import { afterAll, beforeAll, expect, it } from 'vitest'
import type { Rule } from '../../engine/model/rule.ts'
import { createTestDatabase, type TestDatabase } from '../../test/helpers/postgres.ts'
import { storeWorkspaces, subjectOf } from '../../test/helpers/rule-histories.ts'
import { type OpenedDatabase, openDatabase } from '../db/database.ts'
import { newId } from '../db/new-id.ts'
import { PREVIEW_TIMES, previewAudience, spread } from './preview-audience.ts'

const NOW = Date.parse('2026-03-15T12:00:00Z')
const CONTACTS = 3000
const workspaceId = newId(NOW)

let database: TestDatabase
let opened: OpenedDatabase
/** With one connection: what a preview leaves on it is what the next one finds. */
let narrow: OpenedDatabase
beforeAll(async () => {
  database = await createTestDatabase()
  opened = openDatabase(database.url)
  narrow = openDatabase(database.url, { max: 1 })
  const contacts = Array.from({ length: CONTACTS }, (_, n) =>
    subjectOf('contact', {
      name: `Person ${n}`,
      properties: { n },
      events: n % 3 === 0 ? [{ name: 'login', at: NOW - 1000, properties: {} }] : [],
      merged: n % 10 === 9,
    }),
  )
  let position = 0
  await storeWorkspaces(opened.db, [{ id: workspaceId, subjects: contacts }], () => (position += 1))
  await sql`ANALYZE`.execute(opened.db)
})
afterAll(async () => {
  await opened.close()
  await narrow.close()
  await database.drop()
})

const ctx = () => ({ db: narrow.db, workspaceId, now: NOW })
const rule: Rule = { event: 'login', count: { op: 'eq', value: 0 }, within: 'P7D' }
const HOLDS = Array.from({ length: CONTACTS }, (_, n) => n).filter((n) => n % 3 !== 0 && n % 10 !== 9).length
const TOTAL = CONTACTS * 0.9

it('counts exactly, without contacts that were merged', async () => {
  const preview = await previewAudience(ctx(), { subject: 'contact', rule })
  expect(preview).toMatchObject({ count: HOLDS, exact: true, checked: TOTAL, total: TOTAL })
  expect(preview.sample).toHaveLength(10)
  expect(preview.sample[0]?.label).toMatch(/^Person \d+$/)
  expect(preview.margin).toBeUndefined()
})

it('estimates where counting takes too long, and says how far off it may be', async () => {
  const times = { ...PREVIEW_TIMES, estimateFrom: 0, countUntil: 0, answerAt: 30_000 }
  const preview = await previewAudience(ctx(), { subject: 'contact', rule }, times)
  expect(preview).toMatchObject({ exact: false, total: TOTAL })
  expect(Math.abs(preview.count - HOLDS)).toBeLessThanOrEqual(preview.margin ?? 0)
  expect(preview.checked).toBeGreaterThan(0)
  expect(preview.sample).toHaveLength(10)
})

it('gives up a count that was asked for after its time, and the connection is as it was', async () => {
  const { promise: locked, resolve: isLocked } = Promise.withResolvers<void>()
  const { promise: released, resolve: release } = Promise.withResolvers<void>()
  const holding = opened.db.transaction().execute(async (trx) => {
    await sql`LOCK TABLE contacts IN ACCESS EXCLUSIVE MODE`.execute(trx)
    isLocked()
    await released
  })
  await locked
  const slow = previewAudience(ctx(), { subject: 'contact', rule, exact: true }, { ...PREVIEW_TIMES, exactAt: 300 })
  await expect(slow).rejects.toMatchObject({ status: 503, code: 'PREVIEW_TOO_SLOW' })
  release()
  await holding
  const { rows } = await sql<{ statement_timeout: string }>`SHOW statement_timeout`.execute(narrow.db)
  expect(rows).toEqual([{ statement_timeout: '0' }])
  expect(await previewAudience(ctx(), { subject: 'contact', rule, exact: true })).toMatchObject({ count: HOLDS })
})

it('a margin is wide where little was asked, and where neighbours are alike', () => {
  const pages = (holds: number[], asked = 20) => holds.map((n) => ({ asked, holds: n }))
  const mixed = spread(pages([10, 9, 11, 10, 10, 9, 11, 10]), 1000)
  const alike = spread(pages([20, 0, 20, 0, 20, 0, 20, 0]), 1000)
  expect([mixed.count, alike.count]).toEqual([500, 500])
  expect(alike.margin).toBeGreaterThan(5 * mixed.margin)
  expect(spread(pages([0]), 1000)).toMatchObject({ count: 0, margin: 980 })
  expect(spread(pages([0, 0, 0]), 1000)).toEqual({ count: 0, margin: 50 })
})
