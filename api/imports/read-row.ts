import type { Json } from '../../nodes/manifest.ts'
import type { Item } from '../ingest/accept-items.ts'
import { type CellValue, cellValue } from './cell-values.ts'
import type { ColumnTarget, ImportKind, ImportMapping } from './import-schemas.ts'

/** Why a row was refused before it became a message; after that the message's own codes hold. */
export type RowCode = 'ROW_LENGTH' | 'CELL_INVALID'

export interface RowRefusal {
  code: string
  reason: string
}

export interface RowPlan {
  importId: string
  kind: ImportKind
  /** Names of the columns. */
  header: string[]
  mapping: ImportMapping
}

interface RowFields {
  plain: { [to: string]: string }
  properties: { [name: string]: Json }
}

/**
 * One row as tracking messages. Their ids are the import's and the row's, so that a row counts once however often it
 * is read.
 * @param row as a spreadsheet counts: the header is row 1
 */
export function readRow(plan: RowPlan, cells: string[], row: number): Item[] | RowRefusal {
  if (cells.length !== plan.header.length)
    return refuse(
      'ROW_LENGTH',
      `The row has ${cells.length} cells and the header ${plan.header.length}. Look for a delimiter too many or too few, or one inside a cell without quotation marks.`,
    )
  const fields: RowFields = { plain: {}, properties: {} }
  for (const [i, target] of plan.mapping.columns.entries()) {
    // Our own files of refused rows have an apostrophe before what a spreadsheet would run.
    const cell = (cells[i] ?? '').trim().replace(/^'(?=[=+\-@])/, '')
    // An empty cell says nothing: it does not take a value away.
    if (cell === '' || target.to === 'skip') continue
    const read = readCell(target, cell)
    if ('problem' in read) return refuse('CELL_INVALID', `${plan.header[i] ?? ''}: ${read.problem}`)
    if (target.to === 'property') fields.properties[target.property] = read.value
    else fields.plain[target.to] = String(read.value)
  }
  return messagesOf(plan, fields, `import:${plan.importId}:${row}`)
}

function readCell(target: ColumnTarget, cell: string): CellValue {
  const dates = target.dates ?? 'iso'
  if (target.to === 'property') return cellValue(cell, { type: target.type, dates, separator: target.separator ?? ';' })
  return target.to === 'timestamp' ? cellValue(cell, { type: 'date', dates, separator: ';' }) : { value: cell }
}

const refuse = (code: RowCode, reason: string): RowRefusal => ({ code, reason })

/** The checks of ingestion say what is missing: a row is held to what a message is held to. */
function messagesOf(plan: RowPlan, { plain, properties }: RowFields, messageId: string): Item[] | RowRefusal {
  const { userId, anonymousId, email, name, groupId, timestamp } = plain
  const person = { ...(userId === undefined ? {} : { userId }), ...(anonymousId === undefined ? {} : { anonymousId }) }
  const when = timestamp === undefined ? {} : { timestamp }
  switch (plan.kind) {
    case 'contacts': {
      const traits = withGiven(properties, { email, name })
      const identify: Item = { kind: 'identify', message: { messageId, ...person, ...when, traits } }
      if (groupId === undefined) return [identify]
      if (userId === undefined && anonymousId === undefined)
        return {
          code: 'SUBJECT_MISSING',
          reason:
            'A contact is put into an account by a user id or an anonymous id, and this row has none; add one, or empty the cell of the account.',
        }
      const member = { messageId: `${messageId}:group`, ...person, ...when, groupId, traits: {} }
      return [identify, { kind: 'group', message: member }]
    }
    case 'accounts':
      return [
        { kind: 'group', message: { messageId, ...person, ...when, groupId, traits: withGiven(properties, { name }) } },
      ]
    case 'events': {
      const event = plain.event ?? plan.mapping.event ?? ''
      const context = groupId === undefined ? {} : { context: { groupId } }
      return [{ kind: 'track', message: { messageId, ...person, ...when, event, properties, ...context } }]
    }
  }
}

const withGiven = (properties: { [name: string]: Json }, given: { [name: string]: string | undefined }) => ({
  ...properties,
  ...Object.fromEntries(Object.entries(given).filter(([, value]) => value !== undefined)),
})
