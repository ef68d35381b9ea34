import { retryOf } from '../../engine/run/retry.ts'
import { sql } from 'kysely'
import { z } from 'zod'
import type { AnyConnectorDefinition } from '../../nodes/define.ts'
import { type Fault, FaultError } from '../../nodes/fault.ts'
import type { Json } from '../../nodes/manifest.ts'
import { writeAudit } from '../auth/audit.ts'
import type { Context, Scoped } from '../context.ts'
import { newId } from '../db/new-id.ts'
import { sqlState } from '../db/sql.ts'
import { notFound, problem } from '../problem.ts'
import { invalidInput } from '../trpc.ts'
import type { ConnectionView } from './connection-schemas.ts'
import { belongsTo } from './connection-store.ts'
import { environmentFor } from './client-environment.ts'
import { asSettings } from './settings.ts'

const DAY_MS = 24 * 3600 * 1000
/** Paused connections that a check does not open: a person reconnects them, or lets them go on. */
const BY_PEOPLE: ReadonlySet<string> = new Set(['AUTH_EXPIRED', 'CONNECTION_PAUSED'])

/** All connections; never their credentials. */
export async function listConnections({ db, workspaceId, now }: Scoped): Promise<ConnectionView[]> {
  const rows = await db
    .selectFrom('connections')
    .select([
      'id',
      'slug',
      'app',
      'name',
      'status',
      'fault',
      'paused_at',
      'identity',
      'sandbox',
      'settings',
      'budget_calls',
      'budget_per_ms',
      'release_per_second',
    ])
    .select((eb) => [
      eb
        .selectFrom('runs')
        .select(sql<number>`count(*)::int`.as('held'))
        .where('runs.workspace_id', '=', workspaceId)
        .where('runs.ended_at', 'is', null)
        .where(sql<boolean>`runs.held_by @> ARRAY[connections.slug]::text[]`)
        .as('held'),
      eb
        .selectFrom('effects')
        .select(sql<number>`count(*)::int`.as('effects'))
        .where('effects.workspace_id', '=', workspaceId)
        .whereRef('effects.connection_id', '=', 'connections.id')
        .where('effects.status', '=', 'landed')
        .where('effects.attempted_at', '>', new Date(now - DAY_MS))
        .as('effects'),
    ])
    .where('workspace_id', '=', workspaceId)
    .orderBy('name')
    .execute()
  return rows.map((row) => ({
    id: row.id,
    slug: row.slug,
    app: row.app,
    name: row.name,
    status: row.status,
    fault: row.fault as unknown as Fault | null,
    pausedAt: row.paused_at?.toISOString() ?? null,
    identity: row.identity,
    sandbox: row.sandbox,
    settings: asSettings(row.settings),
    budget:
      row.budget_calls === null || row.budget_per_ms === null
        ? null
        : { calls: row.budget_calls, perMs: row.budget_per_ms },
    heldRuns: row.held ?? 0,
    releasePerSecond: row.release_per_second,
    usage: { effectsLast24h: row.effects ?? 0 },
  }))
}

export interface NewConnection {
  app: string
  slug: string
  name: string
  credentials: { [name: string]: string }
  settings: { [name: string]: Json }
  sandbox: boolean
}

/**
 * A connection from a pasted token, tried before it is kept.
 * @throws ProblemError 400 for a wrong form, 409 when the slug is taken, 422 when the vendor refuses it
 */
export async function connectByToken(
  ctx: Context,
  given: Omit<NewConnection, 'credentials'> & {
    credentials: { [name: string]: Json }
    connectionId?: string | undefined
  },
): Promise<{ id: string; identity: string }> {
  const connector = connectorNamed(ctx, given.app)
  if (!connector.auth.includes('token'))
    throw problem(422, 'AUTH_KIND', `${connector.label} is not connected with a token. Use its sign-in.`)
  const credentials = parsePart(connector.credentials, given.credentials, 'credentials')
  // Where the sandbox is may change at each start, so its address is never kept.
  const settings = given.sandbox
    ? defaultSettings(connector)
    : parsePart(connector.settings, given.settings, 'settings')
  const id = given.connectionId ?? newId(ctx.now)
  await storeConnection(ctx, { ...given, id, credentials: stringsOf(credentials), settings })
  const checked = await checkConnection(ctx, id)
  if (checked.fault === null) return { id, identity: checked.identity ?? given.name }
  const refused = problem(422, 'CONNECTION_REFUSED', whyRefused(connector.label, checked.fault))
  if (given.connectionId !== undefined) throw refused
  // Nothing was kept by anyone yet, so it goes as if it had never been.
  await ctx.db.deleteFrom('connections').where('workspace_id', '=', ctx.workspaceId).where('id', '=', id).execute()
  ctx.connections.forget()
  throw refused
}

