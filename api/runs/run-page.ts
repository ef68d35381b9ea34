import { ASKED_PORT, ERROR_PORT, ITEM_PORT, type Plan, type TriggerData } from '../../engine/model/plan.ts'
import type { Trace } from '../../engine/model/rule.ts'
import type { RunInput, RunState, StepState } from '../../engine/model/run.ts'
import { failurePort } from '../../engine/model/step-ports.ts'
import { stepOf } from '../../engine/run/instance.ts'
import { type Replayed, type TimelineEntry, versionAt } from '../../engine/run/view.ts'
import type { Fault } from '../../nodes/fault.ts'
import type { Json } from '../../nodes/manifest.ts'
import type { Scoped } from '../context.ts'
import { readVersion } from '../playbooks/playbook-store.ts'
import { itemNumber, itemsOfStep, statusOverItems } from './items-of-step.ts'
import { replayRun } from './replay-run.ts'
import { findRun, runRowOf } from './run-list.ts'
import type { RunStep, RunView } from './run-schemas.ts'

/** Ports that are taken while a step is under way, or because it failed: it is not left out by them. */
const WITHIN_STEP = new Set([ITEM_PORT, ASKED_PORT, ERROR_PORT])

interface Effect {
  key: string
  step: string
  visit: number
  input: Json
  status: 'intended' | 'landed' | 'failed' | 'unknown'
  output: Json
  external_id: string | null
  before: Json
  fault: Json
  attempts: number
}

/** The run as its record tells it: the inputs replayed, joined with what was written outside. @throws ProblemError 404 */
export async function viewRun(ctx: Scoped, id: string): Promise<RunView> {
  const run = await findRun(ctx, id)
  const [version, { plan, state, timeline, versions, inputs }, effects, actors] = await Promise.all([
    readVersion(ctx, { id: run.playbook_id, slug: run.slug }, run.version),
    replayRun(ctx, run),
    readEffects(ctx, id),
    readActors(ctx, id),
  ])
  // The start is in the run's own row before the record has it.
  const trigger = state?.trigger ?? (run.trigger as unknown as TriggerData)
  return {
    run: runRowOf(run),
    paused: state?.paused?.reason ?? null,
    document: version.document,
    versions: versions.map(({ input, from, to }) => ({ at: new Date(inputs[input]?.at ?? 0).toISOString(), from, to })),
    steps: plan.steps.map((step) => ({
      ...stepView(step, { state, timeline, effect: latestEffect(effects, step.id) }),
      version: versionOf(step.id, { timeline, versions, last: run.version }),
    })),
    trigger,
    facts: state?.facts ?? null,
    timeline: timeline.map((entry, index) => ({
      at: new Date(entry.at).toISOString(),
      step: entry.step === null ? null : stepOf(entry.step),
      item: itemNumber(entry.step),
      what: entry.what,
      port: entry.port ?? null,
      until: isoOrNull(entry.until),
      text: entry.text ?? null,
      // Said once for all that one command did.
      by: timeline[index - 1]?.input === entry.input ? null : actorOf(inputs[entry.input], actors),
    })),
    cause: run.cause,
  }
}

/** Who gave each command of a run. */
async function readActors({ db, workspaceId }: Scoped, runId: string): Promise<Map<string, string>> {
  const rows = await db
    .selectFrom('run_commands')
    .select(['id', 'actor'])
    .where('workspace_id', '=', workspaceId)
    .where('run_id', '=', runId)
    .execute()
  return new Map(rows.map(({ id, actor }) => [id, actor]))
}

const actorOf = (input: RunInput | undefined, actors: Map<string, string>): string | null =>
  input?.kind === 'operator' ? (actors.get(input.id) ?? null) : null

async function readEffects({ db, workspaceId }: Scoped, runId: string): Promise<Effect[]> {
  return db
    .selectFrom('effects')
    .select(['key', 'step', 'visit', 'input', 'status', 'output', 'external_id', 'before', 'fault', 'attempts'])
    .where('workspace_id', '=', workspaceId)
    .where('run_id', '=', runId)
    .orderBy('visit')
    .execute()
}

/** Of a step within a list the newest of any item. */
const latestEffect = (effects: Effect[], step: string): Effect | null =>
  effects.findLast((effect) => stepOf(effect.step) === step) ?? null

function stepView(
  step: Plan['steps'][number],
  seen: { state: RunState | null; timeline: TimelineEntry[]; effect: Effect | null },
): Omit<RunStep, 'version'> {
  const { effect } = seen
  const now: StepState | undefined = seen.state?.steps[step.id]
  const entries = seen.timeline.filter((entry) => entry.step !== null && stepOf(entry.step) === step.id)
  return {
    id: step.id,
    type: step.type,
    label: step.label,
    status: now?.status ?? statusOverItems(step, entries),
    visit: now?.visit ?? 0,
    attempts: now?.attempts ?? 0,
    startedAt: isoOrNull(now?.startedAt ?? entries[0]?.at),
    endedAt: isoOrNull(now?.endedAt),
    until: isoOrNull(now?.until),
    port: now?.port ?? (now?.handled ? failurePort(step.onFailure) : null),
    ports: Object.keys(step.out).filter((port) => !WITHIN_STEP.has(port)),
    why: whyOf(entries),
    input: effect?.input ?? inputOf(step),
    output: effect?.output ?? outputOf(step, seen.state, now),
    fault: now?.fault ?? ((effect?.fault ?? null) as unknown as Fault | null),
    note: noteOf(now, entries),
    items: itemsOfStep(step, seen.state, entries),
    effect:
      effect === null
        ? null
        : {
            key: effect.key,
            status: effect.status,
            externalId: effect.external_id,
            attempts: effect.attempts,
            before: effect.before,
          },
  }
}

/** The version that held when the step was last at work; null where the run has not come to it. */
function versionOf(
  id: string,
  { timeline, versions, last }: Pick<Replayed, 'timeline' | 'versions'> & { last: number },
): number | null {
  const entry = timeline.findLast(({ step, what }) => what !== 'note' && step !== null && stepOf(step) === id)
  return entry === undefined || entry.what === 'pending' ? null : versionAt(versions, entry.input, last)
}

function noteOf(now: StepState | undefined, entries: TimelineEntry[]): string | null {
  const paced = now?.status === 'paced' ? entries.findLast(({ what }) => what === 'paced')?.text : undefined
  return now?.withheld?.message ?? paced ?? null
}

const whyOf = (entries: TimelineEntry[]): Trace[] | null => entries.findLast((entry) => entry.why)?.why ?? null

function inputOf(step: Plan['steps'][number]): Json {
  return step.op === 'act' || step.op === 'trigger' ? step.input : null
}

function outputOf(step: Plan['steps'][number], state: RunState | null, now: StepState | undefined): Json {
  if (step.op === 'trigger') return state !== null && state.trigger.step === step.id ? state.trigger.data : null
  return now?.output ?? null
}

const isoOrNull = (at: number | undefined): string | null => (at === undefined ? null : new Date(at).toISOString())
