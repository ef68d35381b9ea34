import type { Plan } from '../../engine/model/plan.ts'
import type { Origin } from '../../engine/run/chain.ts'
import type { Json } from '../../nodes/manifest.ts'
import { actorName } from '../auth/scopes.ts'
import type { ApiDeps, Context, Scoped } from '../context.ts'
import { findSubjectId } from '../customers/find-subject.ts'
import { newId } from '../db/new-id.ts'
import { effectsNamed } from '../db/effect-origins.ts'
import { inTransaction, onPool } from '../db/sql.ts'
import { type Candidate, enroll, occurrence, toStart } from '../enroll/enroll.ts'
import { notFound, problem } from '../problem.ts'
import { readPlaybook, readVersion, type StoredPlaybook } from './playbook-store.ts'
import { readLivePlan, triggersOf } from './publish.ts'

export type SubjectChoice = { contact: string } | { account: string }

type Starter = Scoped & Pick<ApiDeps, 'pool' | 'temporal' | 'log'>

/**
 * Starts a run by hand or by API. The same Idempotency-Key answers with the same run.
 * @throws ProblemError 404 for an unknown subject; 409 with the code of the refusal; 422 when the playbook takes no such start
 */
export async function startRun(
  ctx: Context,
  given: {
    slug: string
    subject: SubjectChoice
    data: { [name: string]: Json }
    idempotencyKey?: string | undefined
    effect?: string | undefined
  },
): Promise<{ run: EnteredOne }> {
  const playbook = await readPlaybook(ctx, given.slug)
  const plan = await livePlan(ctx, playbook)
  const [trigger] = triggersOf(plan, 'trigger.manual')
  if (trigger === undefined)
    throw problem(
      422,
      'NO_MANUAL_TRIGGER',
      'The live version has no step “Started by hand or API”. Add that trigger, publish, and start again.',
    )
  refuseUnknownData(trigger.input['fields'], given.data)
  const subjectId = await findSubject(ctx, plan.subject, given.subject)
  const run = await enrollOne(ctx, {
    playbook: await candidatePlaybook(ctx, playbook, plan),
    step: trigger.id,
    subjectId,
    occurrence: occurrence.key(given.idempotencyKey ?? newId(ctx.now)),
    data: { data: given.data, at: new Date(ctx.now).toISOString() },
    cause: { kind: 'manual', actor: actorName(ctx.actor), ...(await originNamed(ctx, given.effect)) },
    eventSeq: null,
    edgeId: null,
    refusal: null,
    why: null,
  })
  return { run }
}

/** @param effect what the call says it came of; one that is not ours is no cause */
export async function originNamed(
  { pool, workspaceId }: Scoped & Pick<ApiDeps, 'pool'>,
  effect: string | undefined,
): Promise<{ origin?: { [field in keyof Origin]: Json } }> {
  if (effect === undefined) return {}
  const [found] = await effectsNamed(onPool(pool), workspaceId, [effect])
  return found === undefined ? {} : { origin: { run: found.runId, effect, step: found.step, how: 'told' } }
}

/** `waits`: another run of its subject is open, and this one begins after it. */
interface EnteredOne {
  id: string
  waits: boolean
}

/** Decides and commits, then hands the run to Temporal. @throws ProblemError 409 */
export async function enrollOne(ctx: Starter, candidate: Candidate): Promise<EnteredOne> {
  const [outcome] = await inTransaction(ctx.pool, (q) =>
    enroll(q, ctx.workspaceId, { candidates: [candidate], now: ctx.now }),
  )
  if (outcome === undefined) throw new Error('enroll answered nothing for a candidate.')
  if (outcome.outcome === 'refused') throw problem(409, outcome.code, outcome.reason)
  if (outcome.outcome === 'repeated' && outcome.subjectId !== candidate.subjectId)
    throw problem(
      422,
      'IDEMPOTENCY_KEY_REUSED',
      'This Idempotency-Key was used for another subject. Use a new key for each start.',
    )
  try {
    await ctx.temporal.startRuns(toStart(ctx.workspaceId, [outcome]))
  } catch (error) {
    // The run is committed as queued; workers look for such runs and start them when Temporal answers again.
    ctx.log.warn({ err: error, runId: outcome.runId }, 'Temporal did not take a run yet')
  }
  const waits = outcome.outcome === 'waiting' || (outcome.outcome === 'repeated' && outcome.waits)
  return { id: outcome.runId, waits }
}

/** @throws ProblemError 409 before the first publish */
export async function livePlan(ctx: Scoped, playbook: StoredPlaybook): Promise<Plan> {
  const plan = await readLivePlan(ctx, playbook)
  if (plan === null) throw problem(409, 'NOT_PUBLISHED', 'The playbook was never published. Publish it first.')
  return plan
}

export async function candidatePlaybook(
  ctx: Scoped,
  playbook: StoredPlaybook,
  plan: Plan,
): Promise<Candidate['playbook']> {
  const version = await readVersion(ctx, playbook, playbook.liveVersion ?? 0)
  return {
    id: playbook.id,
    version: version.version,
    planHash: version.planHash,
    subject: plan.subject,
    enrollment: plan.enrollment,
  }
}

/** @throws ProblemError 404, or 422 when the playbook is about the other kind */
export async function findSubject(scoped: Scoped, kind: 'contact' | 'account', choice: SubjectChoice): Promise<string> {
  const name = kind === 'contact' && 'contact' in choice ? choice.contact : 'account' in choice ? choice.account : null
  if (name === null || !(kind in choice))
    throw problem(422, 'SUBJECT_KIND', `The playbook runs for ${kind}s. Name one as subject.${kind}.`)
  const id = await findSubjectId(scoped, kind, name)
  if (id === null) throw notFound(kind, name)
  return id
}

function refuseUnknownData(fields: Json | undefined, data: { [name: string]: Json }): void {
  if (fields === undefined || fields === null || typeof fields !== 'object' || Array.isArray(fields)) return
  const unknown = Object.keys(data).filter((name) => !Object.hasOwn(fields, name))
  if (unknown.length === 0) return
  throw problem(400, 'DATA_UNKNOWN', {
    detail: `The trigger takes no ${unknown.join(', ')}. It takes: ${Object.keys(fields).join(', ') || 'nothing'}.`,
    problems: unknown.map((name) => ({ path: `data.${name}`, message: 'Unknown.' })),
  })
}