/** A fault's own words speak of a connection that once worked; these are of one that is being made. */
const whyRefused = (label: string, fault: Fault): string =>
  fault.code === 'AUTH_EXPIRED'
    ? `${label} refused this token. Copy it again, whole and of the right workspace or org, and connect once more.`
    : `${fault.message} ${fault.fix}`

/** Keeps a new connection, or new credentials for one; either way it is open afterwards. @throws ProblemError 409 SLUG_TAKEN */
export async function storeConnection(ctx: Context, given: NewConnection & { id: string }): Promise<void> {
  const connector = connectorNamed(ctx, given.app)
  const at = new Date(ctx.now)
  const secrets = {
    sealed: ctx.vault.seal(belongsTo(ctx.workspaceId, given.id), given.credentials),
    access_fingerprint: ctx.vault.fingerprint(given.credentials['accessToken'] ?? ''),
  }
  try {
    await ctx.db.transaction().execute(async (trx) => {
      await trx
        .insertInto('connections')
        .values({
          workspace_id: ctx.workspaceId,
          id: given.id,
          slug: given.slug,
          app: given.app,
          name: given.name,
          settings: JSON.stringify(given.settings),
          sandbox: given.sandbox,
          budget_calls: connector.budget?.calls ?? null,
          budget_per_ms: connector.budget?.perMs ?? null,
          ...secrets,
          created_at: at,
          updated_at: at,
        })
        .onConflict((conflict) =>
          conflict
            .columns(['workspace_id', 'id'])
            .doUpdateSet({ ...secrets, status: 'open', fault: null, paused_at: null, updated_at: at })
            // Only ever the same vendor's: an id of another connection changes nothing.
            .where('connections.app', '=', given.app),
        )
        .execute()
      await writeAudit(trx, ctx, { action: 'connection.connect', target: given.slug, detail: { app: given.app } })
    })
  } catch (error) {
    if (sqlState(error) === '23505')
      throw problem(
        409,
        'SLUG_TAKEN',
        `There is a connection "${given.slug}" already. Give another name, or reconnect that one.`,
      )
    throw error
  }
  ctx.connections.forget()
}

/** Tells held runs at once. Where that fails the connection is open all the same, and the worker's sweep tells them. */
export async function resumeHeldRuns(ctx: Context, id: string): Promise<void> {
  try {
    await ctx.temporal.resumeConnection(ctx.workspaceId, id)
  } catch (error) {
    ctx.log.warn(
      { err: error, connectionId: id },
      'Held runs could not be told of a reconnect; the worker will tell them.',
    )
  }
}

/**
 * One cheap call that proves the grant, and keeps the settings that only the vendor can tell. A dead grant pauses the connection; a good one names who we are there, and
 * opens a connection again that was paused for another reason (a used-up quota), with its held runs.
 */
export async function checkConnection(
  ctx: Context,
  id: string,
): Promise<{ identity: string | null; fault: Fault | null }> {
  const row = await ctx.db
    .selectFrom('connections')
    .select(['slug', 'app', 'settings'])
    .where('workspace_id', '=', ctx.workspaceId)
    .where('id', '=', id)
    .executeTakeFirst()
  if (row === undefined) throw notFound('connection', id)
  try {
    let opened = await ctx.connections.open(ctx.workspaceId, row.slug)
    const wasPaused = opened.state === 'paused'
    if (opened.state === 'paused') {
      if (BY_PEOPLE.has(opened.fault.code)) return { identity: null, fault: opened.fault }
      await openAgain(ctx, id)
      opened = await ctx.connections.open(ctx.workspaceId, row.slug)
    }
    if (opened.state !== 'open') throw notFound('connection', id)
    const connector = connectorNamed(ctx, row.app)
    const client = await connector.client(opened.connection, environmentFor(ctx, opened.connection))
    const kept = asSettings(row.settings)
    const { identity, settings = {} } = await connector.check(client, kept)
    await ctx.db
      .updateTable('connections')
      .set({ identity, settings: JSON.stringify({ ...kept, ...settings }), updated_at: new Date(ctx.now) })
      .where('workspace_id', '=', ctx.workspaceId)
      .where('id', '=', id)
      .execute()
    ctx.connections.forget()
    if (wasPaused) await resumeHeldRuns(ctx, id)
    return { identity, fault: null }
  } catch (error) {
    if (!(error instanceof FaultError)) throw error
    if (retryOf(error.fault.code) === 'pause-connection') await ctx.connections.pause(ctx.workspaceId, id, error.fault)
    return { identity: null, fault: error.fault }
  }
}

