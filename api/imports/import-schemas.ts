import { z } from 'zod'
import { CELL_TYPES, DATE_ORDERS } from './cell-values.ts'

const isoTime = z.iso.datetime({ offset: true })

export const importKind = z.enum(['contacts', 'accounts', 'events'])
export type ImportKind = z.output<typeof importKind>

/** What a column is for. */
const PLAIN_TARGETS = ['skip', 'userId', 'anonymousId', 'email', 'name', 'groupId', 'event', 'timestamp'] as const

export const columnTarget = z.discriminatedUnion('to', [
  z.strictObject({
    to: z.enum(PLAIN_TARGETS).describe('groupId: your own id of the account. timestamp: when it happened.'),
    dates: z.enum(DATE_ORDERS).optional().describe('Of a timestamp: how a date like 01/02/2026 is meant.'),
  }),
  z.strictObject({
    to: z.literal('property'),
    property: z.string().trim().min(1).max(200),
    type: z.enum(CELL_TYPES),
    dates: z.enum(DATE_ORDERS).optional(),
    separator: z.string().min(1).max(3).optional().describe('Between the entries of a list; default a semicolon.'),
  }),
])
export type ColumnTarget = z.output<typeof columnTarget>

export const importMapping = z.strictObject({
  columns: z.array(columnTarget).max(1_000).describe('What each column of the file is for, in its order.'),
  event: z
    .string()
    .min(1)
    .max(200)
    .nullish()
    .describe('Of an import of events without a column for it: the name of all.'),
})
export type ImportMapping = z.output<typeof importMapping>

export const importColumn = z.object({
  name: z.string(),
  samples: z.array(z.string()).describe('Of the first rows.'),
  type: z.enum(CELL_TYPES),
  filled: z.int().describe('Rows in which it is not empty.'),
})
export type ImportColumn = z.output<typeof importColumn>

export const importRow = z.object({
  id: z.string(),
  name: z.string().describe('Of the file.'),
  kind: importKind,
  status: z.enum(['uploading', 'draft', 'running', 'done', 'cancelled', 'failed']),
  total: z.int(),
  taken: z.int(),
  refused: z.int(),
  bytes: z.int(),
  createdBy: z.string(),
  createdAt: isoTime,
  startedAt: isoTime.nullable(),
  endedAt: isoTime.nullable(),
  fault: z.string().nullable(),
  rate: z.number().nullable().describe('Rows a second since the start.'),
  secondsLeft: z.number().nullable().describe('By that rate.'),
})
export type ImportRow = z.output<typeof importRow>

const refusedRow = z.object({
  row: z.int().describe('As a spreadsheet counts: the header is row 1.'),
  code: z.string(),
  reason: z.string(),
})

export const importView = importRow.extend({
  delimiter: z.string(),
  columns: z.array(importColumn),
  mapping: importMapping.nullable(),
  suggested: importMapping.describe('What the names and cells of the columns look like.'),
  firstRefused: z.array(refusedRow).describe('The first of the refused rows; all of them are in the file.'),
})
export type ImportView = z.output<typeof importView>

export const mappingCheck = z.object({
  checked: z.int().describe('Rows looked at, from the first.'),
  complete: z.boolean().describe('Whether these were all rows.'),
  good: z.int(),
  bad: z.int(),
  problems: z.array(refusedRow.extend({ rows: z.int().describe('How many rows have this problem.') })),
})
export type MappingCheck = z.output<typeof mappingCheck>
