import { onPool } from '../db/sql.ts'
import type pg from 'pg'
import { isRefused, parseMessage } from '../ingest/parse-message.ts'
import { problem } from '../problem.ts'
import type { ColumnTarget, ImportKind, ImportMapping, MappingCheck } from './import-schemas.ts'
import { type ImportRecord, columnsOf } from './read-imports.ts'
import { rowsFrom } from './read-pages.ts'
import { readRow, type RowRefusal } from './read-row.ts'

/** As many as are looked at in a second or two. */
const ROWS_CHECKED = 20_000
const PROBLEMS_SHOWN = 20

/** @throws ProblemError 422 MAPPING_INVALID, with every problem */
export function refuseBadMapping(row: ImportRecord, mapping: ImportMapping): void {
  const columns = columnsOf(row)
  const problems = [...countProblem(columns.length, mapping), ...doubleProblems(mapping), ...missing(row.kind, mapping)]
  if (problems.length === 0) return
  throw problem(422, 'MAPPING_INVALID', {
    detail: `The columns cannot be taken like this. ${problems[0]?.message ?? ''}`,
    problems,
  })
}

type MappingProblem = { path: string; message: string }

function countProblem(columns: number, mapping: ImportMapping): MappingProblem[] {
  if (mapping.columns.length === columns) return []
  const message = `The file has ${columns} columns and the mapping ${mapping.columns.length}; give one entry for each.`
  return [{ path: 'mapping.columns', message }]
}

const keyOf = (target: ColumnTarget): string => (target.to === 'property' ? `property ${target.property}` : target.to)

function doubleProblems({ columns }: ImportMapping): MappingProblem[] {
  const seen = new Set<string>()
  return columns.flatMap((target, i) => {
    const key = keyOf(target)
    if (target.to === 'skip' || !seen.has(key)) {
      seen.add(key)
      return []
    }
    return [{ path: `mapping.columns.${i}`, message: `Another column is ${key} already; skip one of them.` }]
  })
}

function missing(kind: ImportKind, mapping: ImportMapping): MappingProblem[] {
  const has = (...targets: string[]): boolean => mapping.columns.some(({ to }) => targets.includes(to))
  const path = 'mapping.columns'
  const unfit = mapping.columns.flatMap((target, i) =>
    target.to === 'event' && kind !== 'events'
      ? [{ path: `${path}.${i}`, message: `An import of ${kind} has no events; skip this column.` }]
      : target.to === 'email' && kind !== 'contacts'
        ? [{ path: `${path}.${i}`, message: 'Only an import of contacts takes an e-mail address; make it a property.' }]
        : [],
  )
  if (kind === 'contacts' && !has('userId', 'anonymousId', 'email'))
    unfit.push({ path, message: 'Say which column names the person: a user id, an e-mail address or an anonymous id.' })
  if (kind === 'accounts' && !has('groupId'))
    unfit.push({ path, message: 'Say which column has your own id of the account.' })
  if (kind === 'events' && !has('userId', 'anonymousId'))
    unfit.push({ path, message: 'Say which column names the person: a user id or an anonymous id.' })
  if (kind === 'events' && !has('event') && !mapping.event)
    unfit.push({ path: 'mapping.event', message: 'Say which column names the event, or one name for all rows.' })
  return unfit
}

/** What the mapping would make of the first rows, keeping nothing. */
export async function checkMapping(
  pool: pg.Pool,
  row: ImportRecord,
  given: { mapping: ImportMapping; now: number },
): Promise<MappingCheck> {
  const plan = {
    importId: row.id,
    kind: row.kind,
    header: columnsOf(row).map(({ name }) => name),
    mapping: given.mapping,
  }
  const place = {
    workspaceId: row.workspace_id,
    id: row.id,
    delimiter: row.delimiter,
    nextRow: row.next_row,
    nextByte: Number(row.next_byte),
  }
  const problems = new Map<string, MappingCheck['problems'][number]>()
  let checked = 0
  let bad = 0
  for await (const { row: at, cells } of rowsFrom(onPool(pool), place, ROWS_CHECKED)) {
    checked += 1
    const wrong = problemOf(readRow(plan, cells, at), row.workspace_id, given.now)
    if (wrong === null) continue
    bad += 1
    // The first of each kind stands for all: the cell is named, so its text would make every one its own.
    const key = `${wrong.code} ${wrong.reason.replaceAll(/“[^”]*”/g, '')}`
    const known = problems.get(key)
    if (known === undefined) problems.set(key, { ...wrong, row: at, rows: 1 })
    else known.rows += 1
  }
  return {
    checked,
    complete: checked >= row.total,
    good: checked - bad,
    bad,
    problems: [...problems.values()].sort((a, b) => b.rows - a.rows).slice(0, PROBLEMS_SHOWN),
  }
}

function problemOf(read: ReturnType<typeof readRow>, workspaceId: string, receivedAt: number): RowRefusal | null {
  if (!Array.isArray(read)) return read
  for (const { kind, message } of read) {
    const parsed = parseMessage(kind, message, {
      workspaceId,
      receivedAt,
      sentAt: undefined,
      freshId: () => '',
      fromImport: true,
    })
    if (isRefused(parsed)) return parsed.refusal
  }
  return null
}