async function openAgain(ctx: Context, id: string): Promise<void> {
  await ctx.db
    .updateTable('connections')
    .set({ status: 'open', fault: null, paused_at: null, updated_at: new Date(ctx.now) })
    .where('workspace_id', '=', ctx.workspaceId)
    .where('id', '=', id)
    .execute()
  ctx.connections.forget()
}

/** @throws ProblemError 404 */
export async function setBudget(
  ctx: Context,
  given: { id: string; budget: { calls: number; perMs: number } | null },
): Promise<{ id: string }> {
  const row = await ctx.db
    .updateTable('connections')
    .set({
      budget_calls: given.budget?.calls ?? null,
      budget_per_ms: given.budget?.perMs ?? null,
      updated_at: new Date(ctx.now),
    })
    .where('workspace_id', '=', ctx.workspaceId)
    .where('id', '=', given.id)
    .returning('slug')
    .executeTakeFirst()
  if (row === undefined) throw notFound('connection', given.id)
  await writeAudit(ctx.db, ctx, { action: 'connection.budget', target: row.slug, detail: given.budget })
  ctx.connections.forget()
  return { id: given.id }
}

/** Forgets a connection with its credentials. @throws ProblemError 409 while a playbook that is on uses it */
export async function removeConnection(ctx: Context, id: string): Promise<{ id: string }> {
  const row = await ctx.db
    .selectFrom('connections')
    .select('slug')
    .where('workspace_id', '=', ctx.workspaceId)
    .where('id', '=', id)
    .executeTakeFirst()
  if (row === undefined) throw notFound('connection', id)
  const users = await liveUsers(ctx, row.slug)
  if (users.length > 0)
    throw problem(
      409,
      'CONNECTION_IN_USE',
      `${users.join(', ')} ${users.length === 1 ? 'uses' : 'use'} this connection. Archive or change ${users.length === 1 ? 'it' : 'them'} first.`,
    )
  await ctx.db.transaction().execute(async (trx) => {
    await trx.deleteFrom('connections').where('workspace_id', '=', ctx.workspaceId).where('id', '=', id).execute()
    await trx
      .deleteFrom('budgets')
      .where('workspace_id', '=', ctx.workspaceId)
      .where('connection_id', '=', id)
      .execute()
    await writeAudit(trx, ctx, { action: 'connection.remove', target: row.slug })
  })
  ctx.connections.forget()
  return { id }
}

async function liveUsers({ db, workspaceId }: Scoped, slug: string): Promise<string[]> {
  const rows = await db
    .selectFrom('playbooks')
    .innerJoin('playbook_versions as live', (join) =>
      join
        .onRef('live.workspace_id', '=', 'playbooks.workspace_id')
        .onRef('live.playbook_id', '=', 'playbooks.id')
        .onRef('live.version', '=', 'playbooks.live_version'),
    )
    .select('playbooks.name')
    .where('playbooks.workspace_id', '=', workspaceId)
    .where('playbooks.status', 'in', ['on', 'paused'])
    .where(sql<boolean>`live.document::jsonb @> ${JSON.stringify({ steps: [{ connection: slug }] })}::jsonb`)
    .execute()
  return rows.map(({ name }) => name)
}

/** @throws ProblemError 404 */
export function connectorNamed(ctx: Pick<Context, 'catalog'>, app: string): AnyConnectorDefinition {
  const connector = ctx.catalog.connectors.find((candidate) => candidate.app === app)
  if (connector === undefined) throw notFound('app', app)
  return connector
}

/** What the connector's settings are where nobody was asked for them. */
export function defaultSettings(connector: AnyConnectorDefinition): { [name: string]: Json } {
  const result = connector.settings.safeParse({})
  return result.success ? (result.data as { [name: string]: Json }) : {}
}

function parsePart(schema: z.ZodObject, value: unknown, name: string): { [name: string]: Json } {
  const result = schema.strict().safeParse(value)
  if (!result.success) throw invalidInput(result.error, [name])
  return result.data as { [name: string]: Json }
}

/** Credentials are kept as text: numbers (a port) are written out. */
const stringsOf = (values: { [name: string]: Json }): { [name: string]: string } =>
  Object.fromEntries(
    Object.entries(values).flatMap(([name, value]) =>
      value === null || value === undefined ? [] : [[name, typeof value === 'string' ? value : JSON.stringify(value)]],
    ),
  )
