import { problem } from '../problem.ts'

/** An opaque place in a list: the sort values of the last row seen. */
export const writeCursor = (values: ReadonlyArray<string | number>): string =>
  Buffer.from(JSON.stringify(values)).toString('base64url')

/** What a sort value is; anything else would fail in the database instead of being refused. */
type Part = 'instant' | 'uuid' | 'count' | 'text'
const FITS: { [part in Part]: (value: string) => boolean } = {
  instant: (value) => !Number.isNaN(Date.parse(value)) && /^\d{4}-\d\d-\d\dT/.test(value),
  uuid: (value) => /^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$/i.test(value),
  count: (value) => /^\d{1,18}$/.test(value),
  text: () => true,
}

/** @throws ProblemError 400 when it was not made by `writeCursor` for a list of this kind */
export function readCursor(cursor: string, parts: readonly Part[]): string[] {
  const values = readValues(cursor)
  if (values?.length === parts.length && parts.every((part, i) => FITS[part](values[i] ?? ''))) return values
  throw problem(400, 'CURSOR_INVALID', 'The cursor is not one that this list gave. Leave it out to begin at the start.')
}

function readValues(cursor: string): string[] | null {
  try {
    const values: unknown = JSON.parse(Buffer.from(cursor, 'base64url').toString('utf8'))
    return Array.isArray(values) ? values.map(String) : null
  } catch (error) {
    if (error instanceof SyntaxError) return null
    throw error
  }
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
