import { type Kysely, sql } from 'kysely'

/** Where the second line of a budget ends: that of those who found no room at their place in the first. */
export async function up(db: Kysely<unknown>): Promise<void> {
  await sql.raw('ALTER TABLE budgets ADD COLUMN again_at double precision NOT NULL DEFAULT 0').execute(db)
}
