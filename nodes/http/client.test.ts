import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http'
import type { AddressInfo } from 'node:net'
import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest'
import { actionContext, clientEnvironment, faultOf, openedConnection } from '../../test/helpers/step-context.ts'
import { type HttpAccess, makeHttpClient, MAX_BODY_BYTES } from './client.ts'
import { httpConnector } from './connector.ts'
import { repeatableRequest } from './repeatable-request.action.ts'
import { request } from './request.action.ts'

interface Seen {
  method: string
  url: string
  headers: IncomingMessage['headers']
  body: string
}

const SECRET = 'Bearer tok-7f3a9'
let server: Server
let other: Server
let origin: string
let otherOrigin: string
let seen: Seen[]
let answer: (request: Seen, response: ServerResponse) => void

beforeAll(async () => {
  const serve = async () => {
    const started = createServer((incoming, response) => {
      const chunks: Buffer[] = []
      incoming.on('data', (chunk: Buffer) => chunks.push(chunk))
      incoming.on('end', () => {
        const { method = '', url = '', headers } = incoming
        const one = { method, url, headers, body: Buffer.concat(chunks).toString() }
        seen.push(one)
        answer(one, response)
      })
    })
    await new Promise<void>((resolve) => started.listen(0, '127.0.0.1', resolve))
    const { port } = started.address() as AddressInfo
    return { started, at: `http://127.0.0.1:${port}` }
  }
  const [one, two] = await Promise.all([serve(), serve()])
  server = one.started
  origin = one.at
  other = two.started
  otherOrigin = two.at
})

afterAll(async () => {
  for (const one of [server, other]) {
    one.closeAllConnections()
    await new Promise((resolve) => one.close(resolve))
  }
})

beforeEach(() => {
  seen = []
  answer = (_request, response) => json(response, 200, { ok: true })
})

const json = (
  response: ServerResponse,
  status: number | [status: number, header: string, value: string],
  body: unknown,
) => {
  if (typeof status !== 'number') response.setHeader(status[1], status[2])
  const code = typeof status === 'number' ? status : status[0]
  response.writeHead(code, { 'content-type': 'application/json' }).end(JSON.stringify(body))
}

const open = (more: Partial<HttpAccess> = {}, environment = clientEnvironment()) =>
  makeHttpClient({ baseUrl: null, secret: null, allowPrivate: true, ...more }, environment)
const withSecret = () => ({ baseUrl: `${origin}/v1`, secret: { header: 'Authorization', value: SECRET } })

