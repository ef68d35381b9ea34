import type { Plan } from '../../engine/model/plan.ts'
import type { Instant, Trace } from '../../engine/model/rule.ts'
import { asRule } from '../../engine/rules/check.ts'
import type { Json } from '../../nodes/manifest.ts'
import { findRun } from '../runs/run-list.ts'
import { viewRun } from '../runs/run-page.ts'
import { ProblemError } from '../problem.ts'
import { answer, findQuestion } from './answer.ts'
import type { AskedAbout, WhyScope } from './ask.ts'
import { reasons } from './answer-words.ts'
import { ledTo, loopsOf } from './run-chain.ts'
import { causeView } from './source-words.ts'
import { traceNode } from './trace-node.ts'
import type { EdgeView, WhyAnswer, WhyRun } from './why-schemas.ts'

type Record_ = { [name: string]: Json }
const isRecord = (value: Json | undefined): value is Record_ =>
  typeof value === 'object' && value !== null && !Array.isArray(value)
const textOr = (value: Json | undefined): string | null => (typeof value === 'string' ? value : null)

/** Why a run began, and why its branches went the way they went. @throws ProblemError 404 */
export async function whyRun(ctx: WhyScope, id: string): Promise<WhyRun> {
  const run = await findRun(ctx, id)
  // It began under another version where it has gone over to the one it goes by now.
  const plan = await readPlan(ctx, run.first_plan_hash ?? run.plan_hash)
  const planNow = run.first_plan_hash === null ? plan : await readPlan(ctx, run.plan_hash)
  const cause: Record_ = isRecord(run.cause) ? run.cause : {}
  const began = cause.kind === 'edge' ? await beganByEdge(ctx, cause) : NOT_BY_EDGE
  const where = await whereOf(ctx, { runId: id, plan, isEdge: cause.kind === 'edge' })
  const { steps, run: row } = await viewRun(ctx, id)
  return {
    run: { id, createdAt: row.createdAt, playbook: row.playbook },
    words: beginWords(cause, began),
    cause: causeView(cause.kind === 'edge' ? (cause.cause ?? null) : (run.cause ?? null)),
    chain: ledTo(cause),
    loops: await loopsOf(ctx, id),
    ...began,
    where,
    branches: steps.flatMap((step) => {
      const under = step.version === row.version ? planNow : plan
      const planned = under.steps.find((one) => one.id === step.id)
      if (step.why === null || step.why.length === 0) return []
      const rules = planned?.op === 'branch' ? planned.cases.map((one) => one.if) : []
      const traces = step.why.map((trace, i) => traceNode(rules[i] ?? null, trace, ctx.isHidden))
      const last = traces.at(-1)
      const because = last === undefined ? '' : `, because ${reasons(last)}`
      return [
        {
          step: step.id,
          label: step.label,
          port: step.port,
          at: step.endedAt ?? step.startedAt,
          words: step.port === null ? 'It is not decided yet.' : `It went down “${step.port}”${because}.`,
          traces,
        },
      ]
    }),
  }
}

interface Began {
  edge: EdgeView | null
  answer: WhyAnswer | null
  doubts: string[]
}
const NOT_BY_EDGE: Began = { edge: null, answer: null, doubts: [] }

function beginWords(cause: Record_, { answer: found, edge }: Began): string {
  switch (cause.kind) {
    case 'event':
      return `It began because of the event “${textOr(cause.name) ?? ''}”.`
    case 'edge': {
      const audience = isRecord(cause.audience) ? cause.audience : {}
      const what = `the ${textOr(audience.kind) ?? 'segment'} “${found?.of.name ?? textOr(audience.slug) ?? ''}”`
      const because = found === null ? '' : `, because ${reasons(found.trace)}`
      return `It began because ${what} was ${edge?.edge ?? 'changed'}${because}.`
    }
    case 'schedule':
      return 'It began at a time of its schedule, for everyone who was in the segment.'
    case 'api':
    case 'manual':
      return 'It was started by hand or by the API.'
    case 'call':
      return 'It was called by a run of another playbook.'
    case 'webhook':
      return 'It was started by a call of its webhook.'
    default:
      return `It began by ${textOr(cause.kind) ?? 'something that was not recorded'}.`
  }
}

async function beganByEdge(ctx: WhyScope, cause: Record_): Promise<Began> {
  const audience = isRecord(cause.audience) ? cause.audience : {}
  const [kind, slug] = [audience.kind, textOr(audience.slug)]
  const row = await ctx.db
    .selectFrom('audience_edges')
    .innerJoin('audiences', (join) =>
      join
        .onRef('audiences.workspace_id', '=', 'audience_edges.workspace_id')
        .onRef('audiences.id', '=', 'audience_edges.audience_id'),
    )
    .select(['audience_edges.id', 'edge', 'at', 'cause', 'value', 'subject_id', 'why', 'audiences.subject'])
    .where('audience_edges.workspace_id', '=', ctx.workspaceId)
    .where('audience_edges.id', '=', textOr(cause.edge) ?? '')
    .executeTakeFirst()
  if (row === undefined || slug === null || (kind !== 'segment' && kind !== 'signal'))
    return { ...NOT_BY_EDGE, doubts: ['The edge that began it is no longer kept.'] }
  const edge: EdgeView = {
    id: row.id,
    edge: row.edge,
    at: row.at.toISOString(),
    cause: causeView(row.cause),
    value: row.value,
  }
  const about: AskedAbout = { kind: row.subject, id: row.subject_id }
  const found = await rebuilt(ctx, { kind, slug, about, at: row.at.getTime() })
  return { edge, answer: found.answer, doubts: found.doubts }
}

async function rebuilt(
  ctx: WhyScope,
  wanted: { kind: 'segment' | 'signal'; slug: string; about: AskedAbout; at: Instant },
): Promise<{ answer: WhyAnswer | null; doubts: string[] }> {
  const { kind, slug, about, at } = wanted
  try {
    const question = await findQuestion(ctx, about, { kind, slug })
    const found = await answer(ctx, { question, about, at })
    return { answer: found, doubts: found.doubts }
  } catch (error) {
    // The run stays, though the segment or whom it is about was removed: that is said instead.
    if (!(error instanceof ProblemError) || error.status >= 500) throw error
    return { answer: null, doubts: [`It cannot be worked out any more: ${error.message}`] }
  }
}

/** The trigger's own condition as the enrollment saw it. */
async function whereOf(
  { db, workspaceId, isHidden }: WhyScope,
  { runId, plan, isEdge }: { runId: string; plan: Plan; isEdge: boolean },
): Promise<WhyRun['where']> {
  if (isEdge) return null
  const row = await db
    .selectFrom('enrollments')
    .select(['why', 'step'])
    .where('workspace_id', '=', workspaceId)
    .where('run_id', '=', runId)
    .where('outcome', '=', 'started')
    .executeTakeFirst()
  if (row === undefined || row.why === null) return null
  const step = plan.steps.find((one) => one.id === row.step)
  const rule = step?.op === 'trigger' ? asRule(step.input.where) : null
  return traceNode(rule, row.why as unknown as Trace, isHidden)
}

async function readPlan({ db, workspaceId }: WhyScope, hash: string): Promise<Plan> {
  const row = await db
    .selectFrom('plans')
    .select('plan')
    .where('workspace_id', '=', workspaceId)
    .where('hash', '=', hash)
    .executeTakeFirstOrThrow()
  return row.plan as unknown as Plan
}
