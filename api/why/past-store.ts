import type { Json } from '../../nodes/manifest.ts'
import { msOf, type Queryable, type Statement } from '../db/sql.ts'
import type { SubjectKind } from '../dispatch/audience-index.ts'
import type { PastLink } from './merges-then.ts'

/** What is kept of the past, many subjects at a time. Times are milliseconds since 1970. */

const AT = (value: string): string => `to_timestamp(${value} / 1000.0)`

export interface SubjectNow {
  id: string
  externalId: string | null
  email: string | null
  name: string | null
  properties: { [name: string]: Json }
  createdAt: number
  /** When a contact got its id of yours; null: with its row. */
  namedAt: number | null
}

const NAMED_AT = `(SELECT ${msOf('i.created_at')} FROM identities i WHERE i.workspace_id = $1 AND i.kind = 'user_id' AND i.value = external_id)`
const SUBJECTS = (kind: SubjectKind): Statement => ({
  name: `why-${kind}s`,
  text: `
SELECT id, external_id AS "externalId", ${kind === 'contact' ? 'email' : 'NULL::text AS email'}, name, properties, ${msOf('created_at')} AS "createdAt",
  ${kind === 'contact' ? NAMED_AT : 'NULL::float8'} AS "namedAt"
FROM ${kind}s WHERE workspace_id = $1 AND id = ANY($2::uuid[])`,
})
const SUBJECTS_OF = { contact: SUBJECTS('contact'), account: SUBJECTS('account') }

export async function subjectsNow(
  q: Queryable,
  workspaceId: string,
  wanted: { kind: SubjectKind; ids: string[] },
): Promise<SubjectNow[]> {
  return wanted.ids.length === 0 ? [] : q.rows<SubjectNow>(SUBJECTS_OF[wanted.kind], [workspaceId, wanted.ids])
}

/** One value that was written. */
export interface PastChange {
  subjectId: string
  property: string
  seq: string
  before: Json
  value: Json
  at: number
  occurredAt: number
  source: Json
}

const CHANGES: Statement = {
  name: 'why-property-changes',
  text: `
SELECT subject_id AS "subjectId", property, seq::text AS seq, before, value, ${msOf('at')} AS at, ${msOf('occurred_at')} AS "occurredAt", source
FROM property_changes WHERE workspace_id = $1 AND subject_id = ANY($2::uuid[]) AND property = ANY($3::text[])
ORDER BY property_changes.at, property_changes.seq`,
}

/** All that was ever written of these properties, the oldest first. */
export async function changesOfAll(
  q: Queryable,
  workspaceId: string,
  wanted: { ids: string[]; properties: string[] },
): Promise<PastChange[]> {
  if (wanted.ids.length === 0 || wanted.properties.length === 0) return []
  return q.rows<PastChange>(CHANGES, [workspaceId, wanted.ids, wanted.properties])
}

export interface EventsWanted {
  name: string
  /** Null: for ever. */
  since: number | null
  /** Of the event's properties those that are read. */
  properties: string[]
}

export interface PastEvent {
  /** The contact or account that holds it now. */
  holder: string
  name: string
  seq: string
  messageId: string
  subjectKey: string
  /** When it happened. */
  at: number
  values: { [property: string]: Json }
}

const EVENTS = (column: 'contact_id' | 'account_id'): Statement => ({
  name: `why-events-${column}`,
  text: `
SELECT e.${column} AS holder, e.name, e.seq::text AS seq, e.message_id AS "messageId", e.subject_key AS "subjectKey", ${msOf('e.occurred_at')} AS at,
  coalesce((SELECT jsonb_object_agg(p.name, e.body -> 'properties' -> p.name)
    FROM json_array_elements_text(wanted.properties) AS p(name) WHERE e.body -> 'properties' ? p.name), '{}') AS values
FROM json_to_recordset($3::json) AS wanted(name text, since float8, properties json)
JOIN events e ON e.workspace_id = $1 AND e.${column} = ANY($2::uuid[]) AND e.name = wanted.name AND e.kind = 'track'
  AND e.status = 'done' AND e.processed_at <= ${AT('$4')} AND (wanted.since IS NULL OR e.occurred_at > ${AT('wanted.since')})
ORDER BY e.occurred_at, e.position`,
})
const EVENTS_OF = { contact: EVENTS('contact_id'), account: EVENTS('account_id') }