describe('the HTTP client', () => {
  it('sends JSON and hands back the parsed answer without its cookies', async () => {
    answer = (_request, response) => {
      response.setHeader('set-cookie', 'session=1')
      json(response, [201, 'x-trace', 'abc'], { id: 7 })
    }
    const environment = clientEnvironment()
    const result = await open({}, environment).send({
      method: 'POST',
      url: `${origin}/orders?expand=lines`,
      headers: { 'X-Source': 'signalbox' },
      body: { sku: 'ä-1', count: 2 },
    })
    expect(result).toMatchObject({ status: 201, body: { id: 7 }, bodyOmitted: false })
    expect(result.headers['x-trace']).toBe('abc')
    expect(result.headers).not.toHaveProperty('set-cookie')
    expect(seen).toMatchObject([{ method: 'POST', url: '/orders?expand=lines', body: '{"sku":"ä-1","count":2}' }])
    expect(seen[0]?.headers).toMatchObject({ 'content-type': 'application/json', 'x-source': 'signalbox' })
    expect(environment.calls()).toBe(1)
  })

  it('sends a text as it is and takes a text answer', async () => {
    answer = (_request, response) => response.writeHead(200, { 'content-type': 'text/plain' }).end('fine')
    const result = await open().send({ method: 'PUT', url: `${origin}/note`, headers: {}, body: 'hello' })
    expect(result.body).toBe('fine')
    expect(seen[0]).toMatchObject({ body: 'hello', headers: { 'content-type': 'text/plain; charset=utf-8' } })
  })

  it('sends the secret below the base URL and keeps the base’s own path', async () => {
    await open(withSecret()).send({ method: 'GET', url: '/orders', headers: {} })
    expect(seen).toMatchObject([{ url: '/v1/orders', headers: { authorization: SECRET } }])
  })

  it('refuses to carry the secret to another origin', async () => {
    const client = open(withSecret())
    const fault = await faultOf(client.send({ method: 'GET', url: `${otherOrigin}/steal`, headers: {} }))
    expect(fault.code).toBe('REFUSED_BY_POLICY')
    answer = (_request, response) => response.writeHead(302, { location: `${otherOrigin}/steal` }).end()
    expect((await faultOf(client.send({ method: 'GET', url: '/go', headers: {} }))).code).toBe('REFUSED_BY_POLICY')
    expect(seen.map((one) => one.url)).toEqual(['/v1/go'])
  })

  it.each([
    ['https://user:pw@example.com/', 'Keep secrets in the connection instead.'],
    ['ftp://example.com/', 'Write it in full: https://api.example.com/orders.'],
    ['/orders', 'Write it in full: https://api.example.com/orders.'],
    ['javascript:alert(1)', 'Write it in full: https://api.example.com/orders.'],
  ])('refuses the URL %s and says what to do', async (url, fix) => {
    expect(await faultOf(open().send({ method: 'GET', url, headers: {} }))).toMatchObject({
      code: 'INVALID_INPUT',
      fix,
    })
  })

  it.each<{ [name: string]: string }>([
    { Host: 'inside' },
    { 'Transfer-Encoding': 'chunked' },
    { 'Content-Length': '3' },
    { 'X-A': 'one\r\nX-B: two' },
    { 'X A': 'space' },
    { 'X\r\nEvil': 'x' },
  ])('refuses the header %j', async (headers) => {
    const fault = await faultOf(open().send({ method: 'GET', url: origin, headers }))
    expect(fault.code).toBe('INVALID_INPUT')
    expect(seen).toEqual([])
  })

  it('refuses a step that sets the secret’s own header', async () => {
    const call = open(withSecret()).send({ method: 'GET', url: '/x', headers: { authorization: 'Bearer mine' } })
    expect((await faultOf(call)).code).toBe('INVALID_INPUT')
  })

  it('refuses a body that is too large, and a body on GET', async () => {
    const body = 'x'.repeat(MAX_BODY_BYTES + 1)
    expect((await faultOf(open().send({ method: 'PUT', url: origin, headers: {}, body }))).code).toBe('INVALID_INPUT')
    expect((await faultOf(open().send({ method: 'GET', url: origin, headers: {}, body: 'x' }))).code).toBe(
      'INVALID_INPUT',
    )
    expect(seen).toEqual([])
    await open().send({ method: 'PUT', url: origin, headers: {}, body: 'x'.repeat(MAX_BODY_BYTES) })
    expect(seen).toHaveLength(1)
  })

  it('refuses a read that answers too much, but keeps the outcome of a write that does', async () => {
    answer = (_request, response) => response.writeHead(200).end('x'.repeat(MAX_BODY_BYTES + 1))
    expect((await faultOf(open().send({ method: 'GET', url: origin, headers: {} }))).code).toBe('INVALID_INPUT')
    const landed = await open().send({ method: 'POST', url: origin, headers: {} })
    expect(landed).toMatchObject({ status: 200, body: null, bodyOmitted: true })
  })
})

describe('the guard against inside addresses', () => {
  it.each([
    'http://127.0.0.1/',
    'http://[::1]/',
    'http://0x7f000001/',
    'http://2130706433/',
    'http://127.1/',
    'http://localhost/',
    'http://[::ffff:127.0.0.1]/',
    'http://10.1.2.3/',
  ])('refuses %s unless the connection allows private addresses', async (url) => {
    const fault = await faultOf(open({ allowPrivate: false }).send({ method: 'GET', url, headers: {} }))
    expect(fault).toMatchObject({ code: 'REFUSED_BY_POLICY', who: 'user' })
  })

  it('refuses the metadata address even where private addresses are allowed', async () => {
    const fault = await faultOf(open().send({ method: 'GET', url: 'http://169.254.169.254/latest', headers: {} }))
    expect(fault).toMatchObject({ code: 'REFUSED_BY_POLICY', fix: 'Call a public address.' })
  })

  it('refuses a name when any of its addresses leads inside', async () => {
    const resolve = () =>
      Promise.resolve([
        { address: '93.184.216.34', family: 4 },
        { address: '127.0.0.1', family: 4 },
      ])
    const fault = await faultOf(
      open({ allowPrivate: false, resolve }).send({ method: 'GET', url: 'http://two-faced.test/', headers: {} }),
    )
    expect(fault.code).toBe('REFUSED_BY_POLICY')
  })

  it('uses the very address it checked, asking once, so that a second answer cannot lead elsewhere', async () => {
    let asked = 0
    const resolve = () => {
      asked += 1
      return Promise.resolve([{ address: asked === 1 ? '127.0.0.1' : '169.254.169.254', family: 4 }])
    }
    const { port } = new URL(origin)
    await open({ resolve }).send({ method: 'GET', url: `http://rebinding.test:${port}/`, headers: {} })
    expect(asked).toBe(1)
    expect(seen[0]?.headers.host).toBe(`rebinding.test:${port}`)
  })

  it('checks where a redirect leads', async () => {
    answer = (_request, response) => response.writeHead(302, { location: 'http://169.254.169.254/latest' }).end()
    const fault = await faultOf(open().send({ method: 'GET', url: origin, headers: {} }))
    expect(fault.code).toBe('REFUSED_BY_POLICY')
  })
})

