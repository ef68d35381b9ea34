import type { PropertyChange } from '../../engine/model/rule.ts'
import type { Json } from '../../nodes/manifest.ts'
import { msOf, type Queryable, type Statement } from './sql.ts'

/** What subjects did and how their properties changed, as rules read it: many subjects at a time. */

export interface EventHistory {
  subjectId: string
  name: string
  /** Milliseconds since 1970, ascending; at the same millisecond in order of receipt. */
  times: number[]
  /** Beside each time the declared properties of that event; null where none are declared. */
  values: Array<{ [property: string]: Json }> | null
}

/** Of whose events of which name what is read. */
export interface EventWindow {
  subjectId: string
  name: string
  /** Milliseconds since 1970; null: for ever. */
  since: number | null
  /** Of the event's properties those that are read. */
  properties: readonly string[]
  /** So many of the newest up to now; null: all. Those yet to come are read beside them. */
  most: number | null
}

const statements = new Map<string, Statement>()

/** A statement for each number of newest events: told the number, the database reads an index from its end and stops. */
function historyStatement(column: 'contact_id' | 'account_id', rich: boolean, most: number | null): Statement {
  const name = `event-history-${column}-${rich ? 'values' : 'times'}-${most ?? 'all'}`
  const known = statements.get(name)
  if (known !== undefined) return known
  const columns = `e.occurred_at, e.position${rich ? ", e.body -> 'properties' AS said" : ''}`
  const own = `e.workspace_id = $1 AND e.${column} = wanted."subjectId" AND e.name = wanted.name AND e.kind = 'track' AND e.status = 'done'`
  // As a parameter and not a column of the wanted: the parts of the table outside of it are left out once, not for each.
  const since = `e.occurred_at > coalesce(to_timestamp($4::float8 / 1000.0), '-infinity')`
  // Of events of the same millisecond it matters which is last only where something of it is read.
  const newest = `
    (SELECT ${columns} FROM events e WHERE ${own} AND ${since} AND e.occurred_at <= to_timestamp($3 / 1000.0)
      ORDER BY e.occurred_at DESC${rich ? ', e.position DESC' : ''} LIMIT ${most})
    UNION ALL
    (SELECT ${columns} FROM events e WHERE ${own} AND e.occurred_at > to_timestamp($3 / 1000.0))`
  // OFFSET 0: else the properties would be taken out of the body once for each look at them.
  const all = `SELECT ${columns} FROM events e WHERE ${own} AND ${since} AND $3::float8 IS NOT NULL${rich ? ' OFFSET 0' : ''}`
  const statement: Statement = {
    name,
    text: `
SELECT wanted."subjectId", wanted.name, found.times, found.values
FROM json_to_recordset($2::json) AS wanted("subjectId" uuid, name text, properties json),
LATERAL (
  SELECT array_agg(${msOf('x.occurred_at')} ORDER BY x.occurred_at, x.position) AS times, ${rich ? VALUES : 'NULL'} AS values
  FROM (${most === null ? all : newest}) AS x
) AS found
WHERE found.times IS NOT NULL`,
  }
  statements.set(name, statement)
  return statement
}
// One property is what most rules read of an event, and needs no subquery for each.
const VALUES = `json_agg(CASE
    WHEN json_array_length(wanted.properties) > 1 THEN coalesce((
      SELECT jsonb_object_agg(p.name, x.said -> p.name)
      FROM json_array_elements_text(wanted.properties) AS p(name) WHERE x.said ? p.name), '{}')
    WHEN x.said ? (wanted.properties ->> 0)
      THEN jsonb_build_object(wanted.properties ->> 0, x.said -> (wanted.properties ->> 0))
    ELSE '{}' END ORDER BY x.occurred_at, x.position)`

/**
 * When subjects did what, and with which properties: events the dispatcher has placed, within each name's window.
 * @param wanted.now milliseconds since 1970
 */
export async function eventHistory(
  q: Queryable,
  workspaceId: string,
  wanted: { kind: 'contact' | 'account'; events: EventWindow[]; now: number },
): Promise<EventHistory[]> {
  const histories: EventHistory[] = []
  for (const [since, windows] of Map.groupBy(wanted.events, (window) => window.since)) {
    const asked = Map.groupBy(windows, ({ properties, most }) =>
      historyStatement(`${wanted.kind}_id`, properties.length > 0, most),
    )
    for (const [statement, events] of asked)
      histories.push(
        ...(await q.rows<EventHistory>(statement, [workspaceId, JSON.stringify(events), wanted.now, since])),
      )
  }
  return histories
}