/** What was known by an instant to have happened, in the order rules see it. */
export async function eventsKnown(
  q: Queryable,
  workspaceId: string,
  wanted: { kind: SubjectKind; ids: string[]; events: EventsWanted[]; at: number },
): Promise<PastEvent[]> {
  const { kind, ids, events, at } = wanted
  if (ids.length === 0 || events.length === 0) return []
  return q.rows<PastEvent>(EVENTS_OF[kind], [workspaceId, ids, JSON.stringify(events), at])
}

/** The edge of a segment, signal or score that was in force. */
export interface PastEdge {
  id: string
  kind: 'segment' | 'signal' | 'score'
  slug: string
  subjectId: string
  edge: 'set' | 'cleared' | 'entered' | 'left' | 'changed'
  at: number
  cause: Json
  value: Json
}

const EDGES: Statement = {
  name: 'why-edges',
  text: `
SELECT DISTINCT ON (e.audience_id, e.subject_id) e.id, a.kind, a.slug, e.subject_id AS "subjectId", e.edge, ${msOf('e.at')} AS at, e.cause, e.value
FROM audiences a JOIN audience_edges e ON e.workspace_id = $1 AND e.audience_id = a.id
WHERE a.workspace_id = $1 AND a.kind || ':' || a.slug = ANY($3::text[]) AND e.subject_id = ANY($2::uuid[]) AND e.at <= ${AT('$4')}
ORDER BY e.audience_id, e.subject_id, e.at DESC, e.id DESC`,
}

/** @param wanted.names `kind:slug` */
export async function edgesInForce(
  q: Queryable,
  workspaceId: string,
  wanted: { ids: string[]; names: string[]; at: number },
): Promise<PastEdge[]> {
  if (wanted.ids.length === 0 || wanted.names.length === 0) return []
  return q.rows<PastEdge>(EDGES, [workspaceId, wanted.ids, wanted.names, wanted.at])
}

const LINKS_OF_CONTACTS: Statement = {
  name: 'why-links-contacts',
  text: `
SELECT account_id AS "accountId", contact_id AS "contactId", ${msOf('created_at')} AS "createdAt" FROM account_contacts
WHERE workspace_id = $1 AND contact_id = ANY($2::uuid[])`,
}

/** The accounts that contacts are in now. */
export async function linksOf(q: Queryable, workspaceId: string, contactIds: string[]): Promise<PastLink[]> {
  return contactIds.length === 0 ? [] : q.rows<PastLink>(LINKS_OF_CONTACTS, [workspaceId, contactIds])
}

const CONTACTS_EVER: Statement = {
  name: 'why-contacts-of-account',
  text: `
SELECT contact_id AS id FROM account_contacts WHERE workspace_id = $1 AND account_id = $2::uuid
UNION SELECT loser_id FROM merges WHERE workspace_id = $1 AND undo -> 'accounts' @> jsonb_build_array(jsonb_build_object('accountId', $2::uuid::text))`,
}

/** Contacts that are, or before a merge were, in an account. */
export async function contactsEver(q: Queryable, workspaceId: string, accountId: string): Promise<string[]> {
  return (await q.rows<{ id: string }>(CONTACTS_EVER, [workspaceId, accountId])).map(({ id }) => id)
}

const KEEP: Statement = {
  name: 'why-keep-events',
  text: 'SELECT keep_events_days AS days FROM workspaces WHERE id = $1',
}

export async function keepEventsDays(q: Queryable, workspaceId: string): Promise<number> {
  const [row] = await q.rows<{ days: number }>(KEEP, [workspaceId])
  if (row === undefined) throw new Error(`Workspace ${workspaceId} is gone.`)
  return row.days
}
