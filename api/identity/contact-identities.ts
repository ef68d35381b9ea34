import { writeAudit } from '../auth/audit.ts'
import type { Context } from '../context.ts'
import { type IdentityKind, writeIdentities } from '../db/contact-store.ts'
import { subjectViews } from '../customers/subject-view.ts'
import type { Db } from '../db/database.ts'
import { onTransaction } from '../db/sql.ts'
import { notFound, problem } from '../problem.ts'
import { holdContact } from './hold-contact.ts'
import type { IdentityInput } from './identity-schemas.ts'
import { ownSharedMailboxes } from './match-contact.ts'
import { contactId } from './merge-requests.ts'
import { emailIdentity, isSharedMailbox } from './shared-mailbox.ts'

interface Scoped extends Context {
  db: Db
}

const identitiesOf = async ({ db, workspaceId }: Scoped, id: string) => {
  const identities = await db
    .selectFrom('identities')
    .select(['kind', 'value'])
    .where('workspace_id', '=', workspaceId)
    .where('contact_id', '=', id)
    .orderBy('created_at')
    .orderBy('kind')
    .orderBy('value')
    .execute()
  return { id, identities }
}

/**
 * Lets a contact be known by one more id. Nobody's ids are taken away: who has it already is merged, or loses it first.
 * @throws ProblemError 404, 409 IDENTITY_TAKEN, 422 IDENTITY_SHARED
 */
export async function addIdentity(ctx: Context, input: IdentityInput) {
  const found = await contactId(ctx, input.id)
  const value = await checkedValue(ctx, input)
  return ctx.db.transaction().execute(async (trx) => {
    const scope: Scoped = { ...ctx, db: trx }
    const id = await holdContact(scope, found)
    if (id === null) throw notFound('contact', input.id)
    const owner = await ownerOf(scope, input.kind, value)
    if (owner === id) return identitiesOf(scope, id)
    if (owner !== null) throw await taken(scope, { ...input, value }, owner)
    const q = onTransaction(trx)
    const added = [{ kind: input.kind, value, contactId: id }]
    if (!(await writeIdentities(q, ctx.workspaceId, { added, pairs: [], now: ctx.now })))
      throw problem(409, 'TRY_AGAIN', `Somebody else was given ${value} at the same moment. Load the contact again.`)
    if (input.kind === 'user_id') await nameIfUnnamed(scope, id, value)
    await writeAudit(trx, ctx, { action: 'contact.identity.add', target: id, detail: { kind: input.kind, value } })
    return identitiesOf(scope, id)
  })
}

/** The value as it is looked up. */
async function checkedValue(ctx: Context, { kind, value }: IdentityInput): Promise<string> {
  if (kind === 'vendor_id') {
    if (!/^[a-z][a-z0-9_.-]{0,49}:./.test(value))
      throw problem(
        400,
        'INPUT_INVALID',
        'value: write the system and the id there, such as intercom:5ba682d23d7cf92bef87bfd4.',
      )
    return value
  }
  if (kind !== 'email') {
    if (value.length > 500) throw problem(400, 'INPUT_INVALID', 'value: write 1 to 500 characters.')
    return value
  }
  const email = emailIdentity(value)
  if (email === null) throw problem(400, 'INPUT_INVALID', 'value: write an e-mail address, such as ada@example.com.')
  if (isSharedMailbox(email, await ownSharedMailboxes(ctx)))
    throw problem(
      422,
      'IDENTITY_SHARED',
      `Several people may be behind ${email}, so nobody is known by it. Use the address of one person.`,
    )
  return email
}

async function taken(scope: Scoped, { kind, value }: IdentityInput, owner: string) {
  const named = (await subjectViews(scope, [owner])).get(owner)?.label ?? owner
  return problem(
    409,
    'IDENTITY_TAKEN',
    `The ${WORDS[kind]} ${value} belongs to ${named} (contact ${owner}). Merge the two, or remove it there first.`,
  )
}
const WORDS: { [kind in IdentityKind]: string } = {
  user_id: 'user id',
  email: 'e-mail address',
  anonymous_id: 'anonymous id',
  vendor_id: 'vendor id',
}

async function ownerOf({ db, workspaceId }: Scoped, kind: IdentityKind, value: string): Promise<string | null> {
  const row = await db
    .selectFrom('identities')
    .select('contact_id')
    .where('workspace_id', '=', workspaceId)
    .where('kind', '=', kind)
    .where('value', '=', value)
    .executeTakeFirst()
  return row?.contact_id ?? null
}

async function nameIfUnnamed({ db, workspaceId, now }: Scoped, id: string, userId: string): Promise<void> {
  await db
    .updateTable('contacts')
    .set({ external_id: userId, updated_at: new Date(now) })
    .where('workspace_id', '=', workspaceId)
    .where('id', '=', id)
    .where('external_id', 'is', null)
    .execute()
}

/**
 * Lets a contact be known by one id less: the next message that names it is about somebody else.
 * @throws ProblemError 404
 */
export async function removeIdentity(ctx: Context, input: IdentityInput) {
  const found = await contactId(ctx, input.id)
  const value = input.kind === 'email' ? (emailIdentity(input.value) ?? input.value) : input.value
  return ctx.db.transaction().execute(async (trx) => {
    const scope: Scoped = { ...ctx, db: trx }
    const id = await holdContact(scope, found)
    if (id === null || (await ownerOf(scope, input.kind, value)) !== id) throw notFound('identity', value)
    await trx
      .deleteFrom('identities')
      .where('workspace_id', '=', ctx.workspaceId)
      .where('kind', '=', input.kind)
      .where('value', '=', value)
      .execute()
    if (input.kind === 'user_id') await forgetUserId(scope, id, value)
    if (input.kind === 'vendor_id') await forgetLink(scope, id, value)
    await writeAudit(trx, ctx, { action: 'contact.identity.remove', target: id, detail: { kind: input.kind, value } })
    return identitiesOf(scope, id)
  })
}

/** No contact, and none that was merged, is called by it any more: it may name somebody new. */
async function forgetUserId({ db, workspaceId, now }: Scoped, id: string, userId: string): Promise<void> {
  const called = await db
    .updateTable('contacts')
    .set({ external_id: null, updated_at: new Date(now) })
    .where('workspace_id', '=', workspaceId)
    .where('external_id', '=', userId)
    .returning('id')
    .execute()
  if (!called.some((row) => row.id === id)) return
  const other = await db
    .selectFrom('identities')
    .select('value')
    .where('workspace_id', '=', workspaceId)
    .where('contact_id', '=', id)
    .where('kind', '=', 'user_id')
    .where(({ not, exists, selectFrom }) =>
      not(
        exists(
          selectFrom('contacts')
            .select('id')
            .where('contacts.workspace_id', '=', workspaceId)
            .whereRef('contacts.external_id', '=', 'identities.value'),
        ),
      ),
    )
    .orderBy('created_at')
    .orderBy('value')
    .executeTakeFirst()
  if (other) await nameIfUnnamed({ db, workspaceId, now } as Scoped, id, other.value)
}

async function forgetLink({ db, workspaceId }: Scoped, id: string, value: string): Promise<void> {
  const colon = value.indexOf(':')
  const app = value.slice(0, colon)
  await db
    .updateTable('contacts')
    .set((eb) => ({ links: eb(eb.ref('links'), '-', eb.val(app)) as never }))
    .where('workspace_id', '=', workspaceId)
    .where('id', '=', id)
    .where((eb) => eb(eb.fn('jsonb_extract_path_text', ['links', eb.val(app)]), '=', value.slice(colon + 1)))
    .execute()
}
