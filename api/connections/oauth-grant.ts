import * as oauth from 'oauth4webapi'
import type { AnyConnectorDefinition } from '../../nodes/define.ts'
import type { Fault } from '../../nodes/fault.ts'
import type { OauthApp } from './oauth-apps.ts'

const TIMEOUT_MS = 15_000

interface Side {
  connector: AnyConnectorDefinition
  oauthApp: OauthApp
}

export type Granted = { credentials: { [name: string]: string } }

/** Where the person is sent to agree. */
export async function authorizeUrl(
  { connector, oauthApp }: Side,
  given: { redirectUri: string; state: string; verifier: string },
): Promise<string> {
  const description = describe(connector)
  const url = new URL(address('authorize', { connector, oauthApp }))
  url.searchParams.set('response_type', 'code')
  url.searchParams.set('client_id', oauthApp.clientId)
  url.searchParams.set('redirect_uri', given.redirectUri)
  url.searchParams.set('state', given.state)
  if (description.scopes.length > 0) url.searchParams.set('scope', description.scopes.join(' '))
  if (description.pkce) {
    url.searchParams.set('code_challenge', await oauth.calculatePKCECodeChallenge(given.verifier))
    url.searchParams.set('code_challenge_method', 'S256')
  }
  return url.href
}

/** Turns the callback's parameters into credentials; the state is checked here and must have been ours. */
export async function exchangeCallback(
  side: Side,
  given: { parameters: URLSearchParams; redirectUri: string; state: string; verifier: string },
): Promise<Granted | { fault: Fault }> {
  const { server, client, authentication, options } = parts(side)
  try {
    const parameters = oauth.validateAuthResponse(server, client, given.parameters, given.state)
    const verifier = describe(side.connector).pkce ? given.verifier : oauth.nopkce
    const response = await oauth.authorizationCodeGrantRequest(
      server,
      client,
      authentication,
      parameters,
      given.redirectUri,
      verifier,
      options,
    )
    const answer = await oauth.processAuthorizationCodeResponse(server, client, await plainAnswer(response))
    return { credentials: credentialsOf(answer, {}) }
  } catch (error) {
    return { fault: faultOf(side.connector.label, error) }
  }
}

/** Renews a grant; a vendor that rotates gives a new refresh token, one that does not leaves the old one good. */
export async function refreshGrant(
  side: Side & { credentials: { [name: string]: string } },
): Promise<Granted | { fault: Fault }> {
  const { server, client, authentication, options } = parts(side)
  try {
    const response = await oauth.refreshTokenGrantRequest(
      server,
      client,
      authentication,
      side.credentials['refreshToken'] ?? '',
      options,
    )
    const answer = await oauth.processRefreshTokenResponse(server, client, await plainAnswer(response))
    return { credentials: credentialsOf(answer, side.credentials) }
  } catch (error) {
    return { fault: faultOf(side.connector.label, error) }
  }
}

function parts(side: Side) {
  const tokenUrl = address('token', side)
  const server: oauth.AuthorizationServer = { issuer: new URL(tokenUrl).origin, token_endpoint: tokenUrl }
  const client: oauth.Client = { client_id: side.oauthApp.clientId }
  const authentication = oauth.ClientSecretPost(side.oauthApp.clientSecret)
  const options = {
    signal: () => AbortSignal.timeout(TIMEOUT_MS),
    // Plain http is for the sandbox on this machine only.
    [oauth.allowInsecureRequests]: isLoopback(tokenUrl),
  }
  return { server, client, authentication, options }
}

function describe(connector: AnyConnectorDefinition) {
  if (connector.oauth === null) throw new Error(`${connector.app} has no OAuth.`)
  return connector.oauth
}

/** Where a vendor's page or endpoint is, for this client. */
export function address(which: 'authorize' | 'token', { connector, oauthApp }: Side): string {
  const { authorizeUrl: authorize, tokenUrl: token, vendorBases } = describe(connector)
  // Salesforce has both on one host, so another address stands for both. Intercom's regions have a sign-in page each and
  // one host for tokens.
  const together = oauthApp.standIn || vendorBases?.authorize === vendorBases?.token
  const own = which === 'authorize' || together ? oauthApp.base : null
  const base = own ?? vendorBases?.[which] ?? ''
  return { authorize, token }[which].replace('{base}', base.replace(/\/+$/, ''))
}

function isLoopback(url: string): boolean {
  const { hostname } = new URL(url)
  return hostname === '127.0.0.1' || hostname === 'localhost'
}

/** Intercom's answer may carry the token as `token` alone; Salesforce's `id` and `signature` stay as they are. */
async function plainAnswer(response: Response): Promise<Response> {
  if (!response.ok) return response
  const body: unknown = await response.clone().json()
  if (body === null || typeof body !== 'object') return response
  const given = body as { access_token?: unknown; token?: unknown; token_type?: unknown }
  const accessToken = typeof given.access_token === 'string' ? given.access_token : given.token
  return Response.json({ token_type: 'Bearer', ...body, access_token: accessToken }, { status: response.status })
}

function credentialsOf(answer: oauth.TokenEndpointResponse, before: { [name: string]: string }) {
  const credentials: { [name: string]: string } = { ...before, accessToken: answer.access_token }
  if (answer.refresh_token !== undefined) credentials['refreshToken'] = answer.refresh_token
  const instanceUrl = answer['instance_url']
  if (typeof instanceUrl === 'string') credentials['instanceUrl'] = instanceUrl
  return credentials
}

/** Classified for the engine. The vendor's error code is kept, its description never holds our secrets. */
function faultOf(label: string, error: unknown): Fault {
  if (error instanceof oauth.ResponseBodyError) {
    const dead = error.error === 'invalid_grant' || error.status === 401
    if (dead || error.status < 500)
      return {
        code: dead ? 'AUTH_EXPIRED' : 'CONFIGURATION',
        who: 'user',
        message: `${label} refused the authorization: ${error.error}${error.error_description === undefined ? '' : ` (${error.error_description})`}.`,
        fix: dead
          ? `Reconnect ${label} in Connections; held runs then go on.`
          : `Check client id, secret and redirect address of ${label} under Going live, then connect again.`,
        vendor: { status: error.status, code: error.error },
      }
  }
  if (error instanceof oauth.AuthorizationResponseError)
    return {
      code: 'FORBIDDEN',
      who: 'user',
      message: `${label} did not grant access: ${error.error}.`,
      fix: 'Connect again and allow access.',
    }
  const status =
    error instanceof oauth.OperationProcessingError && error.cause instanceof Response ? error.cause.status : undefined
  if (status === 401)
    return {
      code: 'AUTH_EXPIRED',
      who: 'user',
      message: `${label} refused the authorization.`,
      fix: `Check client id and secret of ${label} under Going live, then connect again.`,
      vendor: { status },
    }
  return {
    code: 'VENDOR_UNAVAILABLE',
    who: 'vendor',
    message: `${label} did not answer a request for a token as expected${status === undefined ? '' : ` (status ${status})`}.`,
    fix: 'Wait a little; it is tried again.',
    ...(status === undefined ? {} : { vendor: { status } }),
  }
}
