import { sqlState } from './sql.ts'

/** The database is away or full: nothing is wrong with what was to be written. */
export function isOutage(error: unknown): boolean {
  if (typeof error !== 'object' || error === null) return false
  const code = 'code' in error && typeof error.code === 'string' ? error.code : ''
  // Of the network (ECONNRESET, EPIPE), or a class of SQLSTATE that is about the server and not about the statement.
  if (/^E[A-Z_]+$/.test(code) || /^(08|53|57|58|25|XX)/.test(sqlState(error) ?? '')) return true
  return code === '' && error instanceof Error && /connection|timeout|pool/i.test(error.message)
}
