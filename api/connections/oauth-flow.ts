import { createHash, randomBytes } from 'node:crypto'
import { writeAudit } from '../auth/audit.ts'
import type { Context } from '../context.ts'
import { newId } from '../db/new-id.ts'
import { notFound, problem } from '../problem.ts'
import { checkConnection, connectorNamed, defaultSettings, resumeHeldRuns, storeConnection } from './connections.ts'
import { authorizeUrl, exchangeCallback } from './oauth-grant.ts'
import { type OauthApp, readOauthApp } from './oauth-apps.ts'

/** A person has this long to agree on the vendor's page. */
const STATE_MS = 15 * 60_000

const hashState = (state: string): Buffer => createHash('sha256').update(state).digest()
const belongsTo = (state: string): string => `oauth-state:${hashState(state).toString('hex')}`
const redirectUri = (origin: string, app: string): string => `${origin}/oauth/callback/${app}`

/** What is remembered from the start to the callback; sealed, because the verifier is a secret. */
interface Pending {
  verifier: string
  sessionId: string
  origin: string
  slug: string
  name: string
  sandbox: string
}

/**
 * Begins a sign-in at the vendor. The state works once, in this person's session, for 15 minutes. A real vendor sends
 * people back to the public address only, where the cookie of another address is not sent: begun elsewhere, the browser
 * is first sent to the connections page at the public address, to go on from there.
 * @returns where to send the browser
 * @throws ProblemError 422 OAUTH_APP_MISSING before a client was entered
 */
export async function startAuthorization(
  ctx: Context,
  given: { app: string; slug: string; name: string; connectionId: string | null; sandbox: boolean },
): Promise<{ url: string }> {
  if (ctx.actor.kind !== 'user')
    throw problem(
      403,
      'PERSON_NEEDED',
      'A person has to agree on the vendor’s page. Sign in and connect there, or use a token.',
    )
  const connector = connectorNamed(ctx, given.app)
  if (connector.oauth === null)
    throw problem(422, 'AUTH_KIND', `${connector.label} has no sign-in of this kind. Enter its credentials instead.`)
  const target = given.connectionId === null ? given : await existing(ctx, given.connectionId)
  const oauthApp = await requireOauthApp(ctx, { app: given.app, sandbox: target.sandbox })
  const origin = target.sandbox ? ctx.origin : new URL(ctx.publicUrl).origin
  if (ctx.origin !== origin)
    return { url: beginAt(origin, { app: given.app, connectionId: given.connectionId, ...nameOf(target) }) }
  const state = randomBytes(32).toString('base64url')
  const verifier = randomBytes(32).toString('base64url')
  const pending: Pending = {
    verifier,
    sessionId: ctx.actor.sessionId,
    origin,
    slug: target.slug,
    name: target.name,
    sandbox: String(target.sandbox),
  }
  await ctx.db
    .deleteFrom('oauth_states')
    .where('workspace_id', '=', ctx.workspaceId)
    .where('expires_at', '<', new Date(ctx.now))
    .execute()
  await ctx.db
    .insertInto('oauth_states')
    .values({
      state_hash: hashState(state),
      workspace_id: ctx.workspaceId,
      user_id: ctx.actor.id,
      app: given.app,
      connection_id: given.connectionId,
      sealed: ctx.vault.seal(belongsTo(state), { ...pending }),
      expires_at: new Date(ctx.now + STATE_MS),
    })
    .execute()
  const url = await authorizeUrl(
    { connector, oauthApp },
    { redirectUri: redirectUri(origin, given.app), state, verifier },
  )
  return { url }
}

const nameOf = ({ slug, name }: { slug: string; name: string }) => ({ slug, name })

/** The connections page, which asks the person to go on; it begins nothing by itself, so a link to it does no harm. */
function beginAt(
  origin: string,
  wish: { app: string; slug: string; name: string; connectionId: string | null },
): string {
  const page = new URL('/connections', origin)
  page.searchParams.set('begin', wish.app)
  page.searchParams.set('slug', wish.slug)
  page.searchParams.set('name', wish.name)
  if (wish.connectionId !== null) page.searchParams.set('connection', wish.connectionId)
  return page.href
}

/**
 * Ends a sign-in: checks the state, fetches the tokens and keeps them. A reconnected connection's held runs go on.
 * @throws ProblemError 400 OAUTH_STATE, 422 OAUTH_REFUSED
 */
export async function finishAuthorization(
  ctx: Context,
  given: { app: string; parameters: URLSearchParams },
): Promise<{ slug: string; id: string }> {
  const state = given.parameters.get('state') ?? ''
  const pending = await takeState(ctx, given.app, state)
  const connector = connectorNamed(ctx, given.app)
  const sandbox = pending.sandbox === 'true'
  const oauthApp = await requireOauthApp(ctx, { app: given.app, sandbox })
  const granted = await exchangeCallback(
    { connector, oauthApp },
    {
      parameters: given.parameters,
      redirectUri: redirectUri(pending.origin, given.app),
      state,
      verifier: pending.verifier,
    },
  )
  if ('fault' in granted) throw problem(422, 'OAUTH_REFUSED', `${granted.fault.message} ${granted.fault.fix}`)
  const id = pending.connectionId ?? newId(ctx.now)
  await storeConnection(ctx, {
    id,
    app: given.app,
    slug: pending.slug,
    name: pending.name,
    credentials: granted.credentials,
    settings: defaultSettings(connector),
    sandbox,
  })
  await reopened(ctx, id)
  return { slug: pending.slug, id }
}

/** After new credentials: says who we are there, and lets held runs go on. */
export async function reopened(ctx: Context, id: string): Promise<void> {
  await checkConnection(ctx, id)
  await writeAudit(ctx.db, ctx, { action: 'connection.reopen', target: id })
  await resumeHeldRuns(ctx, id)
}

async function takeState(ctx: Context, app: string, state: string): Promise<Pending & { connectionId: string | null }> {
  const row = await ctx.db
    .deleteFrom('oauth_states')
    .where('state_hash', '=', hashState(state))
    .where('workspace_id', '=', ctx.workspaceId)
    .returning(['app', 'user_id', 'connection_id', 'sealed', 'expires_at'])
    .executeTakeFirst()
  const { actor } = ctx
  if (row !== undefined && row.app === app && row.expires_at.getTime() > ctx.now && actor.kind === 'user') {
    const pending = ctx.vault.open(belongsTo(state), row.sealed) as unknown as Pending
    if (row.user_id === actor.id && pending.sessionId === actor.sessionId)
      return { ...pending, connectionId: row.connection_id }
  }
  throw problem(
    400,
    'OAUTH_STATE',
    'This answer belongs to no sign-in that was begun here, or came too late, or twice. Go to Connections and connect again.',
  )
}

async function requireOauthApp(ctx: Context, wanted: { app: string; sandbox: boolean }): Promise<OauthApp> {
  const found = await readOauthApp(ctx.db, ctx, { workspaceId: ctx.workspaceId, ...wanted })
  if (found !== null) return found
  throw problem(
    422,
    'OAUTH_APP_MISSING',
    `Signalbox has no client id for ${wanted.app} yet. Enter the client id and secret under Going live, or use a token.`,
  )
}

async function existing(ctx: Context, id: string): Promise<{ slug: string; name: string; sandbox: boolean }> {
  const row = await ctx.db
    .selectFrom('connections')
    .select(['slug', 'name', 'sandbox'])
    .where('workspace_id', '=', ctx.workspaceId)
    .where('id', '=', id)
    .executeTakeFirst()
  if (row === undefined) throw notFound('connection', id)
  return row
}
