import { evaluate } from '../../engine/rules/evaluate.ts'
import type { Json } from '../../nodes/manifest.ts'
import type { PendingEvent } from '../db/event-store.ts'
import { type Candidate, occurrence } from '../enroll/enroll.ts'
import { happeningOf } from './apply-event.ts'
import type { SubjectKind } from './audience-index.ts'
import type { Edge } from './evaluate-touched.ts'
import { isRecord, type Resolved } from './resolve-identity.ts'
import { edgeKey, type TriggerEntry, type TriggerTable } from './trigger-table.ts'
import { factsOf, onlyAccount, type World } from './world.ts'

/** What an event would start by its name. A trigger whose `where` is false is kept as a refusal with its trace. */
export function eventCandidates(
  world: World,
  triggers: TriggerTable,
  item: { event: PendingEvent; who: Resolved },
): Candidate[] {
  const { event, who } = item
  const name = happeningOf(event)
  const entries = name === null ? undefined : triggers.byEvent.get(name)
  if (name === null || entries === undefined) return []
  const data: Candidate['data'] = {
    name,
    properties: isRecord(event.body.properties) ? event.body.properties : {},
    occurredAt: new Date(event.occurredAt).toISOString(),
    messageId: event.messageId,
  }
  const found = entries.map((entry): Candidate => {
    const subjectId = entry.playbook.subject === 'contact' ? who.contactId : who.accountId
    const { refusal, why } = checkWhere(world, entry, { subjectId, data })
    return {
      ...base(entry, data),
      subjectId,
      occurrence: occurrence.event(event.messageId),
      cause: eventCause(event, who),
      eventSeq: event.seq,
      edgeId: null,
      refusal,
      why,
    }
  })
  // Two triggers of one playbook may take the same event: a true one counts, for one occurrence starts one run.
  return found.filter((candidate, i) => {
    const others = found.filter((other, j) => j !== i && other.playbook === candidate.playbook)
    return candidate.refusal === null || others.every((other) => other.refusal !== null)
  })
}

function checkWhere(
  world: World,
  entry: TriggerEntry,
  given: { subjectId: string | null; data: Candidate['data'] },
): Pick<Candidate, 'refusal' | 'why'> {
  if (entry.where === null || given.subjectId === null) return { refusal: null, why: null }
  const facts = factsOf(world, { kind: entry.playbook.subject, id: given.subjectId })
  const { value, why } = evaluate(entry.where, { ...facts, trigger: given.data }, world.now)
  if (value) return { refusal: null, why }
  return { refusal: { code: 'WHERE_FALSE', reason: 'The trigger’s own condition was not met.' }, why }
}

/** What an edge of a segment or signal would start. */
export function edgeCandidates(
  world: World,
  triggers: TriggerTable,
  given: { edge: Edge; eventSeq: string | null; who: Resolved | null },
): Candidate[] {
  const { audience, row } = given.edge
  const entries = triggers.byEdge.get(edgeKey(audience.kind, audience.slug, row.edge)) ?? []
  if (entries.length === 0) return []
  const data = { [audience.kind]: audience.slug, edge: row.edge, at: new Date(row.at).toISOString() }
  const subjects = edgeSubjects(world, given.edge, given.who)
  return entries.map((entry) => ({
    ...base(entry, data),
    subjectId: subjects[entry.playbook.subject],
    occurrence: occurrence.edge(row.id),
    cause: {
      kind: 'edge',
      edge: row.id,
      audience: { kind: audience.kind, slug: audience.slug },
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

/** The contact and account an edge is about. Of an account's edge the contact is whoever's event made it. */
function edgeSubjects(world: World, edge: Edge, who: Resolved | null): Record<SubjectKind, string | null> {
  const { subjectId } = edge.row
  if (edge.audience.subject === 'account') return { account: subjectId, contact: null }
  const account = who?.contactId === subjectId ? who.accountId : onlyAccount(world, subjectId)
  return { contact: subjectId, account }
}

const base = (entry: TriggerEntry, data: Candidate['data']) => ({ playbook: entry.playbook, step: entry.step, data })

/** How a run or an edge names the event it came from. */
export const eventCause = (event: PendingEvent, who: Resolved): Json => ({
  kind: 'event',
  seq: event.seq,
  messageId: event.messageId,
  name: event.name,
  contactId: who.contactId,
  accountId: who.accountId,
})
