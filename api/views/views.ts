import { writeAudit } from '../auth/audit.ts'
import { actorName } from '../auth/scopes.ts'
import type { Context } from '../context.ts'
import { listColumns } from '../customers/list-columns.ts'
import { type CustomerKind, sortOrder } from '../customers/sort-order.ts'
import { newId } from '../db/new-id.ts'
import { notFound, problem } from '../problem.ts'
import { type SavedView, savedView, type ViewChange, type ViewDefinition, type ViewInput } from './view-schemas.ts'

type Ctx = Pick<Context, 'db' | 'workspaceId' | 'now' | 'actor'>

/** The saved views of the workspace by name. */
export async function listViews(ctx: Ctx, input: { subject?: CustomerKind | undefined }) {
  let query = viewQuery(ctx).orderBy('name').orderBy('id')
  if (input.subject !== undefined) query = query.where('subject', '=', input.subject)
  return { data: (await query.execute()).map(viewOf), nextCursor: null }
}

/** Saves a view for everybody in the workspace. @throws ProblemError 400, 409 */
export async function createView(ctx: Ctx, input: ViewInput): Promise<SavedView> {
  checkDefinition(input.subject, input.definition)
  const id = newId(ctx.now)
  const at = new Date(ctx.now)
  await ctx.db.transaction().execute(async (trx) => {
    const scope = { ...ctx, db: trx }
    await refuseSameName(scope, { ...input, id })
    await trx
      .insertInto('saved_views')
      .values({
        workspace_id: ctx.workspaceId,
        id,
        subject: input.subject,
        name: input.name,
        definition: JSON.stringify(input.definition),
        created_by: actorName(ctx.actor),
        created_at: at,
        updated_at: at,
      })
      .execute()
    await writeAudit(trx, ctx, { action: 'view.create', target: id })
  })
  return viewById(ctx, id)
}

/** Renames a view, or changes what it shows. @throws ProblemError 400, 404, 409 */
export async function updateView(ctx: Ctx, input: ViewChange): Promise<SavedView> {
  const { id, name, definition } = input
  const { subject } = await viewById(ctx, id)
  if (definition !== undefined) checkDefinition(subject, definition)
  await ctx.db.transaction().execute(async (trx) => {
    if (name !== undefined) await refuseSameName({ ...ctx, db: trx }, { subject, name, id })
    await trx
      .updateTable('saved_views')
      .set({
        ...(name !== undefined && { name }),
        ...(definition !== undefined && { definition: JSON.stringify(definition) }),
        updated_at: new Date(ctx.now),
      })
      .where('workspace_id', '=', ctx.workspaceId)
      .where('id', '=', id)
      .execute()
    await writeAudit(trx, ctx, { action: 'view.update', target: id })
  })
  return viewById(ctx, id)
}

/** @throws ProblemError 404 */
export async function deleteView(ctx: Ctx, input: { id: string }): Promise<{ id: string }> {
  await viewById(ctx, input.id)
  await ctx.db.transaction().execute(async (trx) => {
    await trx.deleteFrom('saved_views').where('workspace_id', '=', ctx.workspaceId).where('id', '=', input.id).execute()
    await writeAudit(trx, ctx, { action: 'view.remove', target: input.id })
  })
  return { id: input.id }
}

/** A view that could never be shown is refused where it is written. */
function checkDefinition(subject: CustomerKind, definition: ViewDefinition): void {
  listColumns(
    subject,
    definition.columns.map(({ id }) => id),
  )
  sortOrder(subject, definition.sort)
}

async function refuseSameName(ctx: Ctx, view: { subject: CustomerKind; name: string; id: string }): Promise<void> {
  // The workspace's row orders those who write at the same time.
  await ctx.db.selectFrom('workspaces').select('id').where('id', '=', ctx.workspaceId).forNoKeyUpdate().execute()
  const others = await viewQuery(ctx).where('subject', '=', view.subject).execute()
  if (others.some(({ id, name }) => id !== view.id && name.toLowerCase() === view.name.toLowerCase()))
    throw problem(409, 'NAME_TAKEN', `There is a view “${view.name}” already. Choose another name.`)
}

async function viewById(ctx: Ctx, id: string): Promise<SavedView> {
  const row = await viewQuery(ctx).where('id', '=', id).executeTakeFirst()
  if (row === undefined) throw notFound('view', id)
  return viewOf(row)
}

const viewQuery = ({ db, workspaceId }: Ctx) =>
  db
    .selectFrom('saved_views')
    .select(['id', 'subject', 'name', 'definition', 'created_by', 'created_at', 'updated_at'])
    .where('workspace_id', '=', workspaceId)

type Row = Awaited<ReturnType<ReturnType<typeof viewQuery>['executeTakeFirstOrThrow']>>

const viewOf = (row: Row): SavedView =>
  savedView.parse({
    id: row.id,
    subject: row.subject,
    name: row.name,
    definition: row.definition,
    createdBy: row.created_by,
    createdAt: row.created_at.toISOString(),
    updatedAt: row.updated_at.toISOString(),
  })
