import { createHash, randomBytes } from 'node:crypto'
import type { Sandbox } from '../../sandbox/app.ts'
import type { RecordBody } from '../../sandbox/store.ts'
import { makeId } from './ids.ts'
import { ORGANIZATION_NUMBER } from './org.ts'
import { textOf } from './text-of.ts'

/** Record types of what was granted; a reset leaves them alone. */
export const GRANT = '_grant'
const ACCESS = '_access'
const CODE = '_code'
export const GRANT_TYPES = [GRANT, ACCESS, CODE]

const CODE_MS = 15 * 60_000
/** A user can approve an app so many times before the oldest approval dies. */
const APPROVALS = 5

export const ORGANIZATION_ID = makeId('00D', ORGANIZATION_NUMBER)
export const ADMIN_ID = makeId('005', 1)

/** Who asked, for what, and how the code must be redeemed. */
export interface Approval {
  clientId: string
  redirectUri: string
  scope: string
  /** S256 challenge, null where the client uses no PKCE. */
  challenge: string | null
}

export type OAuthRefusal = { error: string; error_description: string }

const secret = (): string => randomBytes(32).toString('base64url')
const accessToken = (): string => `${ORGANIZATION_ID.slice(0, 15)}!${secret()}`

/** The person allowed it: a code for the redirect, good once and for 15 minutes. */
export function issueCode(sandbox: Sandbox, approval: Approval): string {
  const code = `aPrx${secret()}`
  sandbox.store.put(CODE, { id: code, body: { ...approval, until: sandbox.now() + CODE_MS } })
  return code
}

/** @returns tokens, or the refusal of the token endpoint */
export function redeemCode(sandbox: Sandbox, form: { [name: string]: string | undefined }): RecordBody | OAuthRefusal {
  const code = form['code'] ?? ''
  const approval = sandbox.store.get(CODE, code)
  // A code is good once, whatever comes of it.
  sandbox.store.remove(CODE, code)
  if (!approval) return { error: 'invalid_grant', error_description: 'invalid authorization code' }
  if (Number(approval['until']) < sandbox.now())
    return { error: 'invalid_grant', error_description: 'expired authorization code' }
  if (approval['clientId'] !== form['client_id'])
    return { error: 'invalid_client_id', error_description: 'client identifier invalid' }
  if (approval['redirectUri'] !== form['redirect_uri'])
    return { error: 'redirect_uri_mismatch', error_description: 'redirect_uri must match configuration' }
  const challenge = approval['challenge']
  if (typeof challenge === 'string' && challenge !== s256(form['code_verifier'] ?? ''))
    return { error: 'invalid_grant', error_description: 'invalid code verifier' }
  return approve(sandbox, { clientId: textOf(approval['clientId']), scope: textOf(approval['scope']) })
}

/** The old refresh token dies with its use (rotation), as orgs that care set it. */
export function refreshGrant(
  sandbox: Sandbox,
  form: { [name: string]: string | undefined },
): RecordBody | OAuthRefusal {
  const token = form['refresh_token'] ?? ''
  const found = sandbox.store.find(GRANT, 'refreshToken', token).find(({ body }) => body['refreshToken'] === token)
  if (!found) return { error: 'invalid_grant', error_description: 'expired access/refresh token' }
  const client = found.body['clientId']
  if (client !== null && client !== form['client_id'])
    return { error: 'invalid_client_id', error_description: 'client identifier invalid' }
  return sandbox.store.transaction(() => {
    const refreshToken = `5Aep${secret()}`
    putGrant(sandbox, found.id, { ...found.body, refreshToken })
    return tokenAnswer(sandbox, { grantId: found.id, scope: textOf(found.body['scope']), refreshToken })
  })
}

/**
 * A grant made without the consent page, for the demo and for tests.
 * @param wish.accessToken a token of the caller's choice, which may be one that had expired
 */
export function issueTokens(sandbox: Sandbox, wish: { accessToken?: string; clientId?: string }): RecordBody {
  return approve(sandbox, {
    clientId: wish.clientId ?? null,
    scope: 'api refresh_token id',
    accessToken: wish.accessToken,
  })
}

/** Whether a bearer token is good. */
export function isLive(sandbox: Sandbox, token: string): boolean {
  return sandbox.store.get(ACCESS, token) !== undefined
}

/** Ends a grant by either of its tokens. @returns whether there was one */
export function revoke(sandbox: Sandbox, token: string): boolean {
  const byAccess = sandbox.store.get(ACCESS, token)?.['grantId']
  const byRefresh = sandbox.store.find(GRANT, 'refreshToken', token).find(({ body }) => body['refreshToken'] === token)
  const grantId = typeof byAccess === 'string' ? byAccess : byRefresh?.id
  if (grantId === undefined) return false
  endGrant(sandbox, grantId)
  return true
}

/** Ends sessions, or whole grants. @returns how many */
export function expireAll(sandbox: Sandbox, what: 'access' | 'refresh'): number {
  const type = what === 'access' ? ACCESS : GRANT
  const all = sandbox.store.list(type)
  for (const { id } of all) {
    if (what === 'access') sandbox.store.remove(ACCESS, id)
    else endGrant(sandbox, id)
  }
  return all.length
}

function approve(
  sandbox: Sandbox,
  more: { clientId: string | null; scope: string; accessToken?: string | undefined },
): RecordBody {
  return sandbox.store.transaction(() => {
    const { clientId, scope } = more
    const approvals = sandbox.store.list(GRANT).filter(({ body }) => clientId !== null && body['clientId'] === clientId)
    for (const { id } of approvals.slice(0, Math.max(0, approvals.length - APPROVALS + 1))) endGrant(sandbox, id)
    const grantId = String(sandbox.store.next(GRANT))
    const refreshToken = `5Aep${secret()}`
    putGrant(sandbox, grantId, { clientId, scope, refreshToken })
    return tokenAnswer(sandbox, { grantId, scope, refreshToken, accessToken: more.accessToken })
  })
}

function putGrant(sandbox: Sandbox, id: string, body: RecordBody): void {
  sandbox.store.put(GRANT, { id, body }, { refreshToken: textOf(body['refreshToken']) })
}

function endGrant(sandbox: Sandbox, grantId: string): void {
  sandbox.store.transaction(() => {
    sandbox.store.remove(GRANT, grantId)
    for (const { id } of sandbox.store.find(ACCESS, 'grantId', grantId)) sandbox.store.remove(ACCESS, id)
  })
}

/** No `expires_in`: Salesforce's sessions end when the org's policy says so, and a client learns of it from a 401. */
function tokenAnswer(
  sandbox: Sandbox,
  grant: { grantId: string; scope: string; refreshToken: string; accessToken?: string | undefined },
): RecordBody {
  const token = grant.accessToken ?? accessToken()
  sandbox.store.put(ACCESS, { id: token, body: { grantId: grant.grantId } }, { grantId: grant.grantId })
  const issuedAt = String(sandbox.now())
  const id = `${sandbox.url()}/id/${ORGANIZATION_ID}/${ADMIN_ID}`
  return {
    access_token: token,
    refresh_token: grant.refreshToken,
    signature: createHash('sha256').update(`${id}${issuedAt}`).digest('base64'),
    scope: grant.scope,
    instance_url: sandbox.url(),
    id,
    token_type: 'Bearer',
    issued_at: issuedAt,
  }
}

const s256 = (verifier: string): string => createHash('sha256').update(verifier).digest('base64url')
