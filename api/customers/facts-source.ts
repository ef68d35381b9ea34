import type { Facts, Instant, Reads, SubjectFacts } from '../../engine/model/rule.ts'
import { WORKSPACE_ZONE } from '../../engine/model/path.ts'
import type { FactsSource } from '../../engine/ports.ts'
import type { Json } from '../../nodes/manifest.ts'
import type { Queryable, Statement } from '../db/sql.ts'
import { workspaceZone } from '../db/workspace-zone.ts'
import { loadSubjects, noNeeds } from '../dispatch/load-world.ts'
import { type CatalogCache, createCatalogCache } from '../dispatch/workspace-catalog.ts'
import { emptyWorld, factsOf, withNamed } from '../dispatch/world.ts'

interface FactsRow {
  contact: StoredSubject | null
  account: StoredSubject | null
  /** `segment:<slug>` and `signal:<slug>` that are declared and held. */
  memberships: string[] | null
  events: { [name: string]: Instant[] } | null
  /** The workspace's, where it is read. */
  timeZone: string | null
}

interface StoredSubject {
  id: string
  externalId: string | null
  email: string | null
  name: string | null
  properties: { [name: string]: Json }
}

const SUBJECT = (
  alias: string,
  email: string,
): string => `json_build_object('id', ${alias}.id, 'externalId', ${alias}.external_id,
  'email', ${email}, 'name', ${alias}.name, 'properties', ${alias}.properties)`

/** Whom a contact has become: itself, unless it was merged. */
const became = (id: string): string =>
  `(SELECT coalesce(merged_into, id) FROM contacts WHERE workspace_id = $1 AND id = ${id})`

/** One statement: subject, account, memberships and event times of the declared names. */
const statement = (kind: 'contact' | 'account'): Statement => {
  const own = kind === 'contact' ? became('$2::uuid') : '$2::uuid'
  // A contact sees the account the run began with, else its only account.
  const account =
    kind === 'contact'
      ? `coalesce($3::uuid, (SELECT min(account_id::text)::uuid FROM account_contacts WHERE workspace_id = $1 AND contact_id = own.id HAVING count(*) = 1))`
      : 'own.id'
  const contact = kind === 'contact' ? 'own.id' : became('$3::uuid')
  return {
    name: `facts-${kind}`,
    text: `
WITH own AS MATERIALIZED (SELECT ${own} AS id),
ids AS MATERIALIZED (SELECT own.id AS own, ${contact} AS contact, ${account} AS account FROM own)
SELECT
  (SELECT ${SUBJECT('c', 'c.email')} FROM contacts c WHERE c.workspace_id = $1 AND c.id = ids.contact) AS contact,
  (SELECT ${SUBJECT('a', 'NULL')} FROM accounts a WHERE a.workspace_id = $1 AND a.id = ids.account) AS account,
  (SELECT array_agg(DISTINCT u.kind || ':' || u.slug) FROM audience_members m
    JOIN audiences u ON u.workspace_id = $1 AND u.id = m.audience_id
    WHERE m.workspace_id = $1 AND m.is_member AND m.subject_id IN (ids.own, ids.account)
      AND u.kind || ':' || u.slug = ANY($4::text[])) AS memberships,
  (SELECT json_object_agg(found.name, found.times) FROM (
    SELECT e.name, json_agg((extract(epoch FROM e.occurred_at) * 1000)::bigint ORDER BY e.occurred_at) AS times
    FROM json_to_recordset($5::json) AS wanted(name text, since float8)
    JOIN events e ON e.workspace_id = $1 AND e.${kind}_id = ids.own AND e.name = wanted.name AND e.kind = 'track'
      AND e.status = 'done' AND (wanted.since IS NULL OR e.occurred_at > to_timestamp(wanted.since / 1000.0))
    GROUP BY e.name) AS found) AS events,
  CASE WHEN $6::boolean THEN (SELECT w.time_zone FROM workspaces w WHERE w.id = $1) END AS "timeZone"
FROM ids`,
  }
}
const STATEMENTS = { contact: statement('contact'), account: statement('account') }

/** Facts over Postgres: what the reads declare, and no more; in one round trip where plain rules are all that reads. */
export function createFactsSource(q: Queryable): FactsSource {
  const catalogs = createCatalogCache()
  return {
    load: async (workspaceId, subject, { reads, at }) => {
      if (!isPlain(reads)) return loadFacts(q, { workspaceId, subject, reads, at, catalogs })
      const slugs = [
        ...reads.segments.map((slug) => `segment:${slug}`),
        ...reads.signals.map((slug) => `signal:${slug}`),
      ]
      const events = Object.entries(reads.events).map(([name, window]) => ({
        name,
        since: window === null ? null : at - window,
      }))
      const [row] = await q.rows<FactsRow>(STATEMENTS[subject.kind], [
        workspaceId,
        subject.id,
        subject.related ?? null,
        slugs,
        JSON.stringify(events),
        readsZone(reads),
      ])
      if (row === undefined || row[subject.kind] === null) throw gone(workspaceId, subject)
      return asFacts(row, reads, at)
    },
  }
}

