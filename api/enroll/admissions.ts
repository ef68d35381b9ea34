import { z } from 'zod'
import { sql } from 'kysely'
import type { Json } from '../../nodes/manifest.ts'
import type { Plan } from '../../engine/model/plan.ts'
import type { PlaybookDocument } from '../../engine/model/playbook.ts'
import { writeAudit } from '../auth/audit.ts'
import type { Context, Scoped } from '../context.ts'
import type { Db } from '../db/database.ts'
import { newId } from '../db/new-id.ts'
import { isoTime } from '../playbooks/playbook-schemas.ts'
import { readPlaybook } from '../playbooks/playbook-store.ts'
import { notFound, problem } from '../problem.ts'
import { hasEntered } from './work-admissions.ts'

/** The triggers of a playbook that somebody may be in already when it is published. */
interface Standing {
  step: string
  kind: 'segment' | 'signal'
  slug: string
}

const standingOf = (step: string, type: string, input: { [field: string]: Json }): Standing[] => {
  const { segment, signal, edge } = input
  const [name] = type.split('@')
  if (name === 'trigger.segment' && edge === 'entered') return [{ step, kind: 'segment', slug: String(segment) }]
  if (name === 'trigger.signal' && edge === 'set') return [{ step, kind: 'signal', slug: String(signal) }]
  return []
}

export const existingView = z.object({
  /** How many of them the draft's triggers would have let in, had they entered since. */
  triggers: z.array(
    z.object({
      step: z.string(),
      kind: z.enum(['segment', 'signal']),
      slug: z.string(),
      members: z.int(),
      /** Of them, those that have not entered since they are in. */
      outside: z.int(),
      /** Whether they are what the playbook is about; others cannot be admitted. */
      alike: z.boolean(),
    }),
  ),
  /** Newest first. */
  admissions: z.array(
    z.object({
      id: z.string(),
      version: z.int(),
      step: z.string(),
      kind: z.enum(['segment', 'signal']),
      slug: z.string(),
      status: z.enum(['running', 'done', 'cancelled']),
      reason: z.string().nullable(),
      perMinute: z.int(),
      total: z.int(),
      asked: z.int(),
      started: z.int(),
      createdAt: isoTime,
      endedAt: isoTime.nullable(),
    }),
  ),
})
type ExistingView = z.output<typeof existingView>

/** Who is in already of what the draft's triggers listen for, and how admissions go. @throws ProblemError 404 */
export async function viewExisting(ctx: Scoped, slug: string): Promise<ExistingView> {
  const playbook = await readPlaybook(ctx, slug)
  const { steps = [], subject } = playbook.draft as unknown as Partial<PlaybookDocument>
  const found = steps.flatMap(({ id, type, input }) => standingOf(id, type, input))
  const counted = await Promise.all(found.map((standing) => countOf(ctx, playbook.id, standing)))
  return {
    triggers: found.map((standing, i) => ({
      ...standing,
      members: counted[i]?.members ?? 0,
      outside: counted[i]?.outside ?? 0,
      alike: counted[i]?.subject === subject,
    })),
    admissions: await listAdmissions(ctx, playbook.id),
  }
}

async function countOf(
  { db, workspaceId }: Pick<Scoped, 'db' | 'workspaceId'>,
  playbookId: string,
  { kind, slug }: Standing,
): Promise<{ audienceId: string; subject: string; members: number; outside: number; newest: Date | null } | undefined> {
  const members = sql`audience_members m, (SELECT ${playbookId}::uuid AS id) AS playbook
    WHERE m.workspace_id = audiences.workspace_id AND m.audience_id = audiences.id AND m.is_member`
  const outside = sql.raw(`NOT ${hasEntered('m', 'playbook.id')}`)
  return db
    .selectFrom('audiences')
    .select([
      'id as audienceId',
      'subject',
      sql<number>`(SELECT count(*)::int FROM ${members})`.as('members'),
      sql<number>`(SELECT count(*)::int FROM ${members} AND ${outside})`.as('outside'),
      sql<Date | null>`(SELECT max(m.since) FROM ${members})`.as('newest'),
    ])
    .where('workspace_id', '=', workspaceId)
    .where('kind', '=', kind)
    .where('slug', '=', slug)
    .executeTakeFirst()
}

