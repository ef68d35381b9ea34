import { openDatabase } from '../api/db/database.ts'
import { ensureEventParts } from '../api/db/event-parts.ts'
import { DatabaseNewer, migrateToLatest } from '../api/db/migrate.ts'
import { readEnvironment } from './environment.ts'
import { isUserError, UserError } from './supervise/user-error.ts'

/** Brings the database to this version's tables, and ends. Run before the API and the workers of a new version. */
async function main(): Promise<void> {
  const { databaseUrl } = readEnvironment(process.env, { sandbox: false, demo: false })
  if (databaseUrl === null)
    throw new UserError('SIGNALBOX_DATABASE_URL is not set. Set it, or use npm start, which makes a database.')
  try {
    const { applied } = await migrateToLatest(databaseUrl)
    console.log(
      applied.length === 0 ? 'The tables are up to date.' : `Tables brought up to date: ${applied.join(', ')}`,
    )
    const { pool, close } = openDatabase(databaseUrl, { max: 1 })
    try {
      await ensureEventParts(pool, Date.now())
    } finally {
      await close()
    }
  } catch (error) {
    if (error instanceof DatabaseNewer) throw new UserError(error.message)
    throw error
  }
  console.log('signalbox:ready')
}

main().catch((error: unknown) => {
  console.error(isUserError(error) ? error.message : error)
  process.exit(1)
})
