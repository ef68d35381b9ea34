import { type Kysely, sql } from 'kysely'

/** When a called run is to end that its caller no longer waits for. Null: it goes on by itself, or was told already. */
export async function up(db: Kysely<unknown>): Promise<void> {
  for (const statement of STATEMENTS) await sql.raw(statement).execute(db)
}

const STATEMENTS = [
  'ALTER TABLE run_calls ADD COLUMN ends_at timestamptz',
  'CREATE INDEX run_calls_ends ON run_calls (ends_at) WHERE ends_at IS NOT NULL',
]
