import type pg from 'pg'
import type { Stored } from '../../engine/backtest/stored.ts'
import type { SubjectKind } from '../../engine/model/playbook.ts'
import type { Json } from '../../nodes/manifest.ts'
import { msOf } from '../db/sql.ts'
import { openTape, type Tape } from './tape.ts'
import type { WantedPast } from './wanted-past.ts'

/** A stored past, ready to be read once from its beginning. */
export interface Past {
  /** By the ids of contacts and accounts: what they are known by outside. */
  externalIds: ReadonlyMap<string, string | null>
  /**
   * Hands over what was stored, in order; what became known in one moment together. First how everybody began.
   * @param page called between pages, with the moment that was reached; what it throws ends the reading
   */
  read(take: (together: readonly Stored[]) => void, page: (at: number) => void): Promise<void>
}

/**
 * Reads what a plan wants of the past within the caller's transaction, which must see one moment throughout (repeatable
 * read). Page by page, so that memory does not grow with the events. Of people who were merged the one they became is
 * told of from the beginning. The clock is the moment at which something was worked off here: when runs could start by it.
 */
export async function openPast(client: pg.ClientBase, workspaceId: string, wanted: WantedPast): Promise<Past> {
  await client.query(`SET LOCAL work_mem = '64MB'; SET LOCAL jit = off; SET LOCAL cursor_tuple_fraction = 1`)
  await gatherSubjects(client, workspaceId, wanted)
  const externalIds = new Map<string, string | null>()
  const beginnings = [
    ...(await beginningsOf(client, workspaceId, { wanted, kind: 'contact', externalIds })),
    ...(await beginningsOf(client, workspaceId, { wanted, kind: 'account', externalIds })),
    ...(await membershipsAt(client, workspaceId, wanted)),
  ]
  return {
    externalIds,
    read: async (take, page) => {
      take(beginnings)
      beginnings.length = 0
      const ids = [workspaceId, JSON.stringify(wanted), wanted.from, wanted.until]
      await merge(
        [
          await openTape(client, { name: 'changes', query: CHANGES, values: ids, make: changeOf }),
          await openTape(client, { name: 'happened', query: EVENTS(wanted.own), values: ids, make: eventOf }),
          await openTape(client, { name: 'edges', query: EDGES, values: ids, make: edgeOf }),
        ],
        take,
        page,
      )
    },
  }
}

const AT = (value: string): string => `to_timestamp(${value} / 1000.0)`
const IN_PERIOD = (column: string): string => `${column} BETWEEN ${AT('$3::float8')} AND ${AT('$4::float8')}`
/** Of a contact who was merged, whom they became. */
const BECAME = `coalesce(c.merged_into, e.subject_id)`
const ONLY_ACCOUNT = (contact: string): string =>
  `(SELECT min(l.account_id::text)::uuid FROM account_contacts l WHERE l.workspace_id = $1 AND l.contact_id = ${contact} HAVING count(*) = 1)`
const EDGES_OF = `audience_edges e JOIN audiences a ON a.workspace_id = $1 AND a.id = e.audience_id
  LEFT JOIN contacts c ON a.subject = 'contact' AND c.workspace_id = $1 AND c.id = e.subject_id`

/** Whoever a run can start for in the period, and whom rules look at beside them: nobody else is read. */
async function gatherSubjects(client: pg.ClientBase, workspaceId: string, wanted: WantedPast): Promise<void> {
  const { own, from, until, starts } = wanted
  // What an earlier reading in this transaction left.
  await client.query('CLOSE ALL; DROP TABLE IF EXISTS pg_temp.past_subjects')
  await client.query('CREATE TEMP TABLE past_subjects (id uuid PRIMARY KEY, kind text NOT NULL) ON COMMIT DROP')
  const values = [workspaceId, from, until, starts.events, starts.audiences]
  const within = (column: string): string => `${column} BETWEEN ${AT('$2::float8')} AND ${AT('$3::float8')}`
  const ofEvents = (column: string): string => `
    SELECT ${column} FROM events_kept WHERE workspace_id = $1 AND status = 'done' AND kind = 'track' AND position IS NOT NULL
      AND name = ANY($4::text[]) AND ${within('processed_at')} AND ${column} IS NOT NULL`
  const ofEdges = (subject: string): string => `
    SELECT ${subject} FROM ${EDGES_OF} WHERE e.workspace_id = $1 AND a.kind || ':' || a.slug = ANY($5::text[])
      AND ${within('e.at')}`
  const owners =
    own === 'contact'
      ? `${ofEvents('contact_id')} UNION ${ofEdges(BECAME)} AND a.subject = 'contact'`
      : `${ofEvents('account_id')} UNION ${ofEdges(`CASE a.subject WHEN 'account' THEN e.subject_id ELSE ${ONLY_ACCOUNT(BECAME)} END`)}`
  await client.query(
    `INSERT INTO past_subjects SELECT id, '${own}' FROM (${owners}) AS found(id) WHERE id IS NOT NULL`,
    values,
  )
  if (own === 'contact')
    await client.query(
      `INSERT INTO past_subjects SELECT DISTINCT id, 'account' FROM (
        SELECT l.account_id FROM past_subjects s JOIN account_contacts l ON l.workspace_id = $1 AND l.contact_id = s.id
        UNION ${ofEvents('account_id')} AND ($5::text[] IS NOT NULL)) AS found(id)`,
      values,
    )
  await client.query('ANALYZE past_subjects')
}

