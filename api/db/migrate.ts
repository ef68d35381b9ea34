import { type Migration, Migrator } from 'kysely/migration'
import { openDatabase } from './database.ts'
import * as initial from './migrations/0001-initial.ts'

/** In order; a name is never changed once released. */
const MIGRATIONS: Record<string, Migration> = {
  '0001-initial': initial,
}

export class DatabaseNewer extends Error {
  constructor(unknown: string[]) {
    super(
      `The database was made by a newer Signalbox (it has ${unknown.join(', ')}). Start that version, or restore a backup made by this one.`,
    )
    this.name = 'DatabaseNewer'
  }
}

/**
 * Brings the database to this version's schema; does nothing when it is there already. Safe to run from several
 * processes at once (the migrator locks).
 * @throws DatabaseNewer when the database knows migrations that this version does not
 */
export async function migrateToLatest(url: string): Promise<{ applied: string[] }> {
  const { db, close } = openDatabase(url, { max: 2 })
  try {
    const migrator = new Migrator({ db, provider: { getMigrations: () => Promise.resolve(MIGRATIONS) } })
    await refuseNewer(db)
    const { error, results } = await migrator.migrateToLatest()
    if (error) throw error
    return { applied: (results ?? []).filter((r) => r.status === 'Success').map((r) => r.migrationName) }
  } finally {
    await close()
  }
}

async function refuseNewer(db: ReturnType<typeof openDatabase>['db']): Promise<void> {
  const tables = await db.introspection.getTables({ withInternalKyselyTables: true })
  if (!tables.some((table) => table.name === 'kysely_migration')) return
  const rows = await db
    .withTables<{ kysely_migration: { name: string } }>()
    .selectFrom('kysely_migration')
    .select('name')
    .execute()
  const unknown = rows.map((row) => row.name).filter((name) => !(name in MIGRATIONS))
  if (unknown.length > 0) throw new DatabaseNewer(unknown)
}