export interface ChangeHistory {
  subjectId: string
  property: string
  /** Ascending. */
  changes: PropertyChange[]
}

const CHANGES: Statement = {
  name: 'property-changes-read',
  text: `
SELECT c.subject_id AS "subjectId", c.property, json_agg(json_build_object(
    'at', ${msOf('c.at')}, 'from', c.before, 'to', c.value) ORDER BY c.seq) AS changes
FROM json_to_recordset($3::json) AS wanted(property text, since float8)
JOIN property_changes c ON c.workspace_id = $1 AND c.subject_id = ANY($2::uuid[]) AND c.property = wanted.property
  AND (wanted.since IS NULL OR c.at > to_timestamp(wanted.since / 1000.0))
GROUP BY 1, 2`,
}

/** How properties of subjects changed. @param wanted.since milliseconds since 1970; null: for ever */
export function changeHistory(
  q: Queryable,
  workspaceId: string,
  wanted: { ids: string[]; properties: Array<{ property: string; since: number | null }> },
): Promise<ChangeHistory[]> {
  if (wanted.ids.length === 0 || wanted.properties.length === 0) return Promise.resolve([])
  return q.rows<ChangeHistory>(CHANGES, [workspaceId, wanted.ids, JSON.stringify(wanted.properties)])
}

/** One change of one property, with who made it. */
export interface PropertyChangeRow {
  subject: 'contact' | 'account'
  subjectId: string
  property: string
  before: Json
  value: Json
  /** Milliseconds since 1970: when it was known here. */
  at: number
  /** When it was so, by the clock of whoever said it. */
  occurredAt: number
  source: Json
}

const INSERT_CHANGES: Statement = {
  name: 'property-changes-insert',
  text: `
INSERT INTO property_changes (workspace_id, subject_id, property, subject, before, value, at, occurred_at, source)
SELECT $1, x."subjectId", x.property, x.subject, nullif(x.before, 'null'), nullif(x.value, 'null'), to_timestamp(x.at / 1000.0),
  to_timestamp(x."occurredAt" / 1000.0), x.source
FROM json_to_recordset($2::json) AS x("subjectId" uuid, property text, subject text, before jsonb, value jsonb, at float8,
  "occurredAt" float8, source jsonb)`,
}

export async function writePropertyChanges(
  q: Queryable,
  workspaceId: string,
  rows: PropertyChangeRow[],
): Promise<void> {
  if (rows.length > 0) await q.rows(INSERT_CHANGES, [workspaceId, JSON.stringify(rows)])
}

export interface LaterTraits {
  subjectId: string
  property: string
  /** Milliseconds since 1970: the newest that was said of the property. */
  at: number
}

const LATER = (column: 'contact_id' | 'account_id', kind: 'identify' | 'group'): Statement => ({
  name: `later-traits-${kind}`,
  text: `
SELECT e.${column} AS "subjectId", t.property, max(${msOf('e.occurred_at')}) AS at
FROM json_to_recordset($2::json) AS x(id uuid, at float8)
JOIN events e ON e.workspace_id = $1 AND e.${column} = x.id AND e.name IS NULL AND e.kind = '${kind}' AND e.status = 'done'
  AND e.occurred_at > to_timestamp(x.at / 1000.0),
LATERAL jsonb_object_keys(CASE jsonb_typeof(e.body -> 'traits') WHEN 'object' THEN e.body -> 'traits' ELSE '{}' END) AS t(property)
GROUP BY 1, 2`,
})
const LATER_OF = { contact: LATER('contact_id', 'identify'), account: LATER('account_id', 'group') }

/**
 * Which properties were said by calls whose own time is later than a moment: a call that comes late does not undo what
 * was said after it.
 */
export function laterTraits(
  q: Queryable,
  workspaceId: string,
  wanted: { kind: 'contact' | 'account'; after: Array<{ id: string; at: number }> },
): Promise<LaterTraits[]> {
  if (wanted.after.length === 0) return Promise.resolve([])
  return q.rows<LaterTraits>(LATER_OF[wanted.kind], [workspaceId, JSON.stringify(wanted.after)])
}
