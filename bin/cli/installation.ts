import { randomBytes } from 'node:crypto'
import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { restoreBackup } from '../../api/backup/restore-backup.ts'
import { writeBackup } from '../../api/backup/write-backup.ts'
import { resetPassword } from '../../api/auth/people.ts'
import { resealAll } from '../../api/connections/reseal.ts'
import { openVault } from '../../api/connections/vault.ts'
import { openDatabase } from '../../api/db/database.ts'
import { migrateToLatest } from '../../api/db/migrate.ts'
import type { CliOptions } from './options.ts'
import { UserError } from '../supervise/user-error.ts'
import { snapshotOf } from './sandbox-snapshot.ts'
import { withDatabase } from './with-database.ts'

/** Sets a made-up password, prints it, and signs the person out everywhere. */
export async function resetPasswordOf([email]: string[]): Promise<void> {
  if (email === undefined) throw new UserError('Name the person: signalbox reset-password <e-mail>')
  const password = randomBytes(12).toString('base64url')
  await withDatabase(async ({ url }) => {
    const { db, close } = openDatabase(url, { max: 1 })
    try {
      await resetPassword(db, Date.now(), { email, password })
    } finally {
      await close()
    }
  })
  console.log(`The new password of ${email} is ${password}`)
}

export async function backup([path]: string[]): Promise<void> {
  if (path === undefined) throw new UserError('Name the file to write: signalbox backup <file>')
  const { rows, tables, records } = await withDatabase(async ({ url, sandboxes }) => {
    const sandbox = sandboxes === null ? null : await snapshotOf(sandboxes)
    return writeBackup(url, path, { version: version(), now: Date.now(), sandbox })
  })
  console.log(`${path}: ${rows} rows of ${tables} tables${records === null ? '' : `, ${records} of the sandboxes`}.`)
  console.log(
    'Not in it: SIGNALBOX_SECRET, without which connections must be made again (keep it apart from the backup), and ' +
      'Temporal’s histories (open runs go on from their record).' +
      (records === null ? ' No sandboxes belong to this database (SIGNALBOX_SANDBOX=on says that they do).' : ''),
  )
}

export async function restore([path]: string[], { force = false }: CliOptions): Promise<void> {
  if (path === undefined) throw new UserError('Name the file: signalbox restore <file>')
  const { rows, records, createdAt } = await withDatabase(({ url, sandboxes }) =>
    restoreBackup(url, path, { force, sandboxDir: sandboxes?.dataDir ?? null }),
  )
  const others = {
    none: '',
    left: ' The sandboxes’ records in the backup were left out: none belong to this database (SIGNALBOX_SANDBOX=on says that they do).',
    restored: ` The sandboxes have their ${records} rows back.`,
  }[records === null ? 'none' : records === 'left' ? 'left' : 'restored']
  console.log(
    `Restored ${rows} rows as of ${createdAt}.${others} Start Signalbox with the SIGNALBOX_SECRET of that time.`,
  )
}

/** After a key was put in front of SIGNALBOX_SECRET: seals everything with it, so that the old one can go. */
export async function reseal(): Promise<void> {
  await withDatabase(async ({ url, secret }) => {
    if (secret === null)
      throw new UserError('SIGNALBOX_SECRET is not set. Set it as for the API: new key first, old ones behind it.')
    await migrateToLatest(url)
    const { db, close } = openDatabase(url, { max: 1 })
    try {
      const { resealed, fresh } = await resealAll(db, openVault(secret), Date.now())
      console.log(`Sealed ${resealed} values anew; ${fresh} had the first key already. Older keys can be dropped now.`)
    } finally {
      await close()
    }
  })
}

function version(): string {
  const text = readFileSync(join(import.meta.dirname, '../../package.json'), 'utf8')
  return (JSON.parse(text) as { version: string }).version
}
