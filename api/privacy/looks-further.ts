import type { Plan } from '../../engine/model/plan.ts'
import type { Rule } from '../../engine/model/rule.ts'
import { farWindows } from '../../engine/rules/far-windows.ts'
import { rulesOfStep } from '../../engine/run/rules-of-step.ts'
import { rulesOfAudience } from '../audiences/rules-of-audience.ts'
import type { Scoped } from '../context.ts'
import type { Audience } from '../dispatch/audience-index.ts'
import type { LooksFurther } from './privacy-schemas.ts'

/** What looks further back than so many days, and how far: with events gone, its answers would be wrong in silence. */
export async function whatLooksFurther({ db, workspaceId }: Scoped, keepEventsDays: number): Promise<LooksFurther[]> {
  const audiences = await db
    .selectFrom('audiences')
    .select(['id', 'kind', 'slug', 'name', 'subject', 'rule'])
    .where('workspace_id', '=', workspaceId)
    .orderBy('name')
    .execute()
  const playbooks = await db
    .selectFrom('playbooks as p')
    .innerJoin('playbook_versions as v', (join) =>
      join
        .onRef('v.workspace_id', '=', 'p.workspace_id')
        .onRef('v.playbook_id', '=', 'p.id')
        .onRef('v.version', '=', 'p.live_version'),
    )
    .innerJoin('plans', (join) =>
      join.onRef('plans.workspace_id', '=', 'v.workspace_id').onRef('plans.hash', '=', 'v.plan_hash'),
    )
    .select(['p.slug', 'p.name', 'plans.plan'])
    .where('p.workspace_id', '=', workspaceId)
    .where('p.status', '<>', 'archived')
    .orderBy('p.name')
    .execute()
  const named = [
    // Written by us alone, each rule checked by its kind's schema, each plan made by compile.
    ...audiences.map(({ name, ...row }) => {
      const audience = row as unknown as Audience
      return { kind: audience.kind, slug: audience.slug, name, rules: rulesOfAudience(audience) }
    }),
    ...playbooks.map(({ slug, name, plan }) => ({
      kind: 'playbook' as const,
      slug,
      name,
      rules: rulesOfPlan(plan as unknown as Plan),
    })),
  ]
  return named.flatMap(({ rules, ...one }) => {
    const days = Math.max(0, ...farWindows(rules, keepEventsDays).map((found) => found.days))
    return days > 0 ? [{ ...one, days }] : []
  })
}

/** Those that can look at events: a trigger's own rule sees what the trigger brought only. */
function rulesOfPlan({ enrollment: { exit, goal }, steps }: Plan): Rule[] {
  return [...[...exit, ...(goal === null ? [] : [goal])].map((one) => one.if), ...steps.flatMap(rulesOfStep)]
}
