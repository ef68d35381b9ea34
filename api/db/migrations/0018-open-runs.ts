import { type Kysely, sql } from 'kysely'

/** Open runs in the order of their ids: whoever compares them with Temporal pages through them, past all that have ended. */
export async function up(db: Kysely<unknown>): Promise<void> {
  await sql.raw(`CREATE INDEX runs_open_ids ON runs (workspace_id, id) WHERE ended_at IS NULL AND started`).execute(db)
}