interface BeginningRow {
  id: string
  external_id: string | null
  email: string | null
  name: string | null
  properties: { [name: string]: Json } | null
  /** What the first change that is read found there. */
  before: { [name: string]: Json } | null
}

/** How everybody began: what is so now, but where it changed meanwhile what was so before. */
async function beginningsOf(
  client: pg.ClientBase,
  workspaceId: string,
  of: { wanted: WantedPast; kind: SubjectKind; externalIds: Map<string, string | null> },
): Promise<Stored[]> {
  const { wanted, kind, externalIds } = of
  const properties = wanted.properties.filter(({ subject }) => subject === kind)
  const { rows } = await client.query<BeginningRow>(
    `WITH wanted AS MATERIALIZED (SELECT * FROM json_to_recordset($2::json) AS w(name text, since float8)),
    first AS MATERIALIZED (
      SELECT DISTINCT ON (p.subject_id, p.property) p.subject_id, p.property, p.before
      FROM property_changes p JOIN wanted w ON w.name = p.property
      WHERE p.workspace_id = $1 AND p.subject = '${kind}' AND (w.since IS NULL OR p.at >= ${AT('w.since')})
        AND p.subject_id IN (SELECT id FROM past_subjects WHERE kind = '${kind}')
      ORDER BY p.subject_id, p.property, p.seq),
    befores AS (SELECT subject_id, jsonb_object_agg(property, coalesce(before, 'null')) AS before FROM first GROUP BY 1)
    SELECT s.id, s.external_id, ${kind === 'contact' ? 's.email' : 'NULL AS email'}, s.name,
      (SELECT jsonb_object_agg(w.name, s.properties -> w.name) FROM wanted w WHERE s.properties ? w.name) AS properties, b.before
    FROM past_subjects o JOIN ${kind}s s ON s.workspace_id = $1 AND s.id = o.id LEFT JOIN befores b ON b.subject_id = s.id
    WHERE o.kind = '${kind}'`,
    [workspaceId, JSON.stringify(properties)],
  )
  return rows.flatMap((row) => {
    externalIds.set(row.id, row.external_id)
    return properties.flatMap(({ name }): Stored[] => {
      const value = valueIn(row, name)
      if (value === null) return []
      return [{ kind: 'change', subject: kind, subjectId: row.id, property: name, value, receivedAt: 0, initial: true }]
    })
  })
}

function valueIn({ before, properties, ...row }: BeginningRow, name: string): Json {
  if (before !== null && Object.hasOwn(before, name)) return before[name] ?? null
  if ((name === 'email' || name === 'name') && row[name] !== null) return row[name]
  return properties !== null && Object.hasOwn(properties, name) ? (properties[name] ?? null) : null
}

/** Who was in what when the period began. */
async function membershipsAt(client: pg.ClientBase, workspaceId: string, wanted: WantedPast): Promise<Stored[]> {
  if (wanted.audiences.length === 0) return []
  const { rows } = await client.query<EdgeRow>({
    rowMode: 'array',
    text: `
    SELECT subject, of, slug, id, edge, 0::float8, NULL FROM (
      SELECT DISTINCT ON (e.audience_id, ${BECAME}) a.subject, a.kind AS of, a.slug, ${BECAME} AS id, e.edge
      FROM ${EDGES_OF}
      WHERE e.workspace_id = $1 AND a.kind || ':' || a.slug = ANY($2::text[]) AND e.at < ${AT('$3::float8')}
        AND ${BECAME} IN (SELECT id FROM past_subjects)
      ORDER BY e.audience_id, ${BECAME}, e.at DESC, e.id DESC) AS last
    WHERE edge IN ('set', 'entered')`,
    values: [workspaceId, wanted.audiences, wanted.from],
  })
  return rows.map(edgeOf)
}

const WANTED = (fields: string, columns: string): string =>
  `json_to_recordset(($2::json) -> '${fields}') AS w(${columns})`

