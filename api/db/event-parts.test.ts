import { sql } from 'kysely'
import { afterAll, beforeAll, expect, it } from 'vitest'
import { createTestWorkspace, type TestWorkspace } from '../../test/helpers/workspace.ts'
import { ensureEventParts, quarterOf } from './event-parts.ts'

let w: TestWorkspace
beforeAll(async () => {
  w = await createTestWorkspace()
})
afterAll(() => w.close())

const DAY = 86_400_000

it('knows the quarter of an instant and those beside it, over the turn of a year', () => {
  const now = Date.UTC(2026, 10, 22)
  expect(quarterOf(now, 0)).toEqual({ name: 'events_2026_q4', from: '2026-10-01', to: '2027-01-01' })
  expect(quarterOf(now, 1)).toEqual({ name: 'events_2027_q1', from: '2027-01-01', to: '2027-04-01' })
  expect(quarterOf(now, -4)).toEqual({ name: 'events_2025_q4', from: '2025-10-01', to: '2026-01-01' })
})

it('makes the quarters around now once, moves what came before them, and leaves the rest where it is', async () => {
  const now = w.clock.now
  const events = [0, 30, 200, 3000].map((days) => ({
    type: 'track',
    userId: 'u1',
    event: `Before ${days}`,
    timestamp: new Date(now - days * DAY).toISOString(),
  }))
  await w.send(...events)
  await w.dispatch()
  const [first, second] = await Promise.all([
    ensureEventParts(w.opened.pool, now),
    ensureEventParts(w.opened.pool, now),
  ])
  expect([...first, ...second].toSorted()).toEqual(
    Array.from({ length: 7 }, (_, n) => quarterOf(now, n - 4).name).toSorted(),
  )
  const { rows } = await sql<{ name: string; part: string }>`
    SELECT name, tableoid::regclass::text AS part FROM events ORDER BY occurred_at DESC`.execute(w.opened.db)
  expect(rows.map(({ part }) => part)).toEqual([
    quarterOf(now, 0).name,
    quarterOf(now - 30 * DAY, 0).name,
    quarterOf(now - 200 * DAY, 0).name,
    'events_kept_rest',
  ])
  await w.send({ type: 'track', userId: 'u1', event: 'After' })
  await w.dispatch()
  const after = await sql<{ part: string }>`
    SELECT tableoid::regclass::text AS part FROM events WHERE name = 'After'`.execute(w.opened.db)
  expect(after.rows).toEqual([{ part: quarterOf(now, 0).name }])
  expect(await ensureEventParts(w.opened.pool, now)).toEqual([])
})
