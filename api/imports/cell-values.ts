import type { Json } from '../../nodes/manifest.ts'

export const CELL_TYPES = ['text', 'number', 'boolean', 'date', 'list'] as const
export type CellType = (typeof CELL_TYPES)[number]
export const DATE_ORDERS = ['iso', 'day-first', 'month-first'] as const
export type DateOrder = (typeof DATE_ORDERS)[number]

/** A cell as a value, or what is wrong with it and what to write instead. */
export type CellValue = { value: Json } | { problem: string }

const NUMBER = /^[+-]?(\d+(\.\d+)?|\.\d+)([eE][+-]?\d+)?$/
const ISO_DATE = /^(\d{4})-(\d\d)-(\d\d)$/
const ISO_TIME = /^\d{4}-\d\d-\d\d[T ]\d\d:\d\d(:\d\d(\.\d+)?)?(Z|[+-]\d\d:?\d\d)?$/
const LOCAL_DATE = /^(\d{1,2})[./-](\d{1,2})[./-](\d{4})$/
const TRUE = new Set(['true', 'yes', 'y', '1'])
const FALSE = new Set(['false', 'no', 'n', '0'])

/**
 * Reads a cell that is not empty. What does not fit its type is refused: nobody can tell a wrong guess later.
 * @param as.dates how a date of digits and points is meant
 * @param as.separator between the entries of a list; a cell that starts with [ is read as JSON
 */
export function cellValue(cell: string, as: { type: CellType; dates: DateOrder; separator: string }): CellValue {
  switch (as.type) {
    case 'text':
      return { value: cell }
    case 'number':
      return NUMBER.test(cell) && Number.isFinite(Number(cell))
        ? { value: Number(cell) }
        : { problem: `${quote(cell)} is no number; write digits and a point, such as 1234.5.` }
    case 'boolean': {
      const word = cell.toLowerCase()
      if (TRUE.has(word)) return { value: true }
      return FALSE.has(word)
        ? { value: false }
        : { problem: `${quote(cell)} is neither true nor false; write one of them.` }
    }
    case 'date':
      return dateValue(cell, as.dates)
    case 'list':
      return listValue(cell, as.separator)
  }
}

function dateValue(cell: string, dates: DateOrder): CellValue {
  const [, year = '', month = '', day = ''] = ISO_DATE.exec(cell) ?? []
  if (year !== '') return realDate({ year, month, day }, cell)
  if (ISO_TIME.test(cell)) {
    // Without a zone a time is taken for UTC, as everywhere here; Date would take the server's.
    const instant = Date.parse(/(Z|[+-]\d\d:?\d\d)$/.test(cell) ? cell.replace(' ', 'T') : `${cell.replace(' ', 'T')}Z`)
    return Number.isNaN(instant) ? noDate(cell) : { value: new Date(instant).toISOString() }
  }
  const [, first = '', second = '', of = ''] = LOCAL_DATE.exec(cell) ?? []
  if (of === '' || dates === 'iso') return noDate(cell)
  return realDate(
    dates === 'day-first' ? { year: of, month: second, day: first } : { year: of, month: first, day: second },
    cell,
  )
}

function realDate({ year, month, day }: { year: string; month: string; day: string }, cell: string): CellValue {
  const text = `${year}-${month.padStart(2, '0')}-${day.padStart(2, '0')}`
  const instant = Date.parse(`${text}T00:00:00Z`)
  // 31 February would become 3 March.
  return !Number.isNaN(instant) && new Date(instant).toISOString().startsWith(text) ? { value: text } : noDate(cell)
}

const noDate = (cell: string): CellValue => ({
  problem: `${quote(cell)} is no date as this column has them; write it like 2026-03-31 or 2026-03-31T09:30:00Z.`,
})

function listValue(cell: string, separator: string): CellValue {
  if (cell.startsWith('[')) {
    try {
      const list: unknown = JSON.parse(cell)
      if (Array.isArray(list)) return { value: list as Json[] }
    } catch {
      return { problem: `${quote(cell)} begins like a JSON list and is none; mend it, or drop the bracket.` }
    }
  }
  return {
    value: cell
      .split(separator)
      .map((entry) => entry.trim())
      .filter((entry) => entry !== ''),
  }
}

export const quote = (cell: string): string => `“${cell.length > 40 ? `${cell.slice(0, 40)}…` : cell}”`

/** What all filled cells of a sample are at once; text where they differ. */
export function guessType(cells: string[]): { type: CellType; dates: DateOrder } {
  const filled = cells.filter((cell) => cell !== '')
  const all = (type: CellType, dates: DateOrder = 'iso'): boolean =>
    filled.every((cell) => 'value' in cellValue(cell, { type, dates, separator: ';' }))
  if (filled.length === 0) return { type: 'text', dates: 'iso' }
  // A postal code or a phone number begins with 0 or +, and is no number to count with.
  if (all('number') && !filled.some((cell) => /^(\+|0\d)/.test(cell))) return { type: 'number', dates: 'iso' }
  if (filled.every((cell) => /^(true|false|yes|no)$/i.test(cell))) return { type: 'boolean', dates: 'iso' }
  for (const dates of ['iso', 'day-first', 'month-first'] as const)
    if (all('date', dates)) return { type: 'date', dates }
  return filled.every((cell) => cell.startsWith('[')) && all('list')
    ? { type: 'list', dates: 'iso' }
    : { type: 'text', dates: 'iso' }
}