function asFacts(row: FactsRow, reads: Reads, at: Instant): Facts {
  const held = new Set(row.memberships ?? [])
  return {
    at,
    contact: row.contact && declared('contact', row.contact, reads),
    account: row.account && declared('account', row.account, reads),
    segments: reads.segments.filter((slug) => held.has(`segment:${slug}`)),
    signals: reads.signals.filter((slug) => held.has(`signal:${slug}`)),
    events: row.events ?? {},
    ...(row.timeZone === null ? {} : { timeZone: row.timeZone }),
  }
}

const readsZone = (reads: Reads): boolean => reads.properties.includes(WORKSPACE_ZONE)

const gone = (workspaceId: string, { kind, id }: Wanted['subject']): Error =>
  new Error(`${kind} ${id} is not in workspace ${workspaceId}: was it deleted?`)

/** Properties, memberships and times of events: what one statement answers. */
const isPlain = (reads: Reads): boolean =>
  reads.related === undefined &&
  Object.keys(reads.eventProperties ?? {}).length === 0 &&
  Object.keys(reads.changes ?? {}).length === 0 &&
  (reads.scores ?? []).length === 0

interface Wanted {
  workspaceId: string
  subject: Parameters<FactsSource['load']>[1]
  reads: Reads
  at: Instant
  catalogs: CatalogCache
}

const BECAME: Statement = { name: 'facts-became', text: `SELECT ${became('$2::uuid')} AS id` }

/** A run keeps the contact it began with; who was merged is whom they became. */
async function asTheyAreNow(
  q: Queryable,
  workspaceId: string,
  subject: Wanted['subject'],
): Promise<{ kind: 'contact' | 'account'; id: string; related: string | null }> {
  const now = async (id: string) => (await q.rows<{ id: string | null }>(BECAME, [workspaceId, id]))[0]?.id ?? id
  const { kind, id, related = null } = subject
  return kind === 'contact'
    ? { kind, id: await now(id), related }
    : { kind, id, related: related === null ? null : await now(related) }
}

/** As the dispatcher loads a subject, without locking it. */
async function loadFacts(q: Queryable, { workspaceId, subject: given, reads, at, catalogs }: Wanted): Promise<Facts> {
  const subject = await asTheyAreNow(q, workspaceId, given)
  const { audiences: index } = await catalogs.get(q, workspaceId)
  const world = emptyWorld(workspaceId, at, () => '')
  const needs = { ...noNeeds(), reads: [reads], lock: false }
  const other = subject.related ?? null
  if (subject.kind === 'contact') {
    needs.contacts.add(subject.id)
    needs.evaluated.add(subject.id)
    if (other !== null) needs.accounts.add(other)
  } else {
    needs.accounts.add(subject.id)
    if (other !== null) needs.contacts.add(other)
  }
  await loadSubjects(q, world, { needs, index })
  const own = (subject.kind === 'contact' ? world.contacts : world.accounts).has(subject.id)
  if (!own) throw gone(workspaceId, subject)
  const facts = factsOf(world, { kind: subject.kind, id: subject.id, accountId: other }, reads)
  if (subject.kind === 'account' && other !== null)
    facts.contact = factsOf(world, { kind: 'contact', id: other }).contact
  if (readsZone(reads)) facts.timeZone = await workspaceZone(q, workspaceId)
  return onlyRead(facts, reads)
}

/** A run keeps its facts for as long as it lives: only what is read travels on. */
function onlyRead(facts: Facts, reads: Reads): Facts {
  const known = <T>(all: { [name: string]: T } | undefined, names: string[]): { [name: string]: T } =>
    Object.fromEntries(
      names.flatMap((name) => (all !== undefined && Object.hasOwn(all, name) ? [[name, all[name] as T] as const] : [])),
    )
  const { related } = reads
  return {
    at: facts.at,
    contact: facts.contact && { ...facts.contact, properties: readOf('contact', facts.contact.properties, reads) },
    account: facts.account && { ...facts.account, properties: readOf('account', facts.account.properties, reads) },
    segments: facts.segments.filter((slug) => reads.segments.includes(slug)),
    signals: facts.signals.filter((slug) => reads.signals.includes(slug)),
    events: known(facts.events, Object.keys(reads.events)),
    eventValues: known(facts.eventValues, Object.keys(reads.eventProperties ?? {})),
    changes: known(facts.changes, Object.keys(reads.changes ?? {})),
    scores: known(facts.scores, reads.scores ?? []),
    ...(related === undefined ? {} : { related: (facts.related ?? []).map((other) => onlyRead(other, related)) }),
    ...(facts.timeZone === undefined ? {} : { timeZone: facts.timeZone }),
  }
}

const declared = (kind: 'contact' | 'account', subject: StoredSubject, reads: Reads): SubjectFacts => ({
  id: subject.id,
  externalId: subject.externalId,
  properties: readOf(kind, withNamed(subject), reads),
})

function readOf(kind: 'contact' | 'account', properties: SubjectFacts['properties'], reads: Reads) {
  const names = new Set<string>()
  for (const path of reads.properties) {
    const [root, ...rest] = path.split('.')
    // `contact.address.city` is a property of that name, or a part of `address`.
    if (root === kind) for (const name of [rest.join('.'), rest[0]]) if (name !== undefined) names.add(name)
  }
  return Object.fromEntries(Object.entries(properties).filter(([name]) => names.has(name)))
}
