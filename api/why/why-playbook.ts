import { sql } from 'kysely'
import type { PlanStep } from '../../engine/model/plan.ts'
import { type Instant, type Reads, type Rule } from '../../engine/model/rule.ts'
import { asRule } from '../../engine/rules/check.ts'
import { noReads } from '../../engine/rules/reads.ts'
import { evaluate } from '../../engine/rules/evaluate.ts'
import type { Json } from '../../nodes/manifest.ts'
import { readPlaybook } from '../playbooks/playbook-store.ts'
import { problem } from '../problem.ts'
import { answer, findQuestion } from './answer.ts'
import { type AskedAbout, askThen, findAsked, momentOf, type WhyScope } from './ask.ts'
import { reentryThen, statusThen, versionThen } from './playbook-then.ts'
import { traceNode } from './trace-node.ts'
import type { PlaybookInput, WhyAnswer, WhyCheck, WhyPlaybook } from './why-schemas.ts'
import { iso } from './window-view.ts'

type Trigger = PlanStep & { op: 'trigger' }
interface TriggerWhy {
  ok: boolean
  view: WhyPlaybook['triggers'][number]
}

const NEAREST = 5

/** Why a playbook would or would not enroll a subject, now or then. @throws ProblemError 400, 404, 422 */
export async function whyPlaybook(ctx: WhyScope, input: PlaybookInput): Promise<WhyPlaybook> {
  const at = momentOf(input.at, ctx.now)
  const about = await findAsked(ctx, input.subject)
  const playbook = await readPlaybook(ctx, input.playbook)
  const known = await askThen(ctx, about, { reads: noReads(), at })
  const live = await versionThen(ctx, playbook, at)
  const checks: WhyCheck[] = [await statusThen(ctx, playbook, at)]
  const triggers: TriggerWhy[] = []
  if (live === null) checks.push({ what: 'version', ok: false, words: `No version had been published by ${iso(at)}.` })
  else {
    if (live.plan.subject !== about.kind) throw wrongSubject(playbook.name, live.plan.subject)
    for (const step of live.plan.steps)
      if (step.op === 'trigger') triggers.push(await triggerWhy(ctx, { step, about, at }))
    checks.push({
      what: 'trigger',
      ok: triggers.some(({ ok }) => ok),
      words: triggers.map(({ view }) => view.words).join(' '),
    })
    checks.push(await reentryThen(ctx, { playbook, plan: live.plan, subjectId: known.sources.subject.id, at }))
  }
  const value = checks.every(({ ok }) => ok)
  const label = known.view.label
  const stopped = checks.filter(({ ok }) => !ok).map(({ words }) => words)
  return {
    kind: 'playbook',
    subject: known.view,
    of: { kind: 'playbook', slug: playbook.slug, name: playbook.name },
    at: iso(at),
    value,
    words: value
      ? `Nothing ${at === ctx.now ? 'stands' : 'stood'} in the way of “${playbook.name}” for ${label}. ${checks.find(({ what }) => what === 'trigger')?.words ?? ''}`
      : `“${playbook.name}” ${at === ctx.now ? 'would not start' : 'would not have started'} for ${label}: ${stopped.join(' ')}`,
    checks,
    triggers: triggers.map(({ view }) => view),
    enrollments: await nearest(ctx, { playbookId: playbook.id, subjectId: known.sources.subject.id, at }),
    doubts: known.gaps,
    firstSeen: iso(known.firstSeen),
  }
}

function wrongSubject(name: string, subject: 'contact' | 'account'): Error {
  const message = `The playbook “${name}” is about ${subject}s. Ask about ${subject === 'account' ? 'an account' : 'a contact'}.`
  return problem(422, 'INPUT_INVALID', { detail: message, problems: [{ path: 'subject', message }] })
}

interface TriggerAsked {
  step: Trigger
  about: AskedAbout
  at: Instant
}

function triggerWhy(ctx: WhyScope, asked: TriggerAsked): Promise<TriggerWhy> {
  const { step } = asked
  const { input } = step
  switch (step.type.split('@')[0]) {
    case 'trigger.segment':
      return edgeTrigger(ctx, asked, { kind: 'segment', slug: String(input.segment), edge: String(input.edge) })
    case 'trigger.signal':
      return edgeTrigger(ctx, asked, { kind: 'signal', slug: String(input.signal), edge: String(input.edge) })
    case 'trigger.schedule':
      return edgeTrigger(ctx, asked, { kind: 'segment', slug: String(input.segment), edge: 'schedule' })
    case 'trigger.event':
      return eventTrigger(ctx, asked, { event: String(input.event), where: asRule(input.where) })
    default:
      return Promise.resolve({
        ok: true,
        view: {
          step: step.id,
          answer: null,
          where: null,
          words: `“${step.label}” is started from outside: by a person, the API or a webhook.`,
        },
      })
  }
}

