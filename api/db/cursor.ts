import { problem } from '../problem.ts'

/** An opaque place in a list: the sort values of the last row seen. */
export const writeCursor = (values: ReadonlyArray<string | number>): string =>
  Buffer.from(JSON.stringify(values)).toString('base64url')

/** @throws ProblemError 400 when it was not made by `writeCursor` for a list of this kind */
export function readCursor(cursor: string, parts: number): string[] {
  try {
    const values: unknown = JSON.parse(Buffer.from(cursor, 'base64url').toString('utf8'))
    if (Array.isArray(values) && values.length === parts) return values.map(String)
  } catch (error) {
    if (!(error instanceof SyntaxError)) throw error
  }
  throw problem(400, 'CURSOR_INVALID', 'The cursor is not one that this list gave. Leave it out to begin at the start.')
}

/**
 * Rows fetched with one more than asked: the page and the way to the next one.
 * @param place the sort values of a row
 */
export function page<T>(
  rows: T[],
  limit: number,
  place: (row: T) => ReadonlyArray<string | number>,
): { data: T[]; nextCursor: string | null } {
  const data = rows.slice(0, limit)
  const last = data.at(-1)
  return { data, nextCursor: rows.length > limit && last !== undefined ? writeCursor(place(last)) : null }
}
