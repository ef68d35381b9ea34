import { sql } from 'kysely'
import type { ScoreDefinition } from '../../engine/model/score.ts'
import type { Json } from '../../nodes/manifest.ts'
import type { Scoped } from '../context.ts'

export interface CatalogContext {
  connections: Array<{ slug: string; app: string; name: string; status: 'open' | 'paused' }>
  signals: Array<{ slug: string; name: string; subject: 'contact' | 'account' }>
  segments: Array<{ slug: string; name: string; subject: 'contact' | 'account' }>
  /** With the names of their bands and stages. */
  scores: Array<{ slug: string; name: string; subject: 'contact' | 'account'; bands: string[]; stages: string[] }>
  /** IANA name, for calendar windows. */
  timeZone: string
  /** How far back conditions can look at events. */
  keepEventsDays: number
  eventNames: string[]
  /** Properties that the newest events had, the usual ones of each name, with a value. */
  eventProperties: Array<{ event: string; path: string; type: PropertyType; sample: Json }>
  /** `contact.mrr` with the type most values have and one of them. */
  properties: Array<{ path: string; type: PropertyType; sample: Json }>
}

export type PropertyType = 'string' | 'number' | 'boolean' | 'array' | 'object'

/** How many of the newest rows are looked at for names: pickers need the common ones, not all. */
const LOOKED_AT = 2_000
/** Properties of one event name that are suggested. */
const MOST_EVENT_PROPERTIES = 40

/** What a document may name in this workspace: for compile, and for the pickers. */
export async function readCatalogContext(scoped: Scoped): Promise<CatalogContext> {
  const { db, workspaceId } = scoped
  const [connections, audiences, workspace, eventNames, eventProperties, contacts, accounts] = await Promise.all([
    db
      .selectFrom('connections')
      .select(['slug', 'app', 'name', 'status'])
      .where('workspace_id', '=', workspaceId)
      .orderBy('name')
      .execute(),
    db
      .selectFrom('audiences')
      .select(['kind', 'slug', 'name', 'subject'])
      // Of scores alone: rules of segments and signals are not needed, and there may be thousands.
      .select((eb) => eb.case().when('kind', '=', 'score').then(eb.ref('rule')).end().as('definition'))
      .where('workspace_id', '=', workspaceId)
      .orderBy('name')
      .execute(),
    readWorkspace(scoped),
    readEventNames(scoped),
    readEventProperties(scoped),
    readProperties(scoped, 'contacts'),
    readProperties(scoped, 'accounts'),
  ])
  const ofKind = (wanted: 'signal' | 'segment') =>
    audiences.filter(({ kind }) => kind === wanted).map(({ slug, name, subject }) => ({ slug, name, subject }))
  return {
    connections,
    signals: ofKind('signal'),
    segments: ofKind('segment'),
    scores: audiences.flatMap(({ slug, name, subject, definition }) =>
      definition === null ? [] : [{ slug, name, subject, ...namesOf(definition as unknown as ScoreDefinition) }],
    ),
    ...workspace,
    eventNames,
    eventProperties,
    properties: [...contacts, ...accounts],
  }
}

const namesOf = ({ bands, stages }: ScoreDefinition) => ({
  bands: bands.map(({ name }) => name),
  stages: stages.map(({ name }) => name),
})

function readWorkspace({ db, workspaceId }: Scoped): Promise<Pick<CatalogContext, 'timeZone' | 'keepEventsDays'>> {
  return db
    .selectFrom('workspaces')
    .select(['time_zone as timeZone', 'keep_events_days as keepEventsDays'])
    .where('id', '=', workspaceId)
    .executeTakeFirstOrThrow()
}

