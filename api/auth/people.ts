import { hashPassword } from 'better-auth/crypto'
import type { Db } from '../db/database.ts'
import { newId } from '../db/new-id.ts'
import { problem } from '../problem.ts'
import type { Role } from './scopes.ts'

export const SHORTEST_PASSWORD = 8

export interface NewPerson {
  workspaceId: string
  email: string
  name: string
  password: string
  role: Role
}

/** Adds a person who signs in with a password, as a member of one workspace. @throws ProblemError 409 when the e-mail is taken */
export async function addPerson(db: Db, now: number, person: NewPerson): Promise<{ userId: string }> {
  requireLength(person.password)
  const passwordHash = await hashPassword(person.password)
  return db.transaction().execute((trx) => insertPerson(trx, now, { ...person, passwordHash }))
}

/** As `addPerson`, in the caller's transaction. */
export async function insertPerson(
  trx: Db,
  now: number,
  person: Omit<NewPerson, 'password'> & { passwordHash: string },
): Promise<{ userId: string }> {
  const email = person.email.trim().toLowerCase()
  const userId = newId(now)
  const at = new Date(now)
  const taken = await trx.selectFrom('auth_user').select('id').where('email', '=', email).executeTakeFirst()
  if (taken) throw problem(409, 'EMAIL_TAKEN', `${email} is taken. Use another e-mail, or reset its password.`)
  await trx
    .insertInto('auth_user')
    .values({ id: userId, email, name: person.name, emailVerified: true, createdAt: at, updatedAt: at })
    .execute()
  await trx
    .insertInto('auth_credential')
    .values({
      id: newId(now),
      accountId: userId,
      providerId: 'credential',
      userId,
      password: person.passwordHash,
      createdAt: at,
      updatedAt: at,
    })
    .execute()
  await trx
    .insertInto('members')
    .values({ workspace_id: person.workspaceId, user_id: userId, role: person.role, created_at: at })
    .execute()
  return { userId }
}

/** Sets a new password and signs the person out everywhere. @throws ProblemError 404 when nobody has the e-mail */
export async function resetPassword(db: Db, now: number, given: { email: string; password: string }): Promise<void> {
  const email = given.email.trim().toLowerCase()
  requireLength(given.password)
  const password = await hashPassword(given.password)
  await db.transaction().execute(async (trx) => {
    const user = await trx.selectFrom('auth_user').select('id').where('email', '=', email).executeTakeFirst()
    if (!user) throw problem(404, 'NOT_FOUND', `Nobody signs in with ${email}. Check the spelling.`)
    await trx
      .updateTable('auth_credential')
      .set({ password, updatedAt: new Date(now) })
      .where('userId', '=', user.id)
      .where('providerId', '=', 'credential')
      .execute()
    await trx.deleteFrom('auth_session').where('userId', '=', user.id).execute()
  })
}

function requireLength(password: string): void {
  if (password.length < SHORTEST_PASSWORD || password.length > 256)
    throw problem(422, 'PASSWORD_LENGTH', `Give a password of ${SHORTEST_PASSWORD} to 256 characters.`)
}
