import { Readable } from 'node:stream'
import type { Queryable } from '../db/sql.ts'
import { readFrom } from '../db/import-store.ts'
import { type CsvRow, csvProblem, csvRows } from './csv-format.ts'

export interface FilePlace {
  workspaceId: string
  id: string
  delimiter: string
  /** Of the row, as a spreadsheet counts. */
  nextRow: number
  nextByte: number
}

export interface FileRow {
  row: number
  cells: string[]
  /** Where the row ends in the file. */
  end: number
}

/** Rows from a place in the file on, at most so many. @throws ProblemError 422 CSV_INVALID */
export async function* rowsFrom(q: Queryable, place: FilePlace, most: number): AsyncGenerator<FileRow> {
  const source = Readable.from(readFrom(q, place, place.nextByte))
  const parser = csvRows(place.delimiter)
  // A piece of the file that cannot be read is an error of the rows.
  source.on('error', (error) => parser.destroy(error))
  source.pipe(parser)
  let row = place.nextRow
  try {
    for await (const { record, info } of parser as AsyncIterable<CsvRow>) {
      yield { row, cells: record, end: place.nextByte + info.bytes }
      row += 1
      if (row - place.nextRow >= most) return
    }
  } catch (error) {
    throw csvProblem(error)
  } finally {
    source.destroy()
    parser.destroy()
  }
}