type ChangeRow = [subject: SubjectKind, id: string, property: string, value: Json, at: number]
const CHANGES = `
SELECT p.subject, p.subject_id, p.property, p.value, ${msOf('p.at')}
FROM ${WANTED('properties', 'subject text, name text, since float8')}
JOIN property_changes p ON p.workspace_id = $1 AND p.property = w.name AND p.subject = w.subject
JOIN past_subjects s ON s.id = p.subject_id
WHERE (w.since IS NULL OR p.at >= ${AT('w.since')}) AND p.at <= ${AT('$4::float8')} AND $3::float8 IS NOT NULL
ORDER BY p.at, p.seq`
const changeOf = ([subject, subjectId, property, value, receivedAt]: ChangeRow): Stored => ({
  kind: 'change',
  subject,
  subjectId,
  property,
  value,
  receivedAt,
})

type EventRow = [
  id: string,
  name: string,
  contactId: string | null,
  accountId: string | null,
  occurredAt: number,
  at: number,
  values: { [name: string]: Json } | null,
]
const EVENTS = (own: SubjectKind): string => {
  const of = `
  FROM ${WANTED('events', 'name text, values boolean, before boolean, since float8')}
  JOIN events_kept e ON e.workspace_id = $1 AND e.name = w.name AND e.status = 'done' AND e.kind = 'track' AND e.position IS NOT NULL
  JOIN past_subjects s ON s.id = e.${own}_id AND s.kind = '${own}'`
  const columns = `e.message_id, e.name, e.contact_id, e.account_id, ${msOf('e.occurred_at')} AS occurred, e.processed_at, e.position,
    CASE WHEN w.values AND jsonb_typeof(e.body -> 'properties') = 'object' THEN e.body -> 'properties' END AS said`
  return `
SELECT message_id, name, contact_id, account_id, occurred, ${msOf('processed_at')}, said FROM (
  SELECT ${columns} ${of} WHERE ${IN_PERIOD('e.processed_at')}
  UNION ALL
  SELECT ${columns} ${of} WHERE w.before AND e.processed_at < ${AT('$3::float8')} AND (w.since IS NULL OR e.occurred_at > ${AT('w.since')})
) AS found ORDER BY processed_at, position`
}
const NOTHING: { [name: string]: Json } = {}
const eventOf = ([id, name, contactId, accountId, occurredAt, receivedAt, values]: EventRow): Stored => ({
  kind: 'event',
  id,
  contactId,
  accountId,
  name,
  occurredAt,
  receivedAt,
  properties: values ?? NOTHING,
})

type EdgeRow = [
  subject: SubjectKind,
  of: 'segment' | 'signal',
  slug: string,
  id: string,
  edge: 'entered' | 'left' | 'set' | 'cleared',
  at: number,
  accountId: string | null,
]
const EDGES = `
SELECT a.subject, a.kind, a.slug, ${BECAME}, e.edge, ${msOf('e.at')}, o.account
FROM ${EDGES_OF}, LATERAL (SELECT CASE a.subject WHEN 'contact' THEN ${ONLY_ACCOUNT(BECAME)} END AS account) AS o
WHERE e.workspace_id = $1 AND a.kind || ':' || a.slug IN (SELECT json_array_elements_text(($2::json) -> 'audiences'))
  AND ${IN_PERIOD('e.at')} AND (${BECAME} IN (SELECT id FROM past_subjects) OR o.account IN (SELECT id FROM past_subjects))
ORDER BY e.at, e.id`
const edgeOf = ([subject, of, slug, id, edge, receivedAt, accountId]: EdgeRow): Stored => ({
  kind: 'edge',
  subject,
  contactId: subject === 'contact' ? id : null,
  accountId: subject === 'account' ? id : accountId,
  slug,
  receivedAt,
  ...(of === 'segment' ? { of, edge: edge as 'entered' | 'left' } : { of, edge: edge as 'set' | 'cleared' }),
})

/** Merges tapes by time; what is of one moment goes together, in the tapes' order. */
async function merge(
  tapes: ReadonlyArray<Tape<Stored>>,
  take: (together: readonly Stored[]) => void,
  page: (at: number) => void,
): Promise<void> {
  let together: Stored[] = []
  let now = Number.NEGATIVE_INFINITY
  for (;;) {
    for (const tape of tapes) if (tape.isRead()) await tape.turn()
    const [at, next] = earliest(tapes)
    if (next === null) break
    if (at > now) {
      if (together.length > 0) take(together)
      together = []
      now = at
    }
    // As far as this tape goes on being the earliest, without looking at the others again.
    for (let stored = next.peek(); stored !== null && stored.receivedAt <= at; stored = next.peek()) {
      together.push(stored)
      next.step()
    }
    if (next.isRead()) page(at)
  }
  if (together.length > 0) take(together)
}

function earliest(tapes: ReadonlyArray<Tape<Stored>>): [at: number, tape: Tape<Stored> | null] {
  let at = Number.POSITIVE_INFINITY
  let found: Tape<Stored> | null = null
  for (const tape of tapes) {
    const stored = tape.peek()
    if (stored === null || stored.receivedAt >= at) continue
    at = stored.receivedAt
    found = tape
  }
  return [at, found]
}
