import { runId } from '../../engine/ids.ts'
import type { Reentry } from '../../engine/model/playbook.ts'
import type { Trace } from '../../engine/model/rule.ts'
import type { RunRef, RunStartData } from '../../engine/ports.ts'
import { type Entered, mayEnter } from '../../engine/run/may-enter.ts'
import type { Json } from '../../nodes/manifest.ts'
import {
  enrollmentHistory,
  lockEnrollment,
  type NewEnrollment,
  type NewRun,
  playbookStatuses,
  startedBy,
  writeEnrollments,
} from '../db/enrollment-store.ts'
import { newId } from '../db/new-id.ts'
import type { Queryable } from '../db/sql.ts'

/** Something that would start a run. */
export interface Candidate {
  playbook: {
    id: string
    version: number
    planHash: string
    subject: 'contact' | 'account'
    enrollment: { reentry: Reentry }
  }
  /** The trigger step that matched. */
  step: string
  /** Null where the trigger has no such subject: refused, and said. */
  subjectId: string | null
  /** What makes this start unique; see `occurrence`. */
  occurrence: string
  /** What later steps read under `trigger.` */
  data: { [name: string]: Json }
  cause: Json
  eventSeq: string | null
  edgeId: string | null
  /** Refused before it came here, e.g. by the trigger's own rule. */
  refusal: { code: EnrollmentCode; reason: string } | null
  why: Trace | null
}

export type EnrollmentCode =
  | 'STARTED'
  | 'ALREADY_ENROLLED'
  | 'REENTRY_TOO_SOON'
  | 'PLAYBOOK_PAUSED'
  | 'PLAYBOOK_NOT_LIVE'
  | 'NO_ACCOUNT'
  | 'NO_CONTACT'
  | 'WHERE_FALSE'

export type EnrollmentOutcome =
  | { outcome: 'started'; runId: string }
  /** The same occurrence came before: its run is the answer. */
  | { outcome: 'repeated'; runId: string; subjectId: string }
  | { outcome: 'refused'; code: EnrollmentCode; reason: string }

/** A run that has to be started in Temporal once the transaction has committed, with what its start needs. */
export type EnteredRun = RunRef & RunStartData

/** Of these candidates' outcomes those that are new runs. */
export const enteredRuns = (
  workspaceId: string,
  candidates: Candidate[],
  outcomes: EnrollmentOutcome[],
): EnteredRun[] =>
  candidates.flatMap((candidate, i) => {
    const outcome = outcomes[i]
    if (outcome?.outcome !== 'started' || candidate.subjectId === null) return []
    const { id, version, planHash, subject: kind } = candidate.playbook
    const related = relatedIn(candidate.cause, kind)
    return [
      {
        workspaceId,
        runId: outcome.runId,
        playbookId: id,
        version,
        planHash,
        subject: { kind, id: candidate.subjectId, ...(related === null ? {} : { related }) },
        trigger: { step: candidate.step, data: candidate.data },
      },
    ]
  })

/** Of a contact the account, of an account the contact that the cause names: as the run's row answers it later. */
function relatedIn(cause: Json, kind: 'contact' | 'account'): string | null {
  if (cause === null || typeof cause !== 'object' || Array.isArray(cause)) return null
  const related = cause[kind === 'contact' ? 'accountId' : 'contactId']
  return typeof related === 'string' ? related : null
}

/** Occurrence keys, each kind in a space of its own. */
export const occurrence = {
  event: (messageId: string): string => `event:${messageId}`,
  edge: (edgeId: string): string => `edge:${edgeId}`,
  schedule: (step: string, instant: number, subjectId: string): string => `schedule:${step}:${instant}:${subjectId}`,
  key: (idempotencyKey: string): string => `key:${idempotencyKey}`,
}

/**
 * Decides who enters, in the caller's transaction, and writes runs and answers. Candidates are taken in order: of two
 * for the same subject the second sees the first. Start the runs in Temporal after the commit.
 * @returns an outcome for each candidate, in their order
 */
export async function enroll(
  q: Queryable,
  workspaceId: string,
  given: { candidates: Candidate[]; now: number },
): Promise<EnrollmentOutcome[]> {
  const { candidates, now } = given
  if (candidates.length === 0) return []
  const state = await readState(q, workspaceId, candidates)
  const runs: NewRun[] = []
  const enrollments: NewEnrollment[] = []
  const outcomes = candidates.map((candidate): EnrollmentOutcome => {
    const repeated = state.started.get(occurrenceKey(candidate))
    if (repeated) return { outcome: 'repeated', ...repeated }
    const refusal = candidate.refusal ?? decide(candidate, state, now)
    const { subjectId } = candidate
    if (refusal !== null || subjectId === null) {
      const { code, reason } = refusal ?? { code: 'NO_CONTACT' as const, reason: 'There is nobody to start it for.' }
      enrollments.push(enrollmentRow(candidate, { now, outcome: 'refused', code, reason, runId: null }))
      return { outcome: 'refused', code, reason }
    }
    const id = runId(workspaceId, candidate.playbook.id, candidate.occurrence)
    runs.push(runRow(candidate, id, subjectId))
    enrollments.push(
      enrollmentRow(candidate, { now, outcome: 'started', code: 'STARTED', reason: 'A run was started.', runId: id }),
    )
    state.started.set(occurrenceKey(candidate), { runId: id, subjectId })
    state.history.set(pairKey(candidate.playbook.id, subjectId), { last: now, open: true })
    return { outcome: 'started', runId: id }
  })
  await writeEnrollments(q, workspaceId, { runs, enrollments, now })
  return outcomes
}

