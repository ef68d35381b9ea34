import { parse, type Parser } from 'csv-parse'
import { problem, ProblemError } from '../problem.ts'

/** How files are read, the same when they are looked through and when their rows are taken. */

export const DELIMITERS = [',', ';', '\t', '|'] as const
/** More in one row is a quotation mark that was never closed. */
const ROW_LIMIT_BYTES = 256 * 1024

export interface CsvRow {
  record: string[]
  /** `bytes`: where the row ends, from where reading began. */
  info: { bytes: number; lines: number }
}

/** A parser of rows; rows may have more or fewer cells than the header, which is for whoever reads them to judge. */
export const csvRows = (delimiter: string): Parser =>
  parse({
    delimiter,
    bom: true,
    info: true,
    relax_column_count: true,
    skip_empty_lines: true,
    max_record_size: ROW_LIMIT_BYTES,
    // Named, not found out: reading may begin anywhere in the file, and files are not always of one kind.
    record_delimiter: ['\r\n', '\n', '\r'],
  })

/**
 * The delimiter of a file, from its first line outside quotation marks: the one that stands there most.
 * @param head the beginning of the file
 */
export function delimiterOf(head: string): string {
  const counts = new Map<string, number>(DELIMITERS.map((delimiter) => [delimiter, 0]))
  let quoted = false
  for (const character of head) {
    if (character === '"') quoted = !quoted
    else if (quoted) continue
    else if (character === '\n' || character === '\r') break
    else if (counts.has(character)) counts.set(character, (counts.get(character) ?? 0) + 1)
  }
  const [best] = [...counts].sort((a, b) => b[1] - a[1])
  return best !== undefined && best[1] > 0 ? best[0] : ','
}

/** @throws ProblemError for a file that says by its first bytes that it is not UTF-8 text */
export function refuseOtherKinds(head: Buffer): void {
  const starts = (...bytes: number[]): boolean => bytes.every((byte, i) => head[i] === byte)
  if (starts(0xff, 0xfe) || starts(0xfe, 0xff) || (head.length > 3 && (head[1] === 0 || head[0] === 0)))
    throw notUtf8('The file is UTF-16 text.')
  if (starts(0x50, 0x4b, 0x03, 0x04)) throw notUtf8('The file is a spreadsheet or a ZIP archive, not CSV.')
  if (starts(0x1f, 0x8b)) throw notUtf8('The file is packed with gzip; unpack it first.')
}

export const notUtf8 = (what: string): ProblemError =>
  problem(422, 'CSV_ENCODING', `${what} Save it as “CSV UTF-8” and upload that.`)

/** A parser's error in words for whoever has the file. */
export function csvProblem(error: unknown): unknown {
  if (
    error instanceof ProblemError ||
    !(error instanceof Error) ||
    !('code' in error) ||
    !String(error.code).startsWith('CSV_')
  )
    return error
  const line = 'lines' in error ? ` near line ${String(error.lines)}` : ''
  const what =
    error.code === 'CSV_QUOTE_NOT_CLOSED' || error.code === 'CSV_MAX_RECORD_SIZE'
      ? 'A quotation mark is opened and never closed'
      : error.code === 'INVALID_OPENING_QUOTE' || error.code === 'CSV_INVALID_CLOSING_QUOTE'
        ? 'A quotation mark stands where none may be'
        : error.message.replace(/\.$/, '')
  return problem(422, 'CSV_INVALID', {
    detail: `The file is no CSV: ${what}${line}. Mend that line, or save the file again from your spreadsheet.`,
    cause: error,
  })
}
