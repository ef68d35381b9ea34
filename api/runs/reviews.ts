import { sql } from 'kysely'
import { settleId } from '../../engine/ids.ts'
import type { Fault } from '../../nodes/fault.ts'
import type { Json } from '../../nodes/manifest.ts'
import type { Context, Scoped } from '../context.ts'
import { view } from '../customers/subject-view.ts'
import type { Db } from '../db/database.ts'
import { maskAnswer } from '../privacy/mask.ts'
import { readMasks } from '../privacy/masks.ts'
import { notFound, problem } from '../problem.ts'
import { keepCommand } from './control.ts'
import type { ReviewRow } from './run-schemas.ts'

/** Writes of which nobody knows whether they landed, the newest first. A person looks and says. */
export async function listReviews(ctx: Pick<Context, 'db' | 'workspaceId' | 'actor'>): Promise<ReviewRow[]> {
  const rows = await readReviews(ctx)
  const masks = await readMasks(ctx)
  if (masks === null || rows.length === 0) return rows
  const records = await recordsOf(
    ctx,
    rows.map(({ run }) => run.id),
  )
  // What a run wrote is made of what it knew: values that are masked there are masked in what it wrote.
  return rows.map((row) => maskAnswer({ row, record: records.get(row.run.id) ?? [] }, masks).row)
}

/** What runs got to know, as they recorded it. */
export async function recordsOf(
  { db, workspaceId }: Pick<Scoped, 'db' | 'workspaceId'>,
  runIds: string[],
): Promise<Map<string, Json[]>> {
  const inputs = await db
    .selectFrom('run_inputs')
    .select(['run_id', 'input'])
    .where('workspace_id', '=', workspaceId)
    .where('run_id', 'in', runIds)
    .execute()
  const records = new Map<string, Json[]>()
  for (const { run_id: id, input } of inputs) records.set(id, [...(records.get(id) ?? []), input])
  return records
}

async function readReviews({ db, workspaceId }: Pick<Scoped, 'db' | 'workspaceId'>): Promise<ReviewRow[]> {
  const rows = await db
    .selectFrom('effects')
    .innerJoin('runs', (join) =>
      join.onRef('runs.workspace_id', '=', 'effects.workspace_id').onRef('runs.id', '=', 'effects.run_id'),
    )
    .innerJoin('playbooks', (join) =>
      join.onRef('playbooks.workspace_id', '=', 'runs.workspace_id').onRef('playbooks.id', '=', 'runs.playbook_id'),
    )
    .leftJoin('contacts', (join) =>
      join.onRef('contacts.workspace_id', '=', 'runs.workspace_id').onRef('contacts.id', '=', 'runs.subject_id'),
    )
    .leftJoin('accounts', (join) =>
      join.onRef('accounts.workspace_id', '=', 'runs.workspace_id').onRef('accounts.id', '=', 'runs.subject_id'),
    )
    .select([
      'effects.key',
      'effects.run_id',
      'effects.step',
      'effects.action',
      'effects.input',
      'effects.fault',
      'effects.attempts',
      'effects.attempted_at',
      'playbooks.slug',
      'playbooks.name',
      'runs.subject_kind',
      'runs.subject_id',
    ])
    .select(sql<string | null>`coalesce(contacts.external_id, accounts.external_id)`.as('external_id'))
    .select(sql<string | null>`coalesce(contacts.name, contacts.email, accounts.name)`.as('label'))
    .where('effects.workspace_id', '=', workspaceId)
    .where('effects.status', '=', 'unknown')
    .orderBy('effects.attempted_at', 'desc')
    .limit(500)
    .execute()
  return rows.map((row) => ({
    key: row.key,
    run: {
      id: row.run_id,
      subject: view(row.subject_kind === 'account' ? 'account' : 'contact', {
        id: row.subject_id,
        externalId: row.external_id,
        name: row.label,
      }),
    },
    playbook: { slug: row.slug, name: row.name },
    step: row.step,
    action: row.action,
    input: row.input,
    fault: row.fault as unknown as Fault | null,
    attempts: row.attempts,
    attemptedAt: row.attempted_at.toISOString(),
  }))
}

/**
 * A person says what became of a write: it landed, or it did not and is to be done again. Once it is committed the run
 * gets to know it, if not now then by the worker's sweep.
 * @param given.output what later steps read; without it the output that came late, if one did
 * @throws ProblemError 404, 409 when it was settled meanwhile
 */
export async function settleReview(
  ctx: Pick<Context, 'db' | 'workspaceId' | 'actor' | 'now' | 'temporal' | 'log'>,
  given: { key: string; landed: boolean; output?: Json | undefined },
): Promise<{ runId: string }> {
  const { runId, ...sent } = await ctx.db.transaction().execute(async (trx) => {
    const { run_id, step, output } = await settleEffect(trx, ctx, given)
    const command = { kind: 'settle' as const, step, landed: given.landed, output: given.output ?? output }
    const kept = { runId: run_id, id: settleId(given.key), command }
    await keepCommand(trx, ctx, kept)
    return kept
  })
  try {
    await ctx.temporal.command({ workspaceId: ctx.workspaceId, runId }, sent)
  } catch (error) {
    // What they said is committed, so the answer is yes; the sweep finds the run that does not know it.
    ctx.log.warn({ err: error, runId }, 'A settled review could not be handed to its run; the worker will send it.')
  }
  return { runId }
}

async function settleEffect(
  trx: Db,
  by: { workspaceId: string; now: number },
  given: { key: string; landed: boolean; output?: Json | undefined },
): Promise<{ run_id: string; step: string; output: Json }> {
  const settled = await trx
    .updateTable('effects')
    .set({ open_attempt: false, ended_at: new Date(by.now) })
    .set(given.landed ? { status: 'landed', fault: null } : { status: 'failed' })
    .$if(given.landed && given.output !== undefined, (set) => set.set({ output: JSON.stringify(given.output) }))
    .where('workspace_id', '=', by.workspaceId)
    .where('key', '=', given.key)
    .where('status', '=', 'unknown')
    .returning(['run_id', 'step', 'output'])
    .executeTakeFirst()
  if (settled !== undefined) return settled
  const effect = await trx
    .selectFrom('effects')
    .select('status')
    .where('workspace_id', '=', by.workspaceId)
    .where('key', '=', given.key)
    .executeTakeFirst()
  if (effect === undefined) throw notFound('effect', given.key)
  throw problem(409, 'REVIEW_SETTLED', `This was settled already: the effect is ${effect.status}. Load the list again.`)
}