/** Of structured values the parts as well, one level deep: `order.total`. */
async function readEventProperties({ db, workspaceId }: Scoped): Promise<CatalogContext['eventProperties']> {
  const { rows } = await sql<CatalogContext['eventProperties'][number]>`
    WITH newest AS (
      SELECT name, body->'properties' AS properties FROM (
        SELECT kind, name, body FROM events WHERE workspace_id = ${workspaceId} ORDER BY seq DESC LIMIT ${LOOKED_AT}) AS looked
      WHERE kind = 'track' AND name IS NOT NULL AND jsonb_typeof(body->'properties') = 'object'),
    outer_parts AS (
      SELECT newest.name, each.key AS path, each.value FROM newest, jsonb_each(newest.properties) AS each
      WHERE position('.' in each.key) = 0 AND each.key <> ''),
    parts AS (
      SELECT * FROM outer_parts
      UNION ALL
      SELECT o.name, o.path || '.' || each.key, each.value
      FROM outer_parts o, jsonb_each(CASE WHEN jsonb_typeof(o.value) = 'object' THEN o.value ELSE '{}' END) AS each
      WHERE position('.' in each.key) = 0 AND each.key <> ''),
    typed AS (
      SELECT name, path, jsonb_typeof(value) AS type, min(value::text)::jsonb AS sample, count(*) AS times
      FROM parts WHERE jsonb_typeof(value) <> 'null' GROUP BY 1, 2, 3),
    usual AS (SELECT DISTINCT ON (name, path) * FROM typed ORDER BY name, path, times DESC),
    ranked AS (SELECT *, row_number() OVER (PARTITION BY name ORDER BY times DESC, path) AS place FROM usual)
    SELECT name AS event, path, type, sample FROM ranked WHERE place <= ${MOST_EVENT_PROPERTIES} ORDER BY name, path`.execute(
    db,
  )
  return rows
}

async function readEventNames({ db, workspaceId }: Scoped): Promise<string[]> {
  const { rows } = await sql<{ name: string }>`
    SELECT DISTINCT name FROM (
      SELECT kind, name FROM events WHERE workspace_id = ${workspaceId} ORDER BY seq DESC LIMIT ${LOOKED_AT}) AS newest
    WHERE kind = 'track' AND name IS NOT NULL
    ORDER BY name`.execute(db)
  return rows.map(({ name }) => name)
}

async function readProperties({ db, workspaceId }: Scoped, table: 'contacts' | 'accounts') {
  const { rows } = await sql<{ name: string; type: PropertyType; sample: Json }>`
    SELECT DISTINCT ON (name) name, type, sample FROM (
      SELECT each.key AS name, jsonb_typeof(each.value) AS type, min(each.value::text)::jsonb AS sample, count(*) AS times
      FROM (SELECT properties FROM ${sql.table(table)} WHERE workspace_id = ${workspaceId}
            ORDER BY updated_at DESC LIMIT ${LOOKED_AT}) AS newest, jsonb_each(newest.properties) AS each
      WHERE jsonb_typeof(each.value) <> 'null'
      GROUP BY each.key, jsonb_typeof(each.value)) AS typed
    ORDER BY name, times DESC`.execute(db)
  const kind = table === 'contacts' ? 'contact' : 'account'
  const known = new Set(rows.map(({ name }) => name))
  const always =
    table === 'contacts' ? await sampleContact({ db, workspaceId }) : await sampleAccount({ db, workspaceId })
  return [
    ...Object.entries(always)
      .filter(([name]) => !known.has(name))
      .map(([name, sample]) => ({ path: `${kind}.${name}`, type: 'string' as const, sample })),
    ...rows.map(({ name, type, sample }) => ({ path: `${kind}.${name}`, type, sample })),
  ]
}

// What is there for every subject, whether or not a property of the name was ever sent, as the newest one has it.
async function sampleContact({ db, workspaceId }: Pick<Scoped, 'db' | 'workspaceId'>) {
  const newest = await db
    .selectFrom('contacts')
    .select(['id', 'external_id', 'name', 'email'])
    .where('workspace_id', '=', workspaceId)
    .where('merged_into', 'is', null)
    .orderBy('updated_at', 'desc')
    .limit(1)
    .executeTakeFirst()
  const { id = null, external_id: externalId = null, name = null, email = null } = newest ?? {}
  return { id, externalId, name, email }
}

async function sampleAccount({ db, workspaceId }: Pick<Scoped, 'db' | 'workspaceId'>) {
  const newest = await db
    .selectFrom('accounts')
    .select(['id', 'external_id', 'name'])
    .where('workspace_id', '=', workspaceId)
    .orderBy('updated_at', 'desc')
    .limit(1)
    .executeTakeFirst()
  const { id = null, external_id: externalId = null, name = null } = newest ?? {}
  return { id, externalId, name }
}
