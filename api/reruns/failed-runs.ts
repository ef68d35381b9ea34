import { sql } from 'kysely'
import type { Plan } from '../../engine/model/plan.ts'
import { stepOf } from '../../engine/run/instance.ts'
import type { Scoped } from '../context.ts'
import type { RerunFilter } from './rerun-schemas.ts'

/** A failed run that fits, with what its failed steps failed of. */
export interface FailedRun {
  id: string
  slug: string
  name: string
  version: number
  reason: string
  failures: Array<{ step: string; code: string }>
}

/**
 * Failed runs that fit, those that failed first in front. One that another rerun has in hand is left out.
 * @param most how many at most; one more is answered where there are more
 */
export async function failedRuns(ctx: Scoped, filter: RerunFilter, most: number): Promise<FailedRun[]> {
  const found = await candidates(ctx, filter, most)
  const failures = await failuresOf(
    ctx,
    found.map(({ id }) => id),
  )
  const handled = await handledSteps(ctx, [...new Set(found.map((run) => run.plan_hash))])
  return found.flatMap((run) => {
    const dealtWith = handled.get(run.plan_hash)
    const acted = (failures.get(run.id) ?? []).filter(({ step }) => !dealtWith?.has(stepOf(step)))
    // No action failed: a wait that found no date, a list that is none. Of runs that failed before this was kept nothing is known.
    const failed = acted.length > 0 ? acted : ((run.failures ?? []) as FailedRun['failures'])
    const fits = failed.some(
      ({ step, code }) =>
        (filter.code === undefined || code === filter.code) &&
        (filter.step === undefined || stepOf(step) === filter.step),
    )
    if (!fits && (filter.code !== undefined || filter.step !== undefined)) return []
    const { id, slug, name, version } = run
    return [{ id, slug, name, version, reason: run.reason ?? '', failures: failed }]
  })
}

async function candidates({ db, workspaceId }: Scoped, filter: RerunFilter, most: number) {
  let query = db
    .selectFrom('runs')
    .innerJoin('playbooks', (join) =>
      join.onRef('playbooks.workspace_id', '=', 'runs.workspace_id').onRef('playbooks.id', '=', 'runs.playbook_id'),
    )
    .select(['runs.id', 'runs.plan_hash', 'runs.version', 'runs.reason', 'runs.failures'])
    .select(['playbooks.slug', 'playbooks.name'])
    .where('runs.workspace_id', '=', workspaceId)
    .where('runs.status', '=', 'failed')
    .where('runs.ended_at', 'is not', null)
    .where(({ not, exists, selectFrom }) =>
      not(
        exists(
          selectFrom('rerun_runs')
            .innerJoin('reruns', (join) =>
              join
                .onRef('reruns.workspace_id', '=', 'rerun_runs.workspace_id')
                .onRef('reruns.id', '=', 'rerun_runs.rerun_id'),
            )
            .select('rerun_runs.run_id')
            .whereRef('rerun_runs.workspace_id', '=', 'runs.workspace_id')
            .whereRef('rerun_runs.run_id', '=', 'runs.id')
            // What was begun is in hand until it is settled, also where the rerun is cancelled.
            .where((of) =>
              of.or([
                of('rerun_runs.status', '=', 'begun'),
                of('rerun_runs.status', '=', 'waiting').and('reruns.status', 'in', ['running', 'stopped']),
              ]),
            ),
        ),
      ),
    )
    .orderBy('runs.ended_at')
    .orderBy('runs.id')
    .limit(most + 1)
  if (filter.playbook !== undefined) query = query.where('playbooks.slug', '=', filter.playbook)
  if (filter.version !== undefined) query = query.where('runs.version', '=', filter.version)
  if (filter.from !== undefined) query = query.where('runs.ended_at', '>=', new Date(filter.from))
  if (filter.to !== undefined) query = query.where('runs.ended_at', '<', new Date(filter.to))
  // So that the limit counts runs that fit; which of the failures counts is decided above.
  if (filter.code !== undefined || filter.step !== undefined)
    query = query.where(
      sql<boolean>`(EXISTS (SELECT 1 FROM run_inputs i WHERE i.workspace_id = runs.workspace_id AND i.run_id = runs.id
        AND i.input ->> 'kind' = 'outcome' AND i.input -> 'outcome' ->> 'kind' = 'failed'
        AND (${filter.code ?? null}::text IS NULL OR i.input -> 'outcome' -> 'fault' ->> 'code' = ${filter.code ?? null}::text)
        AND (${filter.step ?? null}::text IS NULL
          OR regexp_replace(i.input ->> 'step', '^.*/', '') = ${filter.step ?? null}::text))
        OR runs.failures @> ${JSON.stringify([{ code: filter.code, step: filter.step }])}::jsonb)`,
    )
  return query.execute()
}

interface Outcome {
  run_id: string
  step: string
  kind: string
  code: string | null
}

/** By run: the actions whose last outcome is a failure. */
async function failuresOf({ db, workspaceId }: Scoped, runIds: string[]): Promise<Map<string, FailedRun['failures']>> {
  const { rows } = await sql<Outcome>`SELECT DISTINCT ON (run_id, input ->> 'step') run_id, input ->> 'step' AS step,
      input -> 'outcome' ->> 'kind' AS kind, input -> 'outcome' -> 'fault' ->> 'code' AS code
    FROM run_inputs WHERE workspace_id = ${workspaceId} AND run_id = ANY (${runIds}::text[]) AND input ->> 'kind' = 'outcome'
    ORDER BY run_id, input ->> 'step', position DESC`.execute(db)
  const failures = new Map<string, FailedRun['failures']>()
  for (const { run_id: id, step, kind, code } of rows)
    if (kind === 'failed' && code !== null) failures.set(id, [...(failures.get(id) ?? []), { step, code }])
  return failures
}

/** By plan: the steps whose failure the author deals with. */
async function handledSteps({ db, workspaceId }: Scoped, hashes: string[]): Promise<Map<string, Set<string>>> {
  if (hashes.length === 0) return new Map()
  const rows = await db
    .selectFrom('plans')
    .select(['hash', 'plan'])
    .where('workspace_id', '=', workspaceId)
    .where('hash', 'in', hashes)
    .execute()
  return new Map(
    rows.map(({ hash, plan }) => {
      const { steps } = plan as unknown as Plan
      return [hash, new Set(steps.flatMap((step) => (step.onFailure === undefined ? [] : [step.id])))]
    }),
  )
}
