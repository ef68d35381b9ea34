import { renderInput } from '../../engine/expression/render.ts'
import { WORKSPACE_ZONE } from '../../engine/model/path.ts'
import type { Plan, PlanStep, TriggerData } from '../../engine/model/plan.ts'
import type { Facts, SubjectFacts } from '../../engine/model/rule.ts'
import { failurePort } from '../../engine/model/step-ports.ts'
import { type Entered, entryKeyOf } from '../../engine/run/may-enter.ts'
import { type Assumption, simulate, type Simulated } from '../../engine/run/simulate.ts'
import type { TestFixture } from '../../engine/run/test-case.ts'
import { findStep, type Json } from '../../nodes/manifest.ts'
import { answersOf } from '../backtest/step-samples.ts'
import { createFactsSource } from '../customers/facts-source.ts'
import type { Context } from '../context.ts'
import { reachTried } from '../contact-rules/reach-tried.ts'
import { TURN_WORDS } from '../enroll/enroll.ts'
import { enrollmentGate, enrollmentHistory, type Entrant } from '../db/enrollment-store.ts'
import { onPool } from '../db/sql.ts'
import { workspaceZone } from '../db/workspace-zone.ts'
import { problem } from '../problem.ts'
import { compileDraft, refusal, requireDocument } from './compile-draft.ts'
import { readPlaybook, type StoredPlaybook } from './playbook-store.ts'
import { findSubject, type SubjectChoice } from './start-run.ts'

type Values = { [name: string]: Json }

export interface DryRunInput {
  slug: string
  /** What is on the canvas; default: the saved draft. */
  document?: unknown
  subject: SubjectChoice | { madeUp: { contact?: Values; account?: Values; segments?: string[]; signals?: string[] } }
  /** Which trigger, and what it brings; default: the first one with its sample. */
  trigger?: { step?: string | undefined; data?: Values | undefined } | undefined
  /** By step: what its wait is taken to come to. Left out: as time and the facts alone have it. */
  waits?: { [step: string]: Assumption } | undefined
  /** By step: what an action is taken to answer, before the kept sample and that of its definition. */
  pins?: Values | undefined
}

export interface DryRun {
  enrolls: boolean
  /** Why nobody would be enrolled, or what the run would wait for first; null where it would begin at once. */
  why: string | null
  status: Simulated['status']
  reason: string | null
  /** In virtual time. */
  endedAt: string
  trigger: TriggerData
  facts: Facts
  steps: Array<
    Omit<Simulated['steps'][number], 'step' | 'at' | 'endedAt'> & {
      id: string
      at: string | null
      endedAt: string | null
    }
  >
}

/** What a dry run is made of, which can be kept as a test. */
export interface PreparedDryRun {
  playbook: StoredPlaybook
  plan: Plan
  fixture: TestFixture
  /** Null for a made-up one. */
  subjectId: string | null
}

/** @throws ProblemError 422 while the draft has problems, or what is assumed is of no step of it */
export async function prepareDryRun(ctx: Context, given: DryRunInput): Promise<PreparedDryRun> {
  const playbook = await readPlaybook(ctx, given.slug)
  const compiled = await compileDraft(ctx, given.document ?? playbook.draft, playbook)
  if (!compiled.ok) {
    requireDocument(given.document ?? playbook.draft, compiled.problems)
    throw refusal('PLAYBOOK_HAS_PROBLEMS', 'The draft has problems, so there is nothing to try yet.', compiled.problems)
  }
  const { plan } = compiled
  const { facts, subjectId } = await factsFor(ctx, plan, given.subject)
  const trigger = triggerFor(ctx, plan, given.trigger)
  const waits = given.waits ?? {}
  refuseUnknownWaits(plan, waits)
  const outputs = await answersOf(ctx, playbook.id, { plan, pins: given.pins ?? {} })
  const answers = Object.fromEntries(Object.entries(outputs).map(([step, output]) => [step, { output }]))
  return { playbook, plan, subjectId, fixture: { trigger, facts, answers, waits, later: [], wakes: {} } }
}

/**
 * What would happen to one record, with no write to anything: the real interpreter over a virtual clock. Answers of
 * the outside are pinned or samples, waits come to what is assumed.
 * @throws ProblemError 422 while the draft has problems
 */
