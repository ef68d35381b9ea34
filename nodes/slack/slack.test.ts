import Fastify, { type FastifyReply } from 'fastify'
import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest'
import { actionContext, clientEnvironment, faultOf, openedConnection } from '../../test/helpers/step-context.ts'
import { slackConnector } from './connector.ts'
import { postMessage } from './post-message.action.ts'

const TOKEN = 'xoxb-1234-secret'

/** Slack's Web API as far as these calls go: form bodies in, 200 with `ok` out. */
const slack = Fastify()
let posts: Array<{ authorization: string | undefined; form: { [name: string]: string } }>
let answer: (reply: FastifyReply) => unknown

slack.addContentTypeParser('application/x-www-form-urlencoded', { parseAs: 'string' }, (_request, body, done) => {
  done(null, Object.fromEntries(new URLSearchParams(String(body))))
})
slack.post('/api/chat.postMessage', (request, reply) => {
  posts.push({ authorization: request.headers.authorization, form: request.body as { [name: string]: string } })
  return answer(reply)
})
slack.post('/api/auth.test', (request, reply) =>
  reply.send(
    request.headers.authorization === `Bearer ${TOKEN}`
      ? { ok: true, url: 'https://acme.slack.com/', team: 'Acme', user: 'signalbox', team_id: 'T1', user_id: 'U1' }
      : { ok: false, error: 'invalid_auth' },
  ),
)

let baseUrl: string
beforeAll(async () => {
  baseUrl = `${await slack.listen({ port: 0, host: '127.0.0.1' })}/api`
})
afterAll(() => slack.close())
beforeEach(() => {
  posts = []
  answer = (reply) => reply.send({ ok: true, channel: 'C0123456789', ts: '1772443800.000100' })
})

const open = (environment = clientEnvironment(), token = TOKEN) =>
  slackConnector.client(openedConnection('slack', { credentials: { token }, settings: { baseUrl } }), environment)

const post = async (environment = clientEnvironment()) => {
  const input = postMessage.input.parse({ channel: '#success', text: 'Acme & Söhne <grew>' })
  return postMessage.run(actionContext({ input, client: await open(environment) }))
}

describe('slack.postMessage', () => {
  it('posts once, with the token in the header, and remembers channel and ts', async () => {
    const environment = clientEnvironment()
    const result = await post(environment)
    expect(result).toEqual({
      output: { channel: 'C0123456789', ts: '1772443800.000100' },
      externalId: 'C0123456789:1772443800.000100',
    })
    expect(posts).toEqual([
      { authorization: `Bearer ${TOKEN}`, form: { channel: '#success', text: 'Acme & Söhne <grew>' } },
    ])
    expect(environment.calls()).toBe(1)
  })

  it('replies in a thread', async () => {
    const input = postMessage.input.parse({ channel: 'C1', text: 'More', threadTs: '1.2' })
    await postMessage.run(actionContext({ input, client: await open() }))
    expect(posts[0]?.form.thread_ts).toBe('1.2')
  })

  it.each([
    ['invalid_auth', 'AUTH_EXPIRED'],
    ['token_revoked', 'AUTH_EXPIRED'],
    ['missing_scope', 'FORBIDDEN'],
    ['not_in_channel', 'FORBIDDEN'],
    ['channel_not_found', 'NOT_FOUND'],
    ['msg_too_long', 'INVALID_INPUT'],
    ['a_word_of_the_future', 'INVALID_INPUT'],
    ['service_unavailable', 'VENDOR_UNAVAILABLE'],
    ['fatal_error', 'OUTCOME_UNKNOWN'],
    ['internal_error', 'OUTCOME_UNKNOWN'],
    ['ratelimited', 'RATE_LIMITED'],
  ])('takes the error %s for %s', async (error, code) => {
    answer = (reply) => reply.send({ ok: false, error })
    expect(await faultOf(post())).toMatchObject({ code, vendor: { code: error } })
    expect(posts).toHaveLength(1)
  })

  it.each([
    [500, 'OUTCOME_UNKNOWN'],
    [503, 'VENDOR_UNAVAILABLE'],
    [404, 'CONFIGURATION'],
  ])('takes the status %i for %s', async (status, code) => {
    answer = (reply) => reply.code(status).send('<html>')
    expect(await faultOf(post())).toMatchObject({ code, vendor: { status } })
  })

  it('hands on how long Slack asks to wait, and does not wait itself', async () => {
    answer = (reply) => reply.code(429).header('retry-after', '30').send({ ok: false, error: 'ratelimited' })
    expect(await faultOf(post())).toMatchObject({ code: 'RATE_LIMITED', retryAfterMs: 30_000 })
    expect(posts).toHaveLength(1)
  })

  it('says that the outcome is unknown when the answer is lost, unreadable or late', async () => {
    answer = (reply) => reply.raw.destroy()
    expect((await faultOf(post())).code).toBe('OUTCOME_UNKNOWN')
    answer = (reply) => reply.type('text/html').send('<html>gateway</html>')
    expect((await faultOf(post())).code).toBe('OUTCOME_UNKNOWN')
    answer = () => new Promise(() => undefined)
    expect((await faultOf(post(clientEnvironment({ timeoutMs: 50 })))).code).toBe('OUTCOME_UNKNOWN')
  })

  it('says that Slack is unavailable when nobody listens', async () => {
    const gone = Fastify()
    const settings = { baseUrl: await gone.listen({ port: 0, host: '127.0.0.1' }) }
    await gone.close()
    const connection = openedConnection('slack', { credentials: { token: TOKEN }, settings })
    const client = await slackConnector.client(connection, clientEnvironment())
    expect((await faultOf(client.postMessage({ channel: 'C1', text: 'x' }))).code).toBe('VENDOR_UNAVAILABLE')
  })

  it('never puts the token in a fault', async () => {
    for (const error of ['invalid_auth', 'fatal_error', 'x'.repeat(200)]) {
      answer = (reply) => reply.send({ ok: false, error })
      expect(JSON.stringify(await faultOf(post()))).not.toContain('secret')
    }
  })
})

describe('the Slack connector', () => {
  it('says who the token speaks for', async () => {
    expect(await slackConnector.check(await open(), {})).toEqual({
      identity: 'signalbox in Acme',
      details: { team: 'Acme', user: 'signalbox', url: 'https://acme.slack.com/' },
    })
  })

  it('says that a wrong token is to be replaced', async () => {
    const fault = await faultOf(slackConnector.check(await open(clientEnvironment(), 'xoxb-other'), {}))
    expect(fault).toMatchObject({ code: 'AUTH_EXPIRED', who: 'user', fix: 'Reconnect Slack in Connections.' })
  })

  it('refuses a connection without token and names the field', async () => {
    const fault = await faultOf(slackConnector.client(openedConnection('slack', {}), clientEnvironment()))
    expect(fault.code).toBe('CONFIGURATION')
    expect(fault.message).toContain('token')
  })
})
