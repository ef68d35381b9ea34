import { type Kysely, sql } from 'kysely'

/** Which draft a backtest is of, so that it is not shown as if it were of what the draft became. Null: nobody knows any more. */
export async function up(db: Kysely<unknown>): Promise<void> {
  await sql.raw(`ALTER TABLE backtests ADD COLUMN digest text`).execute(db)
}
