import { type Kysely, sql } from 'kysely'

/** Of a run that has failed: its failed steps and their codes. A run that failed before this has none. */
export async function up(db: Kysely<unknown>): Promise<void> {
  await sql.raw('ALTER TABLE runs ADD COLUMN failures jsonb').execute(db)
}
