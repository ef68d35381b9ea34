import { type Kysely, sql } from 'kysely'

/** What runs would have started again is found by the run: refusals that name one are few. */
export async function up(db: Kysely<unknown>): Promise<void> {
  await sql
    .raw(
      `CREATE INDEX enrollments_loops ON enrollments (workspace_id, run_id) WHERE outcome = 'refused' AND run_id IS NOT NULL`,
    )
    .execute(db)
}
