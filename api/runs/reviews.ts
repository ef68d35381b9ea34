import { sql } from 'kysely'
import type { Fault } from '../../nodes/fault.ts'
import type { Json } from '../../nodes/manifest.ts'
import type { Context, Scoped } from '../context.ts'
import { notFound, problem } from '../problem.ts'
import { sendCommand } from './control.ts'
import type { ReviewRow } from './run-schemas.ts'

/** Writes of which nobody knows whether they landed, the newest first. A person looks and says. */
export async function listReviews({ db, workspaceId }: Scoped): Promise<ReviewRow[]> {
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
      subject: {
        kind: row.subject_kind === 'account' ? 'account' : 'contact',
        id: row.subject_id,
        externalId: row.external_id,
        label: row.label ?? row.external_id ?? row.subject_id,
      },
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
 * A person says what became of a write: it landed, or it did not and is to be done again.
 * @throws ProblemError 404, 409 when it was settled meanwhile
 */
export async function settleReview(
  ctx: Context,
  given: { key: string; landed: boolean; output?: Json | undefined },
): Promise<{ runId: string }> {
  const output = given.output ?? null
  const effect = await ctx.db
    .selectFrom('effects')
    .select(['run_id', 'step', 'status'])
    .where('workspace_id', '=', ctx.workspaceId)
    .where('key', '=', given.key)
    .executeTakeFirst()
  if (effect === undefined) throw notFound('effect', given.key)
  const settled = await ctx.db
    .updateTable('effects')
    .set({
      status: given.landed ? 'landed' : 'failed',
      open_attempt: false,
      ended_at: new Date(ctx.now),
      ...(given.landed ? { output: JSON.stringify(output), fault: null } : {}),
    })
    .where('workspace_id', '=', ctx.workspaceId)
    .where('key', '=', given.key)
    .where('status', '=', 'unknown')
    .executeTakeFirst()
  if (settled.numUpdatedRows === 0n)
    throw problem(
      409,
      'REVIEW_SETTLED',
      `This was settled already: the effect is ${effect.status}. Load the list again.`,
    )
  await sendCommand(ctx, effect.run_id, { kind: 'settle', step: effect.step, landed: given.landed, output })
  return { runId: effect.run_id }
}