async function listAdmissions({ db, workspaceId }: Scoped, playbookId: string): Promise<ExistingView['admissions']> {
  const rows = await db
    .selectFrom('admissions')
    .innerJoin('audiences', (join) =>
      join
        .onRef('audiences.workspace_id', '=', 'admissions.workspace_id')
        .onRef('audiences.id', '=', 'admissions.audience_id'),
    )
    .selectAll('admissions')
    .select(['audiences.kind', 'audiences.slug'])
    .where('admissions.workspace_id', '=', workspaceId)
    .where('admissions.playbook_id', '=', playbookId)
    .orderBy('admissions.version', 'desc')
    .orderBy('admissions.id')
    .limit(10)
    .execute()
  return rows.map((row) => ({
    id: row.id,
    version: row.version,
    step: row.step,
    kind: row.kind === 'signal' ? 'signal' : 'segment',
    slug: row.slug,
    status: row.status,
    reason: row.reason,
    perMinute: row.per_minute,
    total: row.total,
    asked: row.asked,
    started: row.started,
    createdAt: row.created_at.toISOString(),
    endedAt: row.ended_at?.toISOString() ?? null,
  }))
}

/**
 * Begins to admit who is in already, where the version says so; what went on for an earlier version ends. In the
 * transaction that publishes, once no batch goes by the version before: who becomes a member from then on enters by its
 * edge, and who is one by this.
 */
export async function beginAdmissions(
  db: Db,
  by: Pick<Context, 'workspaceId' | 'now'>,
  { playbookId, version, plan }: { playbookId: string; version: number; plan: Plan },
): Promise<void> {
  const { workspaceId, now } = by
  const at = new Date(now)
  await db
    .updateTable('admissions')
    .set({ status: 'cancelled', reason: `Version ${version} was published.`, ended_at: at })
    .where('workspace_id', '=', workspaceId)
    .where('playbook_id', '=', playbookId)
    .where('status', '=', 'running')
    .execute()
  const { existing } = plan.enrollment
  if (existing?.policy !== 'admit') return
  for (const { id, type, ...step } of plan.steps)
    for (const standing of step.op === 'trigger' ? standingOf(id, type, step.input) : []) {
      const counted = await countOf({ db, workspaceId }, playbookId, standing)
      if (counted === undefined || counted.subject !== plan.subject) continue
      await db
        .insertInto('admissions')
        .values({
          workspace_id: workspaceId,
          id: newId(now),
          playbook_id: playbookId,
          version,
          step: standing.step,
          audience_id: counted.audienceId,
          per_minute: existing.perMinute,
          since_before: new Date(Math.max(now, counted.newest?.getTime() ?? 0)),
          total: counted.outside,
          next_at: at,
          created_at: at,
        })
        .execute()
    }
}

/** Lets nobody in any more; who is in stays in. @throws ProblemError 404; 409 where it is over */
export async function cancelAdmission(ctx: Context, given: { slug: string; id: string }): Promise<{ id: string }> {
  const { workspaceId, now } = ctx
  const playbook = await readPlaybook(ctx, given.slug)
  await ctx.db.transaction().execute(async (trx) => {
    const row = await trx
      .selectFrom('admissions')
      .select('status')
      .where('workspace_id', '=', workspaceId)
      .where('playbook_id', '=', playbook.id)
      .where('id', '=', given.id)
      .forUpdate()
      .executeTakeFirst()
    if (row === undefined) throw notFound('admission', given.id)
    if (row.status !== 'running')
      throw problem(409, 'ADMISSION_ENDED', `The admission is ${row.status} already. There is nothing left to cancel.`)
    await trx
      .updateTable('admissions')
      .set({ status: 'cancelled', reason: 'A person cancelled it.', ended_at: new Date(now) })
      .where('workspace_id', '=', workspaceId)
      .where('id', '=', given.id)
      .execute()
    await writeAudit(trx, ctx, { action: 'admission.cancel', target: playbook.slug, detail: { id: given.id } })
  })
  return { id: given.id }
}