const TRUE_EDGES = new Set(['set', 'entered', 'schedule'])

async function edgeTrigger(
  ctx: WhyScope,
  { step, about, at }: TriggerAsked,
  heard: { kind: 'segment' | 'signal'; slug: string; edge: string },
): Promise<TriggerWhy> {
  const question = await findQuestion(ctx, about, heard)
  const found: WhyAnswer = await answer(ctx, { question, about, at })
  const ok = found.value === TRUE_EDGES.has(heard.edge)
  const last = found.history.find((edge) => edge.edge === heard.edge && Date.parse(edge.at) <= at)
  const when =
    heard.edge === 'schedule'
      ? 'It starts at its times for everyone in the segment.'
      : last === undefined
        ? `It starts when the ${heard.kind} is ${heard.edge}, which has not happened to them.`
        : `It starts when the ${heard.kind} is ${heard.edge}, which happened last at ${last.at}.`
  // An edge starts a run when it comes, not while the answer lasts.
  const happened = heard.edge === 'schedule' || last !== undefined
  return { ok: ok && happened, view: { step: step.id, answer: found, where: null, words: `${found.words} ${when}` } }
}

async function eventTrigger(
  ctx: WhyScope,
  { step, about, at }: TriggerAsked,
  heard: { event: string; where: Rule | null },
): Promise<TriggerWhy> {
  const reads: Reads = { ...noReads(), events: { [heard.event]: null } }
  const known = await askThen(ctx, about, { reads, at })
  const last = known.sources.events.get(heard.event)?.findLast((event) => event.at <= at)
  const none = { step: step.id, answer: null, where: null }
  if (last === undefined)
    return { ok: false, view: { ...none, words: `It starts when they do “${heard.event}”, which they had not done.` } }
  const did = `They did “${heard.event}” last at ${iso(last.at)}.`
  if (heard.where === null) return { ok: true, view: { ...none, words: did } }
  const data = await triggerData(ctx, last.seq, heard.event)
  const { value, why } = evaluate(heard.where, { ...known.facts, trigger: data }, at)
  const where = traceNode(heard.where, why, ctx.isHidden)
  const met = `The trigger’s own condition ${value ? 'was met' : 'was not met'} by it.`
  return { ok: value, view: { ...none, where, words: `${did} ${met}` } }
}

/** What a run would have found under `trigger.` */
async function triggerData(
  { db, workspaceId }: WhyScope,
  seq: string,
  name: string,
): Promise<{ [name: string]: Json }> {
  const { rows } = await sql<{ properties: { [name: string]: Json } | null; occurredAt: Date; messageId: string }>`
    SELECT body -> 'properties' AS properties, occurred_at AS "occurredAt", message_id AS "messageId" FROM events
    WHERE workspace_id = ${workspaceId} AND seq = ${seq}`.execute(db)
  const [row] = rows
  if (row === undefined) return { name, properties: {} }
  return { name, properties: row.properties ?? {}, occurredAt: row.occurredAt.toISOString(), messageId: row.messageId }
}

/** What was decided about the subject nearest to a moment, before or after. */
async function nearest(
  { db, workspaceId }: WhyScope,
  wanted: { playbookId: string; subjectId: string; at: Instant },
): Promise<WhyPlaybook['enrollments']> {
  const rows = await db
    .selectFrom('enrollments')
    .select(['id', 'at', 'outcome', 'code', 'reason', 'run_id'])
    .where('workspace_id', '=', workspaceId)
    .where('playbook_id', '=', wanted.playbookId)
    .where('subject_id', '=', wanted.subjectId)
    .orderBy(sql`abs(extract(epoch FROM enrollments.at) - ${wanted.at / 1000}::float8)`)
    .orderBy('id')
    .limit(NEAREST)
    .execute()
  return rows.map(({ id, at, outcome, code, reason, run_id }) => ({
    id,
    at: at.toISOString(),
    outcome,
    code,
    reason,
    runId: run_id,
  }))
}
