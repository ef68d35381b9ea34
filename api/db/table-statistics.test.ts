import { sql } from 'kysely'
import { afterEach, expect, it } from 'vitest'
import { createTestWorkspace, type TestWorkspace } from '../../test/helpers/workspace.ts'
import { onPool } from './sql.ts'
import { analyzeOutgrown } from './table-statistics.ts'

let w: TestWorkspace
afterEach(() => w.close())

it('looks at a table that a burst has filled, once, and not at small ones', async () => {
  w = await createTestWorkspace(Date.now())
  const q = onPool(w.opened.pool)
  await analyzeOutgrown(q)
  expect(await analyzeOutgrown(q)).toEqual([])
  const track = (i: number) => ({
    type: 'track',
    userId: `u${i}`,
    event: 'Step',
    properties: { filler: 'x'.repeat(500) },
  })
  await w.send(...Array.from({ length: 900 }, (_, i) => track(i)))
  expect(await analyzeOutgrown(q)).toEqual(['event_ids', 'events_pending'])
  const { rows } = await sql<{
    n: number
  }>`SELECT reltuples::int AS n FROM pg_class WHERE relname = 'events_pending'`.execute(w.opened.db)
  expect(rows).toEqual([{ n: 900 }])
  expect(await analyzeOutgrown(q)).toEqual([])
})
