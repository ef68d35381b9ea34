import { randomBytes } from 'node:crypto'
import type { Sandbox } from '../../sandbox/app.ts'
import type { RecordBody } from '../../sandbox/store.ts'
import { unauthorized } from './vendor-error.ts'

/** Record types of grants; a reset keeps them, so that connections go on working. */
export const GRANT_TYPES = ['_tokens', '_codes', '_clients']

const CODE_LIVES_MS = 10 * 60_000

/** Intercom's tokens never expire; they end when the app is uninstalled or the token revoked. */
export function issueToken({ store, now }: Sandbox): RecordBody {
  // The shape of Intercom's own tokens: base64 with a trailing "=".
  const accessToken = `dG9rO${randomBytes(36).toString('base64url')}=`
  store.put('_tokens', { id: accessToken, body: { createdAt: now() } })
  return { accessToken }
}

/** @throws VendorError 401 */
export function requireToken({ store }: Sandbox, authorization: string | undefined): void {
  const token = /^Bearer (\S+)$/i.exec(authorization ?? '')?.[1]
  if (token === undefined || !store.get('_tokens', token)) throw unauthorized('Access Token Invalid')
}

export function expireTokens({ store }: Sandbox): number {
  const tokens = store.list('_tokens')
  store.transaction(() => {
    for (const { id } of tokens) store.remove('_tokens', id)
  })
  return tokens.length
}

export function issueCode({ store, now }: Sandbox, clientId: string): string {
  const code = `${randomBytes(24).toString('base64url')}=`
  store.put('_codes', { id: code, body: { clientId, expiresAt: now() + CODE_LIVES_MS } })
  return code
}

/**
 * Exchanges a code, once. The stand-in has no Developer Hub: the first exchange of a client id registers its secret.
 * @throws VendorError 401
 */
export function exchangeCode(sandbox: Sandbox, given: { code: string; clientId: string; secret: string }): RecordBody {
  const { store, now } = sandbox
  return store.transaction(() => {
    const code = store.get('_codes', given.code)
    store.remove('_codes', given.code)
    if (!code || code.clientId !== given.clientId || Number(code.expiresAt) < now())
      throw unauthorized('Unauthorized Code')
    const client = store.get('_clients', given.clientId)
    if (client && client.secret !== given.secret) throw unauthorized('Unauthorized Client')
    if (!client) store.put('_clients', { id: given.clientId, body: { secret: given.secret } })
    return issueToken(sandbox)
  })
}
