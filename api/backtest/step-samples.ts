import { createHash } from 'node:crypto'
import type { DocumentStep, PlaybookDocument } from '../../engine/model/playbook.ts'
import type { Plan } from '../../engine/model/plan.ts'
import { sortedFields } from '../../engine/model/sorted-fields.ts'
import { findStep, type Json } from '../../nodes/manifest.ts'
import { actorName } from '../auth/scopes.ts'
import type { Context, Scoped } from '../context.ts'
import { readPlaybook } from '../playbooks/playbook-store.ts'
import { problem } from '../problem.ts'

/** What an action is taken to answer wherever nothing is really written, kept with the draft. */
export interface StepSample {
  step: string
  output: Json
  /** The step was changed, or removed, since: it may answer otherwise now. */
  stale: boolean
  by: string
  at: string
}

/** What the answer was made for: it is stale once this is another. */
const madeFor = ({ type, connection, input }: DocumentStep): string =>
  createHash('sha256')
    .update(JSON.stringify([type, connection ?? null, sortedFields(input)]))
    .digest('hex')

/** By step. */
export async function readStepSamples(
  { db, workspaceId }: Scoped,
  playbookId: string,
): Promise<Map<string, { output: Json; madeFor: string; by: string; at: Date }>> {
  const rows = await db
    .selectFrom('step_samples')
    .select(['step', 'output', 'made_for', 'made_by', 'made_at'])
    .where('workspace_id', '=', workspaceId)
    .where('playbook_id', '=', playbookId)
    .orderBy('step')
    .execute()
  return new Map(
    rows.map((row) => [row.step, { output: row.output, madeFor: row.made_for, by: row.made_by, at: row.made_at }]),
  )
}

/** @throws ProblemError 404 */
export async function listStepSamples(ctx: Context, slug: string): Promise<StepSample[]> {
  const { id, draft } = await readPlaybook(ctx, slug)
  const samples = await readStepSamples(ctx, id)
  return [...samples].map(([step, { output, by, at, ...kept }]) => {
    const drawn = stepIn(draft, step)
    const stale = drawn === undefined || madeFor(drawn) !== kept.madeFor
    return { step, output, stale, by, at: at.toISOString() }
  })
}

const stepIn = ({ steps }: PlaybookDocument, id: string): DocumentStep | undefined =>
  steps.find((step) => step.id === id)

/** Keeps what a step of the draft is taken to answer; null takes it away. @throws ProblemError 404, 422 STEP_UNKNOWN */
export async function putStepSample(
  ctx: Context,
  given: { slug: string; step: string; output: Json },
): Promise<StepSample[]> {
  const { db, workspaceId, now, actor } = ctx
  const { id, draft } = await readPlaybook(ctx, given.slug)
  const step = stepIn(draft, given.step)
  if (given.output === null) {
    await db
      .deleteFrom('step_samples')
      .where('workspace_id', '=', workspaceId)
      .where('playbook_id', '=', id)
      .where('step', '=', given.step)
      .execute()
    return listStepSamples(ctx, given.slug)
  }
  if (step === undefined) throw problem(422, 'STEP_UNKNOWN', `The draft has no step "${given.step}". Name one of it.`)
  const row = {
    output: JSON.stringify(given.output),
    made_for: madeFor(step),
    made_by: actorName(actor),
    made_at: new Date(now),
  }
  await db
    .insertInto('step_samples')
    .values({ workspace_id: workspaceId, playbook_id: id, step: given.step, ...row })
    .onConflict((conflict) => conflict.columns(['workspace_id', 'playbook_id', 'step']).doUpdateSet(row))
    .execute()
  return listStepSamples(ctx, given.slug)
}

/**
 * What actions are taken to answer, by step: what is pinned, else the kept sample, else that of the definition.
 * @param given.live another plan whose steps are answered too; those of the first go before
 * @throws ProblemError 422 PIN_UNKNOWN
 */
export async function answersOf(
  ctx: Scoped & Pick<Context, 'manifest'>,
  playbookId: string,
  given: { plan: Plan; live?: Plan | null; pins: { [step: string]: Json } },
): Promise<{ [step: string]: Json }> {
  const { plan, live, pins } = given
  refuseUnknownPins(plan, pins)
  const kept = await readStepSamples(ctx, playbookId)
  const answers = new Map<string, Json>()
  for (const step of [...plan.steps, ...(live?.steps ?? [])])
    if (step.op === 'act' && !answers.has(step.id))
      answers.set(step.id, kept.get(step.id)?.output ?? findStep(ctx.manifest, step.type)?.sample ?? null)
  for (const [step, output] of Object.entries(pins)) answers.set(step, output)
  return Object.fromEntries(answers)
}

function refuseUnknownPins(plan: Plan, pins: { [step: string]: Json }): void {
  const acts = plan.steps.flatMap((step) => (step.op === 'act' ? [step.id] : []))
  const unknown = Object.keys(pins).filter((step) => !acts.includes(step))
  if (unknown.length === 0) return
  throw problem(422, 'PIN_UNKNOWN', {
    detail: `There is no action "${unknown[0]}" in the draft. Pin the answers of ${acts.join(', ') || 'none: it has no action'}.`,
    problems: unknown.map((step) => ({ path: `pins.${step}`, message: 'There is no such action.' })),
  })
}
