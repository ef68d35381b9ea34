import { parseDuration } from '../../engine/model/duration.ts'
import type { Plan } from '../../engine/model/plan.ts'
import type { Ports, RunRef } from '../../engine/ports.ts'
import { FaultError } from '../../nodes/fault.ts'
import type { Called, PlaybookCall } from '../../nodes/inside.ts'
import type { Json } from '../../nodes/manifest.ts'
import { inTransaction, type Queryable, type Statement } from '../db/sql.ts'
import { type Candidate, enroll, toStart } from '../enroll/enroll.ts'
import type { InsideDeps } from '../asks/inside.ts'

type Effect = Parameters<Ports['inside']>[0]

/**
 * Starts a run of another playbook for the subject of the one that calls it. What makes the start unique is the key of
 * the calling step's visit, so a repeat finds the run that is there.
 * @throws FaultError where the playbook cannot be called, takes no such input, or refuses the subject
 */
export async function callPlaybook(deps: InsideDeps, effect: Effect, call: PlaybookCall): Promise<Called> {
  const { runs, called } = await inTransaction(deps.pool, (q) => enter(q, { effect, call, now: deps.clock() }))
  // What cannot be started now is one of the runs that are overdue, which workers look for.
  if (runs.length > 0) await deps.startRuns(runs).catch(() => undefined)
  return called
}

interface Entering {
  effect: Effect
  call: PlaybookCall
  now: number
}

async function enter(q: Queryable, { effect, call, now }: Entering): Promise<{ runs: RunRef[]; called: Called }> {
  const { workspaceId } = effect
  const [caller] = await q.rows<Caller>(CALLER, [workspaceId, effect.runId])
  if (caller === undefined) throw new Error(`The run ${effect.runId} that calls is not there.`)
  const playbook = await readCalled(q, workspaceId, call.playbook)
  const trigger = playbook.plan.steps.find((step) => step.op === 'trigger' && step.type.startsWith('trigger.call@'))
  if (trigger?.op !== 'trigger')
    throw refused(
      `The live version of “${call.playbook}” has no step “Called by another playbook”.`,
      'Add that trigger to it and publish it, or call another one; then retry the run.',
    )
  refuseUnknownInputs(call, trigger.input['fields'])
  const data = {
    data: call.inputs,
    at: new Date(now).toISOString(),
    caller: { run: effect.runId, playbook: caller.slug, step: effect.step },
  }
  const candidate: Candidate = {
    playbook: {
      id: playbook.id,
      version: playbook.version,
      planHash: playbook.planHash,
      subject: playbook.plan.subject,
      enrollment: playbook.plan.enrollment,
    },
    step: trigger.id,
    subjectId: await subjectFor(q, { workspaceId, caller, kind: playbook.plan.subject }),
    occurrence: `call:${effect.key}`,
    data,
    cause: causeOf(effect, caller),
    eventSeq: null,
    edgeId: null,
    refusal: null,
    why: null,
  }
  const outcomes = await enroll(q, workspaceId, { candidates: [candidate], now })
  const [outcome] = outcomes
  if (outcome === undefined) throw new Error('enroll answered nothing for a candidate.')
  if (outcome.outcome === 'refused')
    throw refused(
      `“${call.playbook}” did not let the run in: ${outcome.reason}`,
      'Mend what the reason names, or deal with it by the error branch of this step; then retry the run.',
    )
  const run = outcome.runId
  const { runId, step, visit } = effect
  await q.rows(KEEP, [workspaceId, effect.key, runId, step, visit, run, call.waits, endOf(call, now)])
  return { runs: toStart(workspaceId, outcomes), called: { run } }
}

interface Caller {
  kind: 'contact' | 'account'
  subjectId: string
  cause: Json
  slug: string
}

const CALLER: Statement = {
  name: 'call-caller',
  text: `SELECT r.subject_kind AS kind, r.subject_id AS "subjectId", r.cause, p.slug FROM runs r
    JOIN playbooks p ON p.workspace_id = r.workspace_id AND p.id = r.playbook_id WHERE r.workspace_id = $1 AND r.id = $2`,
}