export async function dryRun(ctx: Context, given: DryRunInput): Promise<DryRun> {
  const { playbook, plan, fixture, subjectId } = await prepareDryRun(ctx, given)
  const { trigger, facts, answers, waits } = fixture
  const keyed = entryKeyOf(plan.enrollment.reentry, trigger.data)
  const { holdoutPercent } = await enrollmentGate(onPool(ctx.pool), ctx.workspaceId, [playbook.id])
  const simulated = simulate(plan, {
    holdoutPercent: subjectId === null ? 0 : holdoutPercent,
    reach: await reachTried(ctx, { facts, isReal: subjectId !== null }),
    facts,
    trigger,
    waits,
    answer: (step) => answers[step.id] ?? { output: sampleOf(ctx, step) },
    render: renderInput,
    entered:
      subjectId === null || !keyed.ok
        ? null
        : await enteredBefore(ctx, { playbookId: playbook.id, subjectId, key: keyed.key }),
  })
  return {
    enrolls: simulated.enrollment.ok,
    why: entryWords(simulated.enrollment),
    status: simulated.status,
    reason: simulated.reason,
    endedAt: new Date(simulated.endedAt).toISOString(),
    trigger,
    facts,
    steps: simulated.steps.map(({ step, at, endedAt, port, ...rest }, index) => ({
      id: step,
      ...rest,
      port: port ?? (rest.status === 'failed' ? failurePort(plan.steps[index]?.onFailure) : null),
      at: isoOrNull(at),
      endedAt: isoOrNull(endedAt),
    })),
  }
}

function refuseUnknownWaits(plan: Plan, waits: NonNullable<DryRunInput['waits']>): void {
  for (const [id, assumed] of Object.entries(waits)) {
    const step = plan.steps.find((one) => one.id === id)
    const waiting = plan.steps.filter(isWait).map((one) => one.id)
    if (step === undefined || !isWait(step))
      throw problem(422, 'WAIT_UNKNOWN', {
        detail: `The draft has no wait "${id}" for something to happen. It has: ${waiting.join(', ') || 'none'}.`,
        problems: [{ path: `waits.${id}`, message: 'There is no such wait.' }],
      })
    const port = assumed.kind === 'happens' ? assumed.port : undefined
    if (port !== undefined && !Object.hasOwn(step.out, port))
      throw problem(422, 'WAIT_UNKNOWN', {
        detail: `The step "${id}" has no way out “${port}”. It has: ${Object.keys(step.out).join(', ')}.`,
        problems: [{ path: `waits.${id}.port`, message: 'There is no such way out.' }],
      })
  }
}

const isWait = (step: PlanStep): boolean =>
  step.op === 'waitEvent' || step.op === 'waitRule' || (step.op === 'act' && step.answer !== undefined)

async function factsFor(
  ctx: Context,
  plan: Plan,
  subject: DryRunInput['subject'],
): Promise<{ facts: Facts; subjectId: string | null }> {
  if ('madeUp' in subject) {
    const { contact, account, segments = [], signals = [] } = subject.madeUp
    const facts: Facts = {
      at: ctx.now,
      contact: madeUpSubject('contact', contact),
      account: madeUpSubject('account', account),
      segments,
      signals,
      events: {},
      ...(plan.reads.properties.includes(WORKSPACE_ZONE)
        ? { timeZone: await workspaceZone(onPool(ctx.pool), ctx.workspaceId) }
        : {}),
    }
    return { facts, subjectId: null }
  }
  const id = await findSubject(ctx, plan.subject, subject)
  const source = createFactsSource(onPool(ctx.pool))
  const facts = await source.load(ctx.workspaceId, { kind: plan.subject, id }, { reads: plan.reads, at: ctx.now })
  return { facts, subjectId: id }
}

function madeUpSubject(kind: 'contact' | 'account', values: Values | undefined): SubjectFacts | null {
  if (values === undefined) return null
  const { id, externalId, ...properties } = values
  return {
    id: typeof id === 'string' ? id : `made-up-${kind}`,
    externalId: typeof externalId === 'string' ? externalId : null,
    properties,
  }
}

function triggerFor(ctx: Context, plan: Plan, wanted: DryRunInput['trigger']): TriggerData {
  const triggers = plan.steps.filter((step) => step.op === 'trigger')
  const step = wanted?.step === undefined ? triggers[0] : triggers.find(({ id }) => id === wanted.step)
  if (step === undefined)
    throw problem(
      422,
      'TRIGGER_UNKNOWN',
      `There is no trigger "${wanted?.step ?? ''}". There are: ${triggers.map(({ id }) => id).join(', ')}.`,
    )
  const sample = asValues(sampleOf(ctx, step))
  // Where the trigger's own settings say what it brings (which signal, which edge), they are truer than the sample.
  const own = Object.fromEntries(Object.entries(step.input).filter(([name]) => Object.hasOwn(sample, name)))
  return { step: step.id, data: wanted?.data ?? { ...sample, ...own } }
}

const sampleOf = ({ manifest }: Context, step: PlanStep): Json => findStep(manifest, step.type)?.sample ?? null

const asValues = (value: Json): Values =>
  value !== null && typeof value === 'object' && !Array.isArray(value) ? value : {}

async function enteredBefore({ pool, workspaceId }: Context, entrant: Entrant): Promise<Entered | null> {
  const [history] = await enrollmentHistory(onPool(pool), workspaceId, [entrant])
  return history ?? null
}

function entryWords(entry: Simulated['enrollment']): string | null {
  if (!entry.ok) return entry.reason
  return entry.turn === undefined ? null : TURN_WORDS[entry.turn]
}

const isoOrNull = (at: number | null): string | null => (at === null ? null : new Date(at).toISOString())
