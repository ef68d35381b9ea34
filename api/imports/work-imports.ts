import type pg from 'pg'
import {
  advanceImport,
  claimImport,
  endImport,
  type RowRefused,
  type RunningImport,
  waitingEvents,
} from '../db/import-store.ts'
import { inTransaction, onPool, type Queryable } from '../db/sql.ts'
import type { AcceptItems, Item } from '../ingest/accept-items.ts'
import { problem, ProblemError } from '../problem.ts'
import { importMapping } from './import-schemas.ts'
import { rowsFrom } from './read-pages.ts'
import { readRow } from './read-row.ts'

export interface ImportDeps {
  pool: pg.Pool
  /** Milliseconds since 1970. */
  clock: () => number
  acceptItems: AcceptItems
}

/** Some of its rows become two messages, and a transaction takes a thousand. */
const PAGE_ROWS = 500
/** An import waits while more events than this wait for a dispatcher: a live event is never behind more of its rows. */
export const WAITING_MOST = 1_000

export type ImportWork = 'idle' | 'waiting' | 'worked'

/**
 * Takes one page of the import that was started first. The rows are committed before the page is noted: whoever dies
 * in between repeats the page, and ingestion knows its messages already.
 */
export async function workImports(deps: ImportDeps): Promise<ImportWork> {
  return inTransaction(deps.pool, async (q) => {
    const claimed = await claimImport(q)
    if (claimed === null) return 'idle'
    if ((await waitingEvents(onPool(deps.pool), WAITING_MOST)) >= WAITING_MOST) return 'waiting'
    try {
      await takePage(q, deps, claimed)
    } catch (error) {
      if (!(error instanceof ProblemError)) throw error
      await endImport(q, claimed, { status: 'failed', fault: error.message, now: deps.clock() })
    }
    return 'worked'
  })
}

async function takePage(q: Queryable, deps: ImportDeps, of: RunningImport): Promise<void> {
  const plan = {
    importId: of.id,
    kind: of.kind,
    header: of.columns.map(({ name }) => name),
    mapping: mappingIn(of),
  }
  const page: Array<{ row: number; cells: string[]; items: Item[] }> = []
  const refused: RowRefused[] = []
  let [nextRow, nextByte] = [of.nextRow, of.nextByte]
  for await (const { row, cells, end } of rowsFrom(q, of, PAGE_ROWS)) {
    const read = readRow(plan, cells, row)
    if (Array.isArray(read)) page.push({ row, cells, items: read })
    else refused.push({ row, cells, ...read })
    nextRow = row + 1
    nextByte = end
  }
  const answers = await deps.acceptItems(
    { workspaceId: of.workspaceId },
    page.map(({ items }) => items),
  )
  for (const [i, { row, cells }] of page.entries()) {
    const wrong = answers[i]
    // Of somebody who asked to be deleted nothing is kept, here neither.
    if (wrong) refused.push({ row, cells: wrong.code === 'SUPPRESSED' ? [] : cells, ...wrong })
  }
  const taken = page.length - answers.filter((answer) => answer !== null).length
  await advanceImport(q, of, { nextRow, nextByte, taken, refused: refused.sort((a, b) => a.row - b.row) })
  if (nextRow - of.nextRow < PAGE_ROWS) await endImport(q, of, { status: 'done', fault: null, now: deps.clock() })
}

function mappingIn(of: RunningImport) {
  const read = importMapping.safeParse(of.mapping)
  if (read.success) return read.data
  throw problem(422, 'MAPPING_INVALID', 'The import was mapped by another version of Signalbox; upload the file again.')
}
