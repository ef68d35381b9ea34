import { randomBytes } from 'node:crypto'
import { sql } from 'kysely'
import { hashPassword } from 'better-auth/crypto'
import { insertPerson } from './auth/people.ts'
import type { Db } from './db/database.ts'
import { newId } from './db/new-id.ts'
import { newKey, storeKey } from './keys/api-keys.ts'

export interface FirstStart {
  workspaceId: string
  /** False on every later start. */
  created: boolean
  /** What the operator must see once: made-up credentials. */
  say: string[]
}

/** Held while the workspace is looked for and made, so that two API processes make one. */
const LOCK = 0x51_6e_a1

/** Makes the workspace, its owner and a key in an empty database; otherwise names the workspace that is there. */
export async function firstStart(
  db: Db,
  now: number,
  given: { adminEmail: string | null; adminPassword: string | null; apiKey: string | null; demo: boolean },
): Promise<FirstStart> {
  const email = given.adminEmail ?? 'owner@signalbox.local'
  const password = given.adminPassword ?? randomBytes(12).toString('base64url')
  const key = given.apiKey ?? newKey()
  const passwordHash = await hashPassword(password)
  return db.transaction().execute(async (trx): Promise<FirstStart> => {
    await sql`SELECT pg_advisory_xact_lock(${LOCK})`.execute(trx)
    const there = await trx.selectFrom('workspaces').select('id').orderBy('created_at').executeTakeFirst()
    if (there !== undefined) return { workspaceId: there.id, created: false, say: [] }
    const workspaceId = newId(now)
    const names = given.demo ? { slug: 'demo', name: 'Demo workspace' } : { slug: 'main', name: 'My workspace' }
    await trx
      .insertInto('workspaces')
      .values({ id: workspaceId, ...names, created_at: new Date(now) })
      .execute()
    await insertPerson(trx, now, { workspaceId, email, name: 'Owner', passwordHash, role: 'owner' })
    await storeKey(trx, now, { workspaceId, name: 'First key', key, scopes: ['admin'], createdBy: null })
    return {
      workspaceId,
      created: true,
      say: [
        `Sign in as ${email}${given.adminPassword === null ? ` with the password ${password} (shown this once)` : ''}`,
        ...(given.apiKey === null ? [`API key: ${key} (shown this once)`] : []),
      ],
    }
  })
}
