import type { Json } from '../../nodes/manifest.ts'

/** What a spreadsheet would take for a formula: `=HYPERLINK(…)` in somebody's name must stay a name. */
const FORMULA = /^[=+\-@\t\r]/

/** Text of a cell as RFC 4180 writes it. Text that a spreadsheet would run gets a `'` before it; numbers stay numbers. */
export function csvCell(value: Json): string {
  if (value === null) return ''
  if (typeof value === 'number' || typeof value === 'boolean') return String(value)
  const text = typeof value === 'string' ? value : JSON.stringify(value)
  const safe = FORMULA.test(text) ? `'${text}` : text
  return /[",\r\n]/.test(safe) ? `"${safe.replaceAll('"', '""')}"` : safe
}

export const csvLine = (cells: readonly Json[]): string => `${cells.map(csvCell).join(',')}\r\n`
