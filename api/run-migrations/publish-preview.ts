import { sql } from 'kysely'
import type { Plan } from '../../engine/model/plan.ts'
import { stepOf } from '../../engine/run/instance.ts'
import { missingReads, possibleTargets, waitChange } from '../../engine/run/plan-changes.ts'
import type { Context, Scoped } from '../context.ts'
import { compileDraft, refusal } from '../playbooks/compile-draft.ts'
import { readPlaybook, readVersion, type StoredPlaybook } from '../playbooks/playbook-store.ts'
import { readPlan } from '../runs/read-record.ts'
import type { PublishPreview } from './migration-schemas.ts'

/**
 * Where the open runs of a playbook wait, and what would become of them if they went over to the draft, or to a
 * published version.
 * @throws ProblemError 404; 422 PLAYBOOK_HAS_PROBLEMS
 */
export async function previewPublish(
  ctx: Context,
  given: { slug: string; version?: number | undefined },
): Promise<PublishPreview> {
  const playbook = await readPlaybook(ctx, given.slug)
  const to =
    given.version === undefined ? await draftPlan(ctx, playbook) : await versionPlan(ctx, playbook, given.version)
  const groups = await groupsOf(ctx, playbook.id, given.version ?? null)
  const from = await plansOf(ctx, groups)
  const warnings = new Set<string>()
  const waits = groups.flatMap(({ version, planHash, runs, at }) => {
    const plans = { from: from.get(planHash) ?? to, to }
    for (const { step, reads } of missingReads(plans, at))
      warnings.add(
        `“${step.label}” reads ${reads}, which runs from version ${version} that are past it do not have: it is empty there.`,
      )
    return [...new Set(at)].map((instance) => {
      const id = stepOf(instance)
      const change = waitChange(plans, instance)
      const targets = change === 'gone' ? possibleTargets(plans, instance) : []
      return {
        step: id,
        label: plans.from.steps.find((step) => step.id === id)?.label ?? id,
        version,
        runs,
        change,
        targets: targets.map((step) => ({ step: step.id, label: step.label })),
      }
    })
  })
  if (groups.some(({ planHash }) => from.get(planHash)?.subject !== to.subject))
    warnings.add(`The new version is for ${to.subject}s. Runs for others cannot go over to it.`)
  const versions = new Map<number, number>()
  for (const { version, runs } of groups) versions.set(version, (versions.get(version) ?? 0) + runs)
  return {
    open: groups.reduce((sum, { runs }) => sum + runs, 0),
    versions: [...versions].map(([version, runs]) => ({ version, runs })),
    waits: together(waits),
    warnings: [...warnings],
  }
}

/** One line a step and version; items of a list are not told apart. */
function together(waits: PublishPreview['waits']): PublishPreview['waits'] {
  const byStep = new Map<string, PublishPreview['waits'][number]>()
  for (const wait of waits) {
    const key = `${wait.version} ${wait.step}`
    const known = byStep.get(key)
    byStep.set(key, known === undefined ? wait : { ...known, runs: known.runs + wait.runs })
  }
  return [...byStep.values()].toSorted((a, b) => b.version - a.version || b.runs - a.runs)
}

async function draftPlan(ctx: Context, playbook: StoredPlaybook): Promise<Plan> {
  const compiled = await compileDraft(ctx, playbook.draft, playbook)
  if (!compiled.ok)
    throw refusal(
      'PLAYBOOK_HAS_PROBLEMS',
      'The draft has problems: nobody can say where runs go in it.',
      compiled.problems,
    )
  return compiled.plan
}

async function versionPlan(ctx: Scoped, playbook: StoredPlaybook, version: number): Promise<Plan> {
  return readPlan(ctx, (await readVersion(ctx, playbook, version)).planHash)
}

interface Group {
  version: number
  planHash: string
  runs: number
  at: string[]
}

/** Open runs that wait at the same steps of the same version. */
export async function groupsOf(
  { db, workspaceId }: Scoped,
  playbookId: string,
  except: number | null,
): Promise<Group[]> {
  const { rows } = await sql<Group>`
    SELECT version, plan_hash AS "planHash", at_steps AS at, count(*)::int AS runs FROM runs
    WHERE workspace_id = ${workspaceId} AND playbook_id = ${playbookId} AND ended_at IS NULL
      AND version IS DISTINCT FROM ${except}
    GROUP BY version, plan_hash, at_steps`.execute(db)
  return rows
}

export async function plansOf(ctx: Scoped, groups: readonly Group[]): Promise<Map<string, Plan>> {
  const hashes = [...new Set(groups.map(({ planHash }) => planHash))]
  return new Map(await Promise.all(hashes.map(async (hash) => [hash, await readPlan(ctx, hash)] as const)))
}
