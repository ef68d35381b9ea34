import type { FastifyInstance, FastifyReply } from 'fastify'
import type { Sandbox } from '../../sandbox/app.ts'
import { consentPage, messagePage } from '../../sandbox/pages.ts'
import { exchangeCode, issueCode } from './grants.ts'
import { bodyOf, textOf } from './values.ts'
import { missingParameter, unauthorized } from './vendor-error.ts'

const BRAND = { vendor: 'Intercom', color: '#286efa', account: 'Sandbox workspace' }
const ASKED = [
  'Read and write users, leads and companies',
  'Read conversations and teammates',
  'Tag contacts and send events',
]

const page = (reply: FastifyReply, status: number, html: string) =>
  reply.code(status).type('text/html; charset=utf-8').send(html)

/** `app.intercom.com/oauth` and `api.intercom.io/auth/eagle/token`, both under the stand-in's prefix. */
export function oauthRoutes(scope: FastifyInstance, sandbox: Sandbox): void {
  scope.get<{ Querystring: { [name: string]: string } }>('/oauth', ({ query }, reply) => {
    const { client_id: clientId, redirect_uri: redirectUri, state = '' } = query
    const wrong = !clientId
      ? 'The address has no client_id.'
      : !redirectUri || !isWebAddress(redirectUri)
        ? 'The address has no redirect_uri that begins with http:// or https://.'
        : null
    if (wrong || !clientId || !redirectUri)
      return page(reply, 400, messagePage(BRAND, { title: 'This app cannot be connected', text: wrong ?? '' }))
    return page(
      reply,
      200,
      consentPage(BRAND, {
        action: `${sandbox.url()}/oauth/decision`,
        client: clientId,
        asked: ASKED,
        hidden: { client_id: clientId, redirect_uri: redirectUri, state },
      }),
    )
  })
  scope.post('/oauth/decision', ({ body }, reply) => {
    const given = bodyOf(body)
    const [clientId, redirectUri] = [textOf(given, 'client_id'), textOf(given, 'redirect_uri')]
    if (!clientId || !redirectUri || !isWebAddress(redirectUri))
      throw missingParameter('client_id and redirect_uri are required')
    const target = new URL(redirectUri)
    if (given.decision === 'allow') target.searchParams.set('code', issueCode(sandbox, clientId))
    else target.searchParams.set('error', 'access_denied')
    const state = textOf(given, 'state')
    if (state) target.searchParams.set('state', state)
    return reply.redirect(target.href, 302)
  })
  scope.post('/auth/eagle/token', ({ body }) => {
    const given = bodyOf(body)
    const [code, clientId, secret] = [textOf(given, 'code'), textOf(given, 'client_id'), textOf(given, 'client_secret')]
    if (!code || !clientId || !secret) throw unauthorized('Unauthorized Code')
    const { accessToken = null } = exchangeCode(sandbox, { code, clientId, secret })
    // The same value twice, no expiry and no refresh token: Intercom's own answer.
    return { token_type: 'Bearer', token: accessToken, access_token: accessToken }
  })
}

function isWebAddress(text: string): boolean {
  return URL.canParse(text) && /^https?:$/.test(new URL(text).protocol)
}