describe('redirects', () => {
  it('follows a read, draws on the budget for each hop and drops the step’s headers at another origin', async () => {
    answer = (one, response) =>
      one.url === '/start' ? response.writeHead(302, { location: `${otherOrigin}/end` }).end() : json(response, 200, 1)
    const environment = clientEnvironment()
    const call = { method: 'GET', url: `${origin}/start`, headers: { 'x-api-key': 'k' } } as const
    expect((await open({}, environment).send(call)).body).toBe(1)
    expect(seen.map((one) => one.headers['x-api-key'])).toEqual(['k', undefined])
    expect(environment.calls()).toBe(2)
  })

  it('repeats a write only where the answer says so (307, 308)', async () => {
    answer = (one, response) =>
      one.url === '/start' ? response.writeHead(307, { location: '/end' }).end() : json(response, 200, 1)
    await open().send({ method: 'POST', url: `${origin}/start`, headers: {}, body: { a: 1 } })
    expect(seen.map((one) => `${one.method} ${one.url} ${one.body}`)).toEqual([
      'POST /start {"a":1}',
      'POST /end {"a":1}',
    ])
    answer = (_request, response) => response.writeHead(302, { location: '/end' }).end()
    const fault = await faultOf(open().send({ method: 'POST', url: `${origin}/start`, headers: {} }))
    expect(fault).toMatchObject({ code: 'INVALID_INPUT', fix: 'Use that address in the step.' })
  })

  it('takes a 303 for what it says: the write landed', async () => {
    answer = (_request, response) => response.writeHead(303, { location: '/orders/1' }).end()
    const landed = await open().send({ method: 'POST', url: origin, headers: {} })
    expect(landed).toMatchObject({ status: 303, headers: { location: '/orders/1' } })
  })

  it('ends a loop', async () => {
    answer = (_request, response) => response.writeHead(302, { location: '/again' }).end()
    expect((await faultOf(open().send({ method: 'GET', url: origin, headers: {} }))).code).toBe('INVALID_INPUT')
    expect(seen).toHaveLength(6)
  })
})

