import { createHash } from 'node:crypto'
import { writeAudit } from '../auth/audit.ts'
import { actorName } from '../auth/scopes.ts'
import type { Context, Scoped } from '../context.ts'
import { findSubjectId } from '../customers/find-subject.ts'
import { newId } from '../db/new-id.ts'
import { problem } from '../problem.ts'
import type { ErasureView } from './privacy-schemas.ts'

const LIST_LIMIT = 200

const COLUMNS = [
  'id',
  'status',
  'part',
  'suppress',
  'counts',
  'fault',
  'requested_by',
  'requested_at',
  'ended_at',
] as const

/**
 * Asks for a person's deletion; a worker carries it out, and goes on with it whatever ends meanwhile. Asked for again
 * while it is under way it is the same one.
 * @throws ProblemError 404; 400 where the confirmation is not the id
 */
export async function eraseContact(
  ctx: Context,
  given: { id: string; confirm: string; suppress: boolean },
): Promise<ErasureView> {
  if (given.confirm !== given.id)
    throw problem(400, 'CONFIRMATION_WRONG', {
      detail: 'The confirmation is not the id of the contact. Send the id once more as "confirm".',
      problems: [{ path: 'body.confirm', message: 'Is not the id in the address.', code: 'confirmation' }],
    })
  const contactId = await findSubjectId(ctx, 'contact', given.id)
  if (contactId === null)
    throw problem(404, 'NOT_FOUND', 'There is no such contact. It may be deleted already; see the list of deletions.')
  const id = newId(ctx.now)
  await ctx.db.transaction().execute(async (trx) => {
    await trx
      .insertInto('erasures')
      .values({
        workspace_id: ctx.workspaceId,
        id,
        contact_id: contactId,
        subject_hash: contactHash(ctx.workspaceId, contactId),
        suppress: given.suppress,
        status: 'running',
        part: 'start',
        requested_by: actorName(ctx.actor),
        requested_at: new Date(ctx.now),
      })
      .onConflict((conflict) => conflict.doNothing())
      .execute()
    // Neither the id nor a name: the audit outlives the person.
    await writeAudit(trx, ctx, { action: 'contact.erase', target: id, detail: { suppress: given.suppress } })
  })
  const row = await ctx.db
    .selectFrom('erasures')
    .select(COLUMNS)
    .where('workspace_id', '=', ctx.workspaceId)
    .where((eb) => eb.or([eb('id', '=', id), eb('contact_id', '=', contactId)]))
    .executeTakeFirstOrThrow()
  return viewOf(row)
}

/** The last of them, the newest first. */
export async function listErasures({ db, workspaceId }: Scoped): Promise<{ data: ErasureView[] }> {
  const rows = await db
    .selectFrom('erasures')
    .select(COLUMNS)
    .where('workspace_id', '=', workspaceId)
    .orderBy('requested_at', 'desc')
    .limit(LIST_LIMIT)
    .execute()
  return { data: rows.map(viewOf) }
}

/** @throws ProblemError 404 */
export async function viewErasure({ db, workspaceId }: Scoped, id: string): Promise<ErasureView> {
  const row = await db
    .selectFrom('erasures')
    .select(COLUMNS)
    .where('workspace_id', '=', workspaceId)
    .where('id', '=', id)
    .executeTakeFirst()
  if (row === undefined) throw problem(404, 'NOT_FOUND', 'There is no such deletion. See the list of deletions.')
  return viewOf(row)
}

/** Of our own random id, so that it can be told later that a person of this id was deleted, and nothing else of them. */
const contactHash = (workspaceId: string, contactId: string): Buffer =>
  createHash('sha256').update(`${workspaceId} contact ${contactId}`).digest()

interface Row {
  id: string
  status: 'running' | 'done'
  part: string
  suppress: boolean
  counts: unknown
  fault: string | null
  requested_by: string
  requested_at: Date
  ended_at: Date | null
}

const viewOf = (row: Row): ErasureView => ({
  id: row.id,
  status: row.status,
  part: row.part,
  suppress: row.suppress,
  counts: row.counts as ErasureView['counts'],
  fault: row.fault,
  requestedBy: row.requested_by,
  requestedAt: row.requested_at.toISOString(),
  endedAt: row.ended_at?.toISOString() ?? null,
})
