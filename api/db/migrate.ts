import { type Migration, Migrator } from 'kysely/migration'
import { type Db, openDatabase } from './database.ts'
import * as initial from './migrations/0001-initial.ts'
import * as secondLine from './migrations/0002-second-line.ts'
import * as customerData from './migrations/0003-customer-data.ts'
import * as currentContacts from './migrations/0004-current-contacts.ts'
import * as earlyYears from './migrations/0005-early-years.ts'
import * as runsThatWait from './migrations/0006-runs-that-wait.ts'
import * as enrollment from './migrations/0007-enrollment.ts'
import * as errors from './migrations/0008-errors.ts'
import * as versionsInFlight from './migrations/0009-versions-in-flight.ts'
import * as peopleAndCalls from './migrations/0010-people-and-calls.ts'
import * as simulation from './migrations/0011-simulation.ts'
import * as loops from './migrations/0012-loops.ts'
import * as failuresOfRuns from './migrations/0014-failures-of-runs.ts'
import * as mailedAlerts from './migrations/0014-mailed-alerts.ts'
import * as backtestDigest from './migrations/0016-backtest-digest.ts'
import * as zonesAndSplits from './migrations/0017-zones-and-splits.ts'
import * as openRuns from './migrations/0018-open-runs.ts'
import * as callsThatEnd from './migrations/0019-calls-that-end.ts'

/** In order; a name is never changed once released. */
const MIGRATIONS: Record<string, Migration> = {
  '0001-initial': initial,
  '0002-second-line': secondLine,
  '0003-customer-data': customerData,
  '0004-current-contacts': currentContacts,
  '0005-early-years': earlyYears,
  '0006-runs-that-wait': runsThatWait,
  '0007-enrollment': enrollment,
  '0008-errors': errors,
  '0009-versions-in-flight': versionsInFlight,
  '0010-people-and-calls': peopleAndCalls,
  '0011-simulation': simulation,
  '0012-loops': loops,
  '0014-failures-of-runs': failuresOfRuns,
  '0014-mailed-alerts': mailedAlerts,
  '0016-backtest-digest': backtestDigest,
  '0017-zones-and-splits': zonesAndSplits,
  '0018-open-runs': openRuns,
  '0019-calls-that-end': callsThatEnd,
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
    const migrator = migratorOf(db)
    await refuseNewer(db)
    const { error, results } = await migrator.migrateToLatest()
    if (error) throw error
    return { applied: (results ?? []).filter((r) => r.status === 'Success').map((r) => r.migrationName) }
  } finally {
    await close()
  }
}

function migratorOf(db: Db): Migrator {
  // The schema is named, because a restore keeps another one aside, and the migrator would look into all of them.
  return new Migrator({
    db,
    provider: { getMigrations: () => Promise.resolve(MIGRATIONS) },
    migrationTableSchema: 'public',
  })
}

/** Names of this version's migrations, in order. */
export const knownMigrations = (): string[] => Object.keys(MIGRATIONS)

/** Brings an empty database to the tables of an earlier version: for a backup made by it. */
export async function migrateTo(url: string, name: string): Promise<void> {
  const { db, close } = openDatabase(url, { max: 2 })
  try {
    const migrator = migratorOf(db)
    const { error } = await migrator.migrateTo(name)
    if (error) throw error
  } finally {
    await close()
  }
}

async function refuseNewer(db: ReturnType<typeof openDatabase>['db']): Promise<void> {
  const tables = await db.introspection.getTables({ withInternalKyselyTables: true })
  if (!tables.some((table) => table.schema === 'public' && table.name === 'kysely_migration')) return
  const rows = await db
    .withTables<{ kysely_migration: { name: string } }>()
    .selectFrom('kysely_migration')
    .select('name')
    .execute()
  const unknown = rows.map((row) => row.name).filter((name) => !(name in MIGRATIONS))
  if (unknown.length > 0) throw new DatabaseNewer(unknown)
}
