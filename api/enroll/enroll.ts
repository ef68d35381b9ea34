import { runId } from '../../engine/ids.ts'
import type { Trace } from '../../engine/model/rule.ts'
import type { RunRef, RunStartData } from '../../engine/ports.ts'
import { type Link, mayFollow } from '../../engine/run/chain.ts'
import { type EntryRules, entryKeyOf, mayEnter, type Turn } from '../../engine/run/may-enter.ts'
import type { Json } from '../../nodes/manifest.ts'
import {
  type EnrollmentGate,
  enrollmentGate,
  enrollmentHistory,
  type Entrant,
  type History,
  lockEnrollment,
  type NewEnrollment,
  type NewRun,
  type StartedRun,
  startedBy,
  writeEnrollments,
} from '../db/enrollment-store.ts'
import { type LastInLine, supersede } from '../db/run-line.ts'
import { newId } from '../db/new-id.ts'
import type { Queryable } from '../db/sql.ts'
import { keptChain, readChains } from './read-chains.ts'

/** Something that would start a run. */
export interface Candidate {
  playbook: {
    id: string
    version: number
    planHash: string
    subject: 'contact' | 'account'
    enrollment: EntryRules
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
  | 'WAITS_ITS_TURN'
  | 'ALREADY_ENROLLED'
  | 'REENTRY_TOO_SOON'
  | 'NO_ACCOUNT'
  | 'NO_CONTACT'
  | 'NO_KEY'
  | 'QUEUE_FULL'
  | 'HOLDOUT'
  | 'PLAYBOOK_PAUSED'
  | 'PLAYBOOK_NOT_LIVE'
  | 'WHERE_FALSE'
  | 'LOOP'

export type EnrollmentOutcome =
  | { outcome: 'started'; runId: string }
  /** It is there, and begins when the run that is open has ended: `startNextInLine` sees to it. */
  | { outcome: 'waiting'; runId: string }
  /** The same occurrence came before: its run is the answer. */
  | ({ outcome: 'repeated' } & StartedRun)
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

/** The runs that are to be started, also those that an earlier try may have left; not those that wait for their turn. */
export const toStart = (workspaceId: string, outcomes: EnrollmentOutcome[]): RunRef[] =>
  outcomes.flatMap((o) =>
    o.outcome === 'started' || (o.outcome === 'repeated' && !o.waits) ? [{ workspaceId, runId: o.runId }] : [],
  )

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
  /** @param since when it became a member: as one it enters once, however often the playbook is published */
  existing: (step: string, subjectId: string, since: number): string => `existing:${step}:${subjectId}:${since}`,
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
  const chains = await readChains(
    q,
    workspaceId,
    candidates.map(({ cause }) => cause),
  )
  const runs: NewRun[] = []
  const enrollments: NewEnrollment[] = []
  const lines = new Map<string, LastInLine>()
  const outcomes = candidates.map((candidate, i): EnrollmentOutcome => {
    const chain = chains[i] ?? []
    const repeated = state.started.get(occurrenceKey(candidate))
    if (repeated) return { outcome: 'repeated', ...repeated }
    const decided = candidate.refusal ?? decide(candidate, state, { chain, now })
    if ('code' in decided) {
      // Of a loop the run is named whose doing it was.
      const by = decided.code === 'LOOP' ? (chain.at(-1)?.run ?? null) : null
      enrollments.push(enrollmentRow(candidate, { now, outcome: 'refused', ...decided, runId: by }))
      return { outcome: 'refused', ...decided }
    }
    const { entrant, turn } = decided
    const id = runId(workspaceId, candidate.playbook.id, candidate.occurrence)
    const waits = turn !== undefined
    runs.push(runRow(candidate, { id, entrant, waits, chain }))
    enrollments.push(enrollmentRow(candidate, { now, outcome: 'started', ...said(turn), runId: id }))
    state.started.set(occurrenceKey(candidate), { runId: id, subjectId: entrant.subjectId, waits })
    const before = state.history.get(entrantKey(entrant))?.waiting ?? 0
    const waiting = turn === undefined ? before : turn === 'queue' ? before + 1 : 1
    state.history.set(entrantKey(entrant), { ...entrant, last: now, open: true, waiting })
    if (turn === 'newest' || turn === 'replace')
      lines.set(entrantKey(entrant), { ...entrant, runId: id, replaces: turn === 'replace' })
    return { outcome: waits ? 'waiting' : 'started', runId: id }
  })
  await writeEnrollments(q, workspaceId, { runs, enrollments, now })
  await supersede(q, workspaceId, { lines: [...lines.values()], id: newId(now), now })
  return outcomes
}

/** What a run waits for that is let in beside an open one. */
export const TURN_WORDS: { [turn in Turn]: string } = {
  queue: 'A run is open: this one begins after it and those that wait before.',
  newest: 'A run is open: this one begins after it, in the place of any that waited.',
  replace: 'A run is open, which is told to end: this one begins after it.',
}

const said = (turn: Turn | undefined): { code: EnrollmentCode; reason: string } =>
  turn === undefined
    ? { code: 'STARTED', reason: 'A run was started.' }
    : { code: 'WAITS_ITS_TURN', reason: TURN_WORDS[turn] }

interface EnrollmentState {
  gate: EnrollmentGate
  history: Map<string, History>
  started: Map<string, StartedRun>
}

const entrantKey = ({ playbookId, subjectId, key }: Entrant): string => `${playbookId} ${subjectId} ${key ?? ''}`
const occurrenceKey = (candidate: Candidate): string => `${candidate.playbook.id} ${candidate.occurrence}`

async function readState(q: Queryable, workspaceId: string, candidates: Candidate[]): Promise<EnrollmentState> {
  const open = candidates.filter((c) => c.refusal === null)
  const entrants = open.flatMap((c) => {
    const entrant = entrantOf(c)
    return 'code' in entrant ? [] : [entrant]
  })
  const unique = [...new Map(entrants.map((entrant) => [entrantKey(entrant), entrant])).values()]
  if (unique.length > 0) await lockEnrollment(q, workspaceId, [...new Set(unique.map((entrant) => entrant.subjectId))])
  const occurrences = candidates.map((c) => ({ playbookId: c.playbook.id, occurrence: c.occurrence }))
  // Read after the lock: these statements see what whoever held it before has committed.
  const started = await startedBy(q, workspaceId, occurrences)
  const history = unique.length > 0 ? await enrollmentHistory(q, workspaceId, unique) : []
  return {
    gate: await enrollmentGate(q, workspaceId, [...new Set(candidates.map((c) => c.playbook.id))]),
    history: new Map(history.map((row) => [entrantKey(row), row])),
    started: new Map(started.map((row) => [`${row.playbookId} ${row.occurrence}`, row])),
  }
}

type Refusal = { code: EnrollmentCode; reason: string }

/** @returns whom entry is asked for, and where there is no such one why */
function entrantOf({ playbook, subjectId, data }: Candidate): Entrant | Refusal {
  if (subjectId === null)
    return playbook.subject === 'account'
      ? { code: 'NO_ACCOUNT', reason: 'The contact belongs to no account, or to several; name one by context.groupId.' }
      : { code: 'NO_CONTACT', reason: 'The trigger is about an account and the playbook about contacts.' }
  const keyed = entryKeyOf(playbook.enrollment.reentry, data)
  if (!keyed.ok) return { code: keyed.code, reason: keyed.reason }
  return { playbookId: playbook.id, subjectId, key: keyed.key }
}

function decide(
  candidate: Candidate,
  { gate, history }: EnrollmentState,
  { chain, now }: { chain: Link[]; now: number },
): Refusal | { entrant: Entrant; turn: Turn | undefined } {
  const status = gate.statuses.get(candidate.playbook.id)
  if (status === 'paused')
    return { code: 'PLAYBOOK_PAUSED', reason: 'The playbook is paused. Turn it on to let runs start.' }
  if (status !== 'on')
    return { code: 'PLAYBOOK_NOT_LIVE', reason: 'The playbook is not on. Publish it and turn it on.' }
  const entrant = entrantOf(candidate)
  if ('code' in entrant) return entrant
  const follows = mayFollow(chain, entrant)
  if (!follows.ok) return { code: 'LOOP', reason: follows.reason }
  const applicant = {
    subjectId: entrant.subjectId,
    before: history.get(entrantKey(entrant)) ?? null,
    holdoutPercent: gate.holdoutPercent,
  }
  const entry = mayEnter(candidate.playbook.enrollment, applicant, now)
  return entry.ok ? { entrant, turn: entry.turn } : { code: entry.code, reason: entry.reason }
}

const runRow = (
  candidate: Candidate,
  { id, entrant, waits, chain }: { id: string; entrant: Entrant; waits: boolean; chain: Link[] },
): NewRun => ({
  id,
  playbookId: candidate.playbook.id,
  version: candidate.playbook.version,
  planHash: candidate.playbook.planHash,
  subjectKind: candidate.playbook.subject,
  subjectId: entrant.subjectId,
  occurrence: candidate.occurrence,
  entryKey: entrant.key,
  waits,
  trigger: { step: candidate.step, data: candidate.data },
  cause: withChain(candidate.cause, chain),
  people: peopleIn(candidate, entrant.subjectId),
})

const withChain = (cause: Json, chain: Link[]): Json =>
  chain.length === 0 || cause === null || typeof cause !== 'object' || Array.isArray(cause)
    ? cause
    : { ...cause, chain: keptChain(chain) }

/** The subject where it is a contact, and the contact of what happened: an account's run reads that one too. */
function peopleIn({ playbook, cause }: Candidate, subjectId: string): string[] {
  const { contactId } = cause !== null && typeof cause === 'object' && !Array.isArray(cause) ? cause : {}
  const people = playbook.subject === 'contact' ? [subjectId] : []
  return typeof contactId === 'string' && UUID.test(contactId) ? [...new Set([...people, contactId])] : people
}

const UUID = /^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$/

function enrollmentRow(
  candidate: Candidate,
  answer: Refusal & { now: number; outcome: 'started' | 'refused'; runId: string | null },
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