const CALLED: Statement = {
  name: 'call-called',
  text: `SELECT p.id, v.version, v.plan_hash AS "planHash", plans.plan FROM playbooks p
    JOIN playbook_versions v ON v.workspace_id = p.workspace_id AND v.playbook_id = p.id AND v.version = p.live_version
    JOIN plans ON plans.workspace_id = p.workspace_id AND plans.hash = v.plan_hash
    WHERE p.workspace_id = $1 AND p.slug = $2`,
}

// The first call stands; `waits` is the same in each, because the plan is.
const KEEP: Statement = {
  name: 'call-keep',
  text: `INSERT INTO run_calls (workspace_id, key, caller_id, step, visit, run_id, waits, ends_at)
    VALUES ($1, $2, $3, $4, $5, $6, $7, $8) ON CONFLICT DO NOTHING`,
}

/** From when on it is looked whether the caller has gone on without it. */
function endOf({ endsAfter }: PlaybookCall, now: number): Date | null {
  const parsed = endsAfter === null ? null : parseDuration(endsAfter)
  return parsed?.ok ? new Date(now + parsed.ms) : null
}

async function readCalled(q: Queryable, workspaceId: string, slug: string) {
  const rows = await q.rows<{ id: string; version: number; planHash: string; plan: Plan }>(CALLED, [workspaceId, slug])
  const [playbook] = rows
  if (playbook !== undefined) return playbook
  throw refused(
    `There is no published playbook “${slug}”.`,
    'Publish it, or choose another one in the step and publish that; then retry the run.',
  )
}

/** Which of our things led to the run, and whom else it knew of: as for every other cause. */
function causeOf({ runId, step, key }: Effect, { cause }: Caller): Json {
  const known = cause !== null && typeof cause === 'object' && !Array.isArray(cause) ? cause : {}
  return {
    kind: 'call',
    origin: { run: runId, effect: key, step, how: 'call' },
    ...(known['contactId'] === undefined ? {} : { contactId: known['contactId'] }),
    ...(known['accountId'] === undefined ? {} : { accountId: known['accountId'] }),
  }
}

const ONLY_ACCOUNT: Statement = {
  name: 'call-only-account',
  text: `SELECT min(account_id::text) AS id, count(*)::int AS n FROM account_contacts WHERE workspace_id = $1 AND contact_id = $2`,
}

/** @returns null where there is no such subject, or several: the entry is then refused, and says so */
async function subjectFor(
  q: Queryable,
  { workspaceId, caller, kind }: { workspaceId: string; caller: Caller; kind: 'contact' | 'account' },
): Promise<string | null> {
  if (caller.kind === kind) return caller.subjectId
  const { cause } = caller
  const known = cause !== null && typeof cause === 'object' && !Array.isArray(cause) ? cause : {}
  const named = known[kind === 'contact' ? 'contactId' : 'accountId']
  if (typeof named === 'string') return named
  if (kind === 'contact') return null
  const [only] = await q.rows<{ id: string | null; n: number }>(ONLY_ACCOUNT, [workspaceId, caller.subjectId])
  return only?.n === 1 ? only.id : null
}

function refuseUnknownInputs({ playbook, inputs }: PlaybookCall, fields: Json | undefined): void {
  if (fields === undefined || fields === null || typeof fields !== 'object' || Array.isArray(fields)) return
  const unknown = Object.keys(inputs).filter((name) => !Object.hasOwn(fields, name))
  if (unknown.length === 0) return
  throw refused(
    `“${playbook}” takes no ${unknown.join(', ')}. It takes: ${Object.keys(fields).join(', ') || 'nothing'}.`,
    'Correct the inputs of the step and publish it, or add them to the trigger of the called playbook; then retry the run.',
  )
}

const refused = (message: string, fix: string): FaultError =>
  new FaultError({ code: 'REFUSED_BY_POLICY', who: 'user', message, fix })