interface EnrollmentState {
  statuses: Map<string, string>
  history: Map<string, Entered>
  started: Map<string, { runId: string; subjectId: string }>
}

const pairKey = (playbookId: string, subjectId: string): string => `${playbookId} ${subjectId}`
const occurrenceKey = (candidate: Candidate): string => `${candidate.playbook.id} ${candidate.occurrence}`

async function readState(q: Queryable, workspaceId: string, candidates: Candidate[]): Promise<EnrollmentState> {
  const open = candidates.filter((c) => c.refusal === null)
  const pairs = open.flatMap((c) =>
    c.subjectId === null ? [] : [{ playbookId: c.playbook.id, subjectId: c.subjectId }],
  )
  const unique = [...new Map(pairs.map((pair) => [pairKey(pair.playbookId, pair.subjectId), pair])).values()]
  if (unique.length > 0) await lockEnrollment(q, workspaceId, [...new Set(unique.map((pair) => pair.subjectId))])
  const occurrences = candidates.map((c) => ({ playbookId: c.playbook.id, occurrence: c.occurrence }))
  // Read after the lock: these statements see what whoever held it before has committed.
  const started = await startedBy(q, workspaceId, occurrences)
  const history = unique.length > 0 ? await enrollmentHistory(q, workspaceId, unique) : []
  const statuses = await playbookStatuses(q, workspaceId, [...new Set(candidates.map((c) => c.playbook.id))])
  return {
    statuses,
    history: new Map(history.map((row) => [pairKey(row.playbookId, row.subjectId), row])),
    started: new Map(started.map((row) => [`${row.playbookId} ${row.occurrence}`, row])),
  }
}

function decide(
  candidate: Candidate,
  state: EnrollmentState,
  now: number,
): { code: EnrollmentCode; reason: string } | null {
  const status = state.statuses.get(candidate.playbook.id)
  if (status === 'paused')
    return { code: 'PLAYBOOK_PAUSED', reason: 'The playbook is paused. Turn it on to let runs start.' }
  if (status !== 'on')
    return { code: 'PLAYBOOK_NOT_LIVE', reason: 'The playbook is not on. Publish it and turn it on.' }
  if (candidate.subjectId === null)
    return candidate.playbook.subject === 'account'
      ? { code: 'NO_ACCOUNT', reason: 'The contact belongs to no account, or to several; name one by context.groupId.' }
      : { code: 'NO_CONTACT', reason: 'The trigger is about an account and the playbook about contacts.' }
  const before = state.history.get(pairKey(candidate.playbook.id, candidate.subjectId)) ?? null
  const entry = mayEnter(candidate.playbook.enrollment.reentry, before, now)
  return entry.ok ? null : { code: entry.code, reason: entry.reason }
}

const runRow = (candidate: Candidate, id: string, subjectId: string): NewRun => ({
  id,
  playbookId: candidate.playbook.id,
  version: candidate.playbook.version,
  planHash: candidate.playbook.planHash,
  subjectKind: candidate.playbook.subject,
  subjectId,
  occurrence: candidate.occurrence,
  trigger: { step: candidate.step, data: candidate.data },
  cause: candidate.cause,
  people: peopleIn(candidate, subjectId),
})

/** The subject where it is a contact, and the contact of what happened: an account's run reads that one too. */
function peopleIn({ playbook, cause }: Candidate, subjectId: string): string[] {
  const { contactId } = cause !== null && typeof cause === 'object' && !Array.isArray(cause) ? cause : {}
  const people = playbook.subject === 'contact' ? [subjectId] : []
  return typeof contactId === 'string' && UUID.test(contactId) ? [...new Set([...people, contactId])] : people
}

const UUID = /^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$/

function enrollmentRow(
  candidate: Candidate,
  answer: { now: number; outcome: 'started' | 'refused'; code: string; reason: string; runId: string | null },
): NewEnrollment {
  const { now, ...rest } = answer
  return {
    id: newId(now),
    eventSeq: candidate.eventSeq,
    edgeId: candidate.edgeId,
    playbookId: candidate.playbook.id,
    version: candidate.playbook.version,
    step: candidate.step,
    subjectId: candidate.subjectId,
    why: candidate.why,
    ...rest,
  }
}
