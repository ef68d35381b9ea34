import type { FastifyInstance, FastifyReply } from 'fastify'
import { z } from 'zod'
import type { Sandbox } from '../../sandbox/app.ts'
import { consentPage, refusalPage } from './consent-page.ts'
import { ADMIN_ID, type Approval, issueCode, ORGANIZATION_ID, redeemCode, refreshGrant, revoke } from './grants.ts'

const asked = z.object({
  response_type: z.string(),
  client_id: z.string().min(1),
  redirect_uri: z.string(),
  scope: z.string().default('api'),
  state: z.string().optional(),
  code_challenge: z.string().optional(),
  code_challenge_method: z.string().optional(),
})
type Asked = z.output<typeof asked>

const form = z.record(z.string(), z.string())

/** The authorization server of the stand-in: consent page, token, revoke, and who the user is. */
export function oauthRoutes(
  scope: FastifyInstance,
  sandbox: Sandbox,
  bearer: (header: unknown) => string | null,
): void {
  scope.get('/services/oauth2/authorize', ({ query }, reply) => {
    const request = readAuthorize(query)
    if ('error' in request) return html(reply, 400, refusalPage(request.error, request.error_description))
    const { client_id, scope: scopes, ...rest } = request
    const hidden = Object.fromEntries(
      Object.entries({ client_id, scope: scopes, ...rest }).filter(
        (entry): entry is [string, string] => typeof entry[1] === 'string',
      ),
    )
    const page = consentPage({
      action: `${sandbox.url()}/services/oauth2/authorize`,
      client: client_id,
      scopes: scopes.split(/\s+/),
      hidden,
    })
    return html(reply, 200, page)
  })

  scope.post('/services/oauth2/authorize', ({ body }, reply) => {
    const request = readAuthorize(body)
    if ('error' in request) return html(reply, 400, refusalPage(request.error, request.error_description))
    const decision = form.safeParse(body)
    const back = new URL(request.redirect_uri)
    if (decision.success && decision.data['decision'] === 'allow') {
      const approval: Approval = {
        clientId: request.client_id,
        redirectUri: request.redirect_uri,
        scope: request.scope,
        challenge: request.code_challenge ?? null,
      }
      back.searchParams.set('code', issueCode(sandbox, approval))
    } else {
      back.searchParams.set('error', 'access_denied')
      back.searchParams.set('error_description', 'end-user denied authorization')
    }
    if (request.state !== undefined) back.searchParams.set('state', request.state)
    return reply.redirect(back.href, 302)
  })

  scope.post('/services/oauth2/token', ({ body, headers }, reply) => {
    reply.header('cache-control', 'no-cache, no-store').header('pragma', 'no-cache')
    const parsed = form.safeParse(body)
    if (!parsed.success)
      return reply.code(400).send({ error: 'invalid_request', error_description: 'a form is needed' })
    const answer = grantFor(sandbox, { ...clientOf(headers.authorization), ...parsed.data })
    return reply.code('error' in answer ? 400 : 200).send(answer)
  })

  scope.post('/services/oauth2/revoke', ({ body, query }, reply) => {
    const parsed = form.safeParse(body ?? query)
    const token = parsed.success ? (parsed.data['token'] ?? '') : ''
    if (revoke(sandbox, token)) return reply.code(200).send('')
    return reply.code(400).send({ error: 'unsupported_token_type', error_description: 'this token is not supported' })
  })

  // These two answer in plain text when the token is not good, and with 403: unlike the data API.
  scope.get('/services/oauth2/userinfo', ({ headers }, reply) => {
    if (bearer(headers.authorization) === null)
      return reply.code(403).type('text/html').send(badToken(headers.authorization))
    return identityOf(sandbox)
  })
  scope.get<{ Querystring: { oauth_token?: string } }>('/id/:org/:user', ({ headers, query }, reply) => {
    const header = query.oauth_token === undefined ? headers.authorization : `Bearer ${query.oauth_token}`
    if (bearer(header) === null) return reply.code(403).type('text/html').send(badToken(header))
    return identityOf(sandbox)
  })
}

const badToken = (header: unknown): string => (header === undefined ? 'Missing_OAuth_Token' : 'Bad_OAuth_Token')

function html(reply: FastifyReply, status: number, page: string): FastifyReply {
  return reply.code(status).type('text/html; charset=utf-8').header('x-frame-options', 'DENY').send(page)
}

function readAuthorize(given: unknown): Asked | { error: string; error_description: string } {
  const parsed = asked.safeParse(given)
  if (!parsed.success)
    return {
      error: 'invalid_request',
      error_description: `missing or bad ${parsed.error.issues[0]?.path.join('.') ?? 'parameter'}`,
    }
  const request = parsed.data
  if (request.response_type !== 'code')
    return { error: 'unsupported_response_type', error_description: 'response type must be code' }
  if (!URL.canParse(request.redirect_uri) || !/^https?:$/.test(new URL(request.redirect_uri).protocol))
    return { error: 'redirect_uri_mismatch', error_description: 'redirect_uri must match configuration' }
  if (request.code_challenge !== undefined && request.code_challenge_method !== 'S256')
    return { error: 'invalid_request', error_description: 'code challenge method must be S256' }
  return request
}

/** A client may name itself in a Basic header instead of the form. */
function clientOf(header: string | undefined): { [name: string]: string } {
  const pair = /^Basic ([A-Za-z0-9+/=]+)$/i.exec(header ?? '')?.[1]
  if (pair === undefined) return {}
  const [id = ''] = Buffer.from(pair, 'base64').toString().split(':')
  return { client_id: decodeURIComponent(id) }
}

function grantFor(sandbox: Sandbox, fields: { [name: string]: string }) {
  if (fields['grant_type'] === 'authorization_code') return redeemCode(sandbox, fields)
  if (fields['grant_type'] !== 'refresh_token')
    return { error: 'unsupported_grant_type', error_description: 'grant type not supported' }
  return refreshGrant(sandbox, fields)
}

function identityOf(sandbox: Sandbox) {
  const user = sandbox.store.get('User', ADMIN_ID) ?? {}
  const id = `${sandbox.url()}/id/${ORGANIZATION_ID}/${ADMIN_ID}`
  return {
    id,
    sub: id,
    asserted_user: true,
    user_id: ADMIN_ID,
    organization_id: ORGANIZATION_ID,
    preferred_username: user['Username'] ?? null,
    username: user['Username'] ?? null,
    display_name: user['Name'] ?? null,
    name: user['Name'] ?? null,
    email: user['Email'] ?? null,
    email_verified: true,
    active: true,
    user_type: 'STANDARD',
    language: 'en_US',
    locale: 'en_US',
    urls: {
      rest: `${sandbox.url()}/services/data/v{version}/`,
      sobjects: `${sandbox.url()}/services/data/v{version}/sobjects/`,
      query: `${sandbox.url()}/services/data/v{version}/query/`,
    },
  }
}
