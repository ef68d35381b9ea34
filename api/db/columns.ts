import type { ColumnType } from 'kysely'
import type { Json } from '../../nodes/manifest.ts'

/** Kinds of columns, as Kysely sees them: what is read, what is inserted, what is updated. */

export type Timestamp = ColumnType<Date, Date, Date>
export type NullableTimestamp = ColumnType<Date | null, Date | null | undefined, Date | null>
/** jsonb: read as a value, written as JSON text (a bare array would become a Postgres array). */
export type JsonColumn<T = Json> = ColumnType<T, string, string>
export type NullableJson<T = Json> = ColumnType<T | null, string | null | undefined, string | null>
export type Nullable<T> = ColumnType<T | null, T | null | undefined, T | null>
