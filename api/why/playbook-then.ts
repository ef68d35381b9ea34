import type { Plan } from '../../engine/model/plan.ts'
import type { Instant } from '../../engine/model/rule.ts'
import { type Entered, mayEnter } from '../../engine/run/may-enter.ts'
import type { Scope } from '../audiences/write-audience.ts'
import { type StoredPlaybook } from '../playbooks/playbook-store.ts'
import type { WhyCheck } from './why-schemas.ts'
import { iso } from './window-view.ts'

const AFTER: { [action: string]: StoredPlaybook['status'] } = {
  'playbook.resume': 'on',
  'playbook.pause': 'paused',
  'playbook.archive': 'archived',
}

/** Whether a playbook was on, by who switched it when. */
export async function statusThen(ctx: Scope, playbook: StoredPlaybook, at: Instant): Promise<WhyCheck> {
  const status = at >= ctx.now ? playbook.status : await switchedBy(ctx, playbook, at)
  const ok = status === 'on'
  const words = {
    on: 'The playbook is on.',
    paused: 'The playbook is paused: turn it on to let runs start.',
    archived: 'The playbook is archived: nothing starts it.',
    draft: 'The playbook is a draft: publish it to let runs start.',
  }[status]
  return { what: 'status', ok, words: at >= ctx.now ? words : words.replace(' is ', ' was ').replace(/:.*/, '.') }
}

async function switchedBy(ctx: Scope, playbook: StoredPlaybook, at: Instant): Promise<StoredPlaybook['status']> {
  const rows = await ctx.db
    .selectFrom('audit')
    .select(['action', 'at'])
    .where('workspace_id', '=', ctx.workspaceId)
    .where('target', '=', playbook.slug)
    .where('action', 'in', [...Object.keys(AFTER), 'playbook.publish'])
    .orderBy('at')
    .orderBy('id')
    .execute()
  let status: StoredPlaybook['status'] = 'draft'
  for (const row of rows) {
    if (row.at.getTime() > at) break
    // Publishing turns a draft on and leaves one that is paused as it is.
    if (row.action === 'playbook.publish') status = status === 'draft' ? 'on' : status
    else status = AFTER[row.action] ?? status
  }
  // What was published by no one, as the demo's, has no audit: it was on from its first version.
  return rows.length === 0 ? playbook.status : status
}

/** The version that was live, with its plan; null: none was. */
export async function versionThen(
  ctx: Scope,
  playbook: StoredPlaybook,
  at: Instant,
): Promise<{ version: number; plan: Plan } | null> {
  const row = await ctx.db
    .selectFrom('playbook_versions')
    .innerJoin('plans', (join) =>
      join
        .onRef('plans.workspace_id', '=', 'playbook_versions.workspace_id')
        .onRef('plans.hash', '=', 'playbook_versions.plan_hash'),
    )
    .select(['playbook_versions.version', 'plans.plan'])
    .where('playbook_versions.workspace_id', '=', ctx.workspaceId)
    .where('playbook_versions.playbook_id', '=', playbook.id)
    .where('playbook_versions.published_at', '<=', new Date(at))
    .orderBy('playbook_versions.version', 'desc')
    .limit(1)
    .executeTakeFirst()
  return row === undefined ? null : { version: row.version, plan: row.plan as unknown as Plan }
}

/** As it is now: who is held out is not kept over time, but only grows and shrinks with the percent. */
async function holdoutOf({ db, workspaceId }: Scope): Promise<number> {
  const row = await db
    .selectFrom('contact_rules')
    .select('holdout_percent')
    .where('workspace_id', '=', workspaceId)
    .executeTakeFirst()
  return row?.holdout_percent ?? 0
}

/** Whether the subject might have entered (again), by the runs it had begun. */
export async function reentryThen(
  ctx: Scope,
  wanted: { playbook: StoredPlaybook; plan: Plan; subjectId: string; at: Instant },
): Promise<WhyCheck> {
  const { playbook, plan, subjectId, at } = wanted
  const { reentry } = plan.enrollment
  const holdoutPercent = await holdoutOf(ctx)
  if (reentry.key !== undefined) {
    // Which value is meant nobody says here: what holds for all of them is asked.
    const entry = mayEnter(plan.enrollment, { subjectId, before: null, holdoutPercent }, at)
    const words = `Entry goes by ${reentry.key}: each of its values is asked for itself.`
    return { what: 'reentry', ok: entry.ok, words: entry.ok ? words : entry.reason }
  }
  const runs = await ctx.db
    .selectFrom('runs')
    .select(['created_at', 'ended_at', 'place', 'started'])
    .where('workspace_id', '=', ctx.workspaceId)
    .where('playbook_id', '=', playbook.id)
    .where('subject_id', '=', subjectId)
    .where('created_at', '<=', new Date(at))
    .orderBy('created_at', 'desc')
    .execute()
  const [last] = runs
  const before: Entered | null =
    last === undefined
      ? null
      : {
          last: last.created_at.getTime(),
          open: runs.some((run) => run.ended_at === null || run.ended_at.getTime() > at),
          waiting: runs.filter((run) => run.ended_at === null && run.place !== null && !run.started).length,
        }
  const entry = mayEnter(plan.enrollment, { subjectId, before, holdoutPercent }, at)
  if (!entry.ok) return { what: 'reentry', ok: false, words: entry.reason }
  return {
    what: 'reentry',
    ok: true,
    words:
      before === null
        ? 'It had not been in this playbook before.'
        : `It was in last at ${iso(before.last)}, and the enrollment rules let it in again.`,
  }
}
