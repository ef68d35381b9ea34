import { assertNever } from '../../engine/model/assert-never.ts'
import type { Occurrence, TriggerIndex } from '../../engine/match/trigger-index.ts'
import type { Json } from '../../nodes/manifest.ts'
import type { PendingEvent } from '../db/event-store.ts'
import { type Candidate, occurrence } from '../enroll/enroll.ts'
import { happeningOf } from './apply-event.ts'
import type { SubjectKind } from './audience-index.ts'
import type { Edge } from './evaluate-touched.ts'
import { isRecord, type Resolved } from './resolve-identity.ts'
import type { LivePlaybook } from './workspace-catalog.ts'
import { onlyAccount, type World } from './world.ts'

type Triggers = TriggerIndex<LivePlaybook>

/** What an event would start by its name. A trigger whose own rule is false is kept as a refusal with its trace. */
export function eventCandidates(
  triggers: Triggers,
  item: { event: PendingEvent; who: Resolved },
  now: number,
): Candidate[] {
  const { event, who } = item
  const name = happeningOf(event)
  if (name === null) return []
  const data: Candidate['data'] = {
    name,
    properties: isRecord(event.body.properties) ? event.body.properties : {},
    occurredAt: new Date(event.occurredAt).toISOString(),
    messageId: event.messageId,
  }
  const { starts, refused } = triggers.match({ kind: 'event', event: name, data }, now)
  const candidate = (matched: Matched, refusal: Candidate['refusal']): Candidate => ({
    playbook: matched.key,
    step: matched.step,
    data,
    subjectId: matched.subject === 'contact' ? who.contactId : who.accountId,
    occurrence: occurrence.event(event.messageId),
    cause: eventCause(event, who),
    eventSeq: event.seq,
    edgeId: null,
    refusal,
    why: matched.why,
  })
  // Two triggers of one playbook may listen for the same event: a true one counts, and one occurrence starts one run.
  const started = new Set(starts.map(({ key }) => key))
  return [
    ...starts.map((matched) => candidate(matched, null)),
    ...refused.filter(({ key }) => !started.has(key)).map((matched) => candidate(matched, WHERE_FALSE)),
  ]
}

type Matched = ReturnType<Triggers['match']>['starts'][number]
const WHERE_FALSE = { code: 'WHERE_FALSE', reason: 'The trigger’s own condition was not met.' } as const

/** What an edge of a segment or signal would start. */
export function edgeCandidates(
  world: World,
  triggers: Triggers,
  given: { edge: Edge; eventSeq: string | null; who: Resolved | null },
): Candidate[] {
  const { audience, row } = given.edge
  const occurred = edgeOccurrence(given.edge)
  if (occurred === null) return []
  const data = { [audience.kind]: audience.slug, edge: row.edge, at: new Date(row.at).toISOString() }
  const { starts } = triggers.match({ ...occurred, data }, world.now)
  if (starts.length === 0) return []
  const subjects = edgeSubjects(world, given.edge, given.who)
  return starts.map((matched) => ({
    playbook: matched.key,
    step: matched.step,
    data,
    subjectId: subjects[matched.subject],
    occurrence: occurrence.edge(row.id),
    cause: {
      kind: 'edge',
      edge: row.id,
      audience: { kind: audience.kind, slug: audience.slug },
      turned: row.edge,
      at: row.at,
      contactId: subjects.contact,
      accountId: subjects.account,
      cause: row.cause,
    },
    eventSeq: given.eventSeq,
    edgeId: row.id,
    refusal: null,
    why: row.why,
  }))
}

type EdgeOccurrence = Exclude<Occurrence, { kind: 'event' }>

/** What triggers see of an edge. Scores and computed properties start nothing: a signal that reads them does. */
function edgeOccurrence({ audience, row }: Edge): DataLess<EdgeOccurrence> | null {
  const { slug } = audience
  switch (row.edge) {
    case 'set':
    case 'cleared':
      return { kind: 'signal', signal: slug, edge: row.edge }
    case 'entered':
    case 'left':
      return { kind: 'segment', segment: slug, edge: row.edge }
    case 'changed':
      return null
    default:
      return assertNever(row.edge)
  }
}

type DataLess<T> = T extends unknown ? Omit<T, 'data'> : never

/** The contact and account an edge is about. Of an account's edge the contact is whoever's event made it. */
function edgeSubjects(world: World, edge: Edge, who: Resolved | null): Record<SubjectKind, string | null> {
  const { subjectId } = edge.row
  if (edge.audience.subject === 'account') return { account: subjectId, contact: null }
  const account = who?.contactId === subjectId ? who.accountId : onlyAccount(world, subjectId)
  return { contact: subjectId, account }
}

/** How a run or an edge names the event it came from, and the effect that came of. */
export const eventCause = (event: PendingEvent, who: Resolved): Json => ({
  kind: 'event',
  seq: event.seq,
  messageId: event.messageId,
  name: event.name,
  contactId: who.contactId,
  accountId: who.accountId,
  ...(event.origin === undefined ? {} : { origin: { ...event.origin } }),
})