describe('faults of the HTTP client', () => {
  it.each([
    ['POST', 400, 'INVALID_INPUT'],
    ['POST', 401, 'FORBIDDEN'],
    ['POST', 403, 'FORBIDDEN'],
    ['GET', 404, 'NOT_FOUND'],
    ['POST', 409, 'DUPLICATE'],
    ['POST', 422, 'INVALID_INPUT'],
    ['POST', 500, 'OUTCOME_UNKNOWN'],
    ['GET', 500, 'VENDOR_UNAVAILABLE'],
    ['POST', 502, 'OUTCOME_UNKNOWN'],
    ['POST', 503, 'VENDOR_UNAVAILABLE'],
    ['POST', 504, 'OUTCOME_UNKNOWN'],
  ] as const)('takes %s answered %i for %s', async (method, status, code) => {
    answer = (_request, response) => json(response, status, { error: 'said why' })
    const fault = await faultOf(open().send({ method, url: `${origin}/x?api_key=hidden`, headers: {} }))
    expect(fault).toMatchObject({ code, vendor: { status } })
    expect(fault.message).toContain('said why')
    expect(fault.message).not.toContain('hidden')
  })

  it('hands on how long a 429 asks to wait, in seconds or as a date', async () => {
    answer = (_request, response) => json(response, [429, 'retry-after', '7'], {})
    const call = () => open().send({ method: 'POST', url: origin, headers: {} })
    expect(await faultOf(call())).toMatchObject({ code: 'RATE_LIMITED', retryAfterMs: 7000 })
    answer = (_request, response) => json(response, [429, 'retry-after', 'Thu, 01 Jan 1970 00:00:00 GMT'], {})
    expect(await faultOf(call())).toMatchObject({ code: 'RATE_LIMITED', retryAfterMs: 0 })
  })

  it('says that the grant is gone when a connection with a secret gets a 401, and never repeats the secret', async () => {
    answer = (_request, response) => json(response, 401, { error: `token ${SECRET.slice(7)} is not known: ${SECRET}` })
    const fault = await faultOf(open(withSecret()).send({ method: 'GET', url: '/x', headers: {} }))
    expect(fault.code).toBe('AUTH_EXPIRED')
    expect(JSON.stringify(fault)).not.toContain('tok-7f3a9')
  })

  it('knows a write whose answer was lost from one that never left', async () => {
    answer = (_request, response) => response.destroy()
    const call = (method: 'GET' | 'POST', url: string) => faultOf(open().send({ method, url, headers: {} }))
    expect((await call('POST', origin)).code).toBe('OUTCOME_UNKNOWN')
    expect((await call('GET', origin)).code).toBe('VENDOR_UNAVAILABLE')
    const free = createServer()
    await new Promise<void>((resolve) => free.listen(0, '127.0.0.1', resolve))
    const { port } = free.address() as AddressInfo
    await new Promise((resolve) => free.close(resolve))
    expect((await call('POST', `http://127.0.0.1:${port}/`)).code).toBe('VENDOR_UNAVAILABLE')
  })

  it('gives up a silent server in time', async () => {
    answer = () => undefined
    const client = open({}, clientEnvironment({ timeoutMs: 50 }))
    expect((await faultOf(client.send({ method: 'POST', url: origin, headers: {} }))).code).toBe('OUTCOME_UNKNOWN')
  })
})

describe('the HTTP steps', () => {
  it('http.request posts through a connection made from settings', async () => {
    const connection = openedConnection('http', { settings: { allowPrivate: true } })
    const client = await httpConnector.client(connection, clientEnvironment())
    const input = request.input.parse({ method: 'POST', url: `${origin}/a`, headers: { 'x-n': 3 }, body: [1] })
    const { output } = await request.run(actionContext({ input, client }))
    expect(request.output.parse(output)).toMatchObject({ status: 200, body: { ok: true } })
    // By its key, so that whatever comes of the call can name it.
    expect(seen).toMatchObject([{ headers: { 'x-n': '3', 'signalbox-effect': 'run-1:step:1' }, body: '[1]' }])
  })

  it('http.repeatableRequest sends the step’s key under the header that was named', async () => {
    const input = repeatableRequest.input.parse({
      method: 'POST',
      url: `${origin}/a`,
      idempotencyHeader: 'Idempotency-Key',
    })
    await repeatableRequest.run(actionContext({ input, client: open(), key: 'r:s:1' }))
    expect(seen).toMatchObject([{ headers: { 'idempotency-key': 'r:s:1', 'signalbox-effect': 'r:s:1' } }])
  })

  it.each([
    [{ method: 'POST', url: 'https://a.example/' }, 'use http.request'],
    [{ method: 'PUT', url: 'https://a.example/', idempotencyHeader: 'X-Key' }, 'Remove the idempotency header'],
    [{ method: 'TRACE', url: 'https://a.example/' }, 'Invalid option'],
  ])('refuses %j', (input, words) => {
    const result = repeatableRequest.input.safeParse(input)
    expect(result.error?.message).toContain(words)
  })

  it('refuses a connection with a secret that has no origin to go to, without naming the secret', async () => {
    const connection = openedConnection('http', { credentials: { secret: SECRET } })
    const fault = await faultOf(httpConnector.client(connection, clientEnvironment()))
    expect(fault).toMatchObject({ code: 'CONFIGURATION', fix: 'Enter the base URL in Connections.' })
    expect(JSON.stringify(fault)).not.toContain('tok-')
  })

  it('checks a connection by one read of its base URL', async () => {
    const open = (secret: string) =>
      httpConnector.client(
        openedConnection('http', { credentials: { secret }, settings: { baseUrl: origin, allowPrivate: true } }),
        clientEnvironment(),
      )
    answer = (one, response) => json(response, one.headers.authorization === SECRET ? 404 : 401, {})
    expect(await httpConnector.check(await open(SECRET), {})).toEqual({ identity: origin, details: { status: 404 } })
    expect((await faultOf(httpConnector.check(await open('Bearer wrong'), {}))).code).toBe('AUTH_EXPIRED')
  })
})
