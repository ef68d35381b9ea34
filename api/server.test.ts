import { afterAll, beforeAll, expect, it } from 'vitest'
import { startTestApi, type TestApi, type TestWorkspace } from '../test/helpers/api.ts'

let api: TestApi
let home: TestWorkspace
beforeAll(async () => {
  api = await startTestApi()
  home = await api.workspace('home')
})
afterAll(() => api.close())

/** The public surface's own list; everything else wants a key or a session. */
const PUBLIC = [
  /^\/healthz$/,
  /^\/readyz$/,
  /^\/auth\/sign-(in\/email|out)$/,
  /^\/docs/,
  /^\/v1\/openapi\.json$/,
  /^\/oauth\/callback\/:app$/,
  /^\/hooks\//,
  /^\/unsubscribe\/:token$/,
  /^\/asks\/:token$/,
]

it('has nothing public beyond the list', async () => {
  const routes = routesOf(api)
  expect(routes.length).toBeGreaterThan(40)
  const open: string[] = []
  for (const { method, path } of routes) {
    if (PUBLIC.some((pattern) => pattern.test(path))) continue
    const url = path.replaceAll(/:\w+/g, 'session.me').replace(/\/?\*/, '/x')
    const answer = await api.server.inject({ method, url, payload: method === 'GET' ? undefined : {} })
    // tRPC's own answer to a method that a procedure does not take.
    if (path === '/trpc/:path' && answer.statusCode === 405) continue
    if (answer.statusCode !== 401) open.push(`${method} ${path} → ${answer.statusCode}`)
  }
  expect(open).toEqual([])
})

it('wants a session or a key for every procedure', async () => {
  const { appRouter } = await import('./router.ts')
  const names = Object.keys(appRouter._def.procedures)
  for (const name of names) {
    // A stream of events has begun before it is refused: the refusal is its first event.
    if (name === 'runs.watch') continue
    const get = await api.server.inject({ method: 'GET', url: `/trpc/${name}?input=%7B%7D` })
    const post = await api.server.inject({ method: 'POST', url: `/trpc/${name}`, payload: {} })
    // One of the two is the right method; the other is refused as such.
    expect([get.statusCode, post.statusCode], name).toContain(401)
    expect([200, 500], name).not.toContain(get.statusCode)
    expect([200, 500], name).not.toContain(post.statusCode)
  }
})

it('refuses to stream a run to nobody', async () => {
  const answer = await api.server.inject({
    method: 'GET',
    url: `/trpc/runs.watch?input=${encodeURIComponent('{"id":"x"}')}`,
  })
  expect(answer.body).toContain('UNAUTHORIZED')
  expect(answer.body).not.toContain('"steps"')
})

it('answers with security headers and a policy without inline or evaluated script', async () => {
  const { headers } = await api.server.inject('/healthz')
  const policy = String(headers['content-security-policy'])
  expect(policy).toContain("script-src 'self'")
  expect(policy).not.toMatch(/script-src[^;]*unsafe/)
  expect(policy).toContain("frame-ancestors 'none'")
  expect(headers['x-content-type-options']).toBe('nosniff')
  expect(headers['strict-transport-security']).toBeUndefined()
})

it('names each request in its answer and in problems', async () => {
  const answer = await api.server.inject('/v1/nothing')
  expect(answer.statusCode).toBe(404)
  expect(answer.headers['content-type']).toContain('application/problem+json')
  expect(answer.json()).toMatchObject({ code: 'NOT_FOUND', status: 404, instance: answer.headers['x-request-id'] })
})

it('refuses malformed JSON as a problem, over REST and over tRPC', async () => {
  const key = await home.key()
  const rest = await api.server.inject({
    method: 'PUT',
    url: '/v1/playbooks/x',
    headers: { authorization: `Bearer ${key}`, 'content-type': 'application/json' },
    payload: '{"name": ',
  })
  expect(rest.statusCode).toBe(400)
  expect(rest.json()).toMatchObject({ code: 'MALFORMED_JSON' })
  const trpc = await api.server.inject({
    method: 'POST',
    url: '/trpc/playbooks.publish',
    headers: { authorization: `Bearer ${key}`, 'content-type': 'application/json' },
    payload: '{"slug": ',
  })
  expect(trpc.statusCode).toBe(400)
  expect(trpc.json().error.data.problem).toMatchObject({ code: 'MALFORMED_JSON' })
})

it('refuses a body that is too large with its limit', async () => {
  const answer = await home.rest('PUT', '/v1/playbooks/x', { name: 'x'.repeat(3_100_000) })
  expect(answer.statusCode).toBe(413)
  expect(answer.json()).toMatchObject({ code: 'BODY_TOO_LARGE', detail: expect.stringContaining('3000 KB') })
})

it('refuses a body that is no JSON', async () => {
  const answer = await api.server.inject({
    method: 'PUT',
    url: '/v1/playbooks/x',
    headers: { authorization: `Bearer ${await home.key()}`, 'content-type': 'application/xml' },
    payload: '<a/>',
  })
  expect(answer.statusCode).toBe(415)
  expect(answer.json()).toMatchObject({ code: 'MEDIA_TYPE_UNKNOWN' })
})

it('refuses keys that would reach a prototype', async () => {
  const answer = await api.server.inject({
    method: 'POST',
    url: '/v1/playbooks/x/pause',
    headers: { authorization: `Bearer ${await home.key()}`, 'content-type': 'application/json' },
    payload: '{"__proto__": {"openRuns": "cancel"}}',
  })
  expect(answer.statusCode).toBe(400)
  expect(answer.json()).toMatchObject({ code: 'MALFORMED_JSON' })
})

it('names the field that a route does not know instead of passing over it', async () => {
  const answer = await home.rest('GET', '/v1/runs?playbok=x')
  expect(answer.statusCode).toBe(400)
  expect(answer.json()).toMatchObject({ code: 'INPUT_UNKNOWN', detail: expect.stringContaining('playbook') })
})

it('names the place of a wrong value', async () => {
  const answer = await home.rest('GET', '/v1/runs?limit=0')
  expect(answer.statusCode).toBe(400)
  expect(answer.json()).toMatchObject({ code: 'INPUT_INVALID', problems: [{ path: 'limit' }] })
})

it.each(["'; DROP TABLE runs; --", '../../etc/passwd', '%00', '‮', 'x'.repeat(5000)])(
  'is not moved by the hostile value %j',
  async (value) => {
    const encoded = encodeURIComponent(value)
    for (const url of [`/v1/playbooks/${encoded}`, `/v1/runs/${encoded}`, `/v1/runs?subject=${encoded}`]) {
      const answer = await home.rest('GET', url)
      expect([200, 400, 404, 414], `${url.slice(0, 60)} ${answer.body.slice(0, 200)}`).toContain(answer.statusCode)
    }
    expect((await home.rest('GET', '/v1/runs')).statusCode).toBe(200)
  },
)

it('says that a promised part is not built yet', async () => {
  const answer = await home.rest('GET', '/v1/syncs')
  expect(answer.statusCode).toBe(501)
  expect(answer.json()).toMatchObject({ code: 'NOT_BUILT' })
})

it('shows its numbers to a key and to nobody else', async () => {
  expect((await api.server.inject('/metrics')).statusCode).toBe(401)
  const answer = await home.rest('GET', '/metrics')
  expect(answer.statusCode).toBe(200)
  expect(answer.body).toContain('signalbox_http_request_seconds_bucket')
  expect(answer.body).toContain('signalbox_events_pending 0')
})

it('is ready when Postgres, Temporal and a worker answer', async () => {
  const answer = await api.server.inject('/readyz')
  expect(answer.json()).toEqual({ status: 'ready', postgres: 'ok', temporal: 'ok', workers: 1, notes: [] })
})

it('serves its description and a reference page without inline script', async () => {
  const description = (await api.server.inject('/v1/openapi.json')).json()
  expect(description.openapi).toBe('3.1.0')
  expect(Object.keys(description.paths)).toEqual(
    expect.arrayContaining(['/v1/playbooks/{slug}', '/v1/track', '/v1/runs/{id}', '/v1/connections']),
  )
  const references = [...JSON.stringify(description).matchAll(/"\$ref":"#\/components\/schemas\/([^"]+)"/g)]
  expect(references.length).toBeGreaterThan(3)
  for (const [, name] of references) expect(description.components.schemas).toHaveProperty([String(name)])
  expect(JSON.stringify(description)).not.toMatch(/"\$ref":"(?!#\/components)/)
  const page = await api.server.inject('/docs')
  expect(page.headers['content-type']).toContain('text/html')
  expect(page.body).not.toMatch(/<script(?![^>]*\ssrc=)/)
  expect((await api.server.inject('/docs/reference/js/scalar.js')).statusCode).toBe(200)
})

it('serves the schema of a document to a key', async () => {
  expect((await api.server.inject('/v1/schemas/playbook.json')).statusCode).toBe(401)
  expect((await home.rest('GET', '/v1/schemas/playbook.json')).json()).toMatchObject({ $schema: expect.any(String) })
})

it('takes a Segment call with a write key and with nothing else', async () => {
  const write = await home.key(['events:write'])
  const call = (authorization: string) =>
    api.server.inject({
      method: 'POST',
      url: '/v1/track',
      headers: { authorization },
      payload: { userId: 'u1', event: 'Opened' },
    })
  expect((await call(`Bearer ${write}`)).statusCode).toBe(200)
  expect((await call(`Basic ${Buffer.from(`${write}:`).toString('base64')}`)).statusCode).toBe(200)
  expect((await call('Bearer wrong')).statusCode).toBe(401)
  const read = await home.key(['data:read'])
  expect((await call(`Bearer ${read}`)).json()).toMatchObject({ status: 403, code: 'SCOPE_MISSING' })
})

function routesOf({ server }: TestApi): Array<{ method: 'GET' | 'POST' | 'PUT' | 'DELETE'; path: string }> {
  const text = server.printRoutes({ commonPrefix: false, includeHooks: false })
  const found: Array<{ method: 'GET' | 'POST' | 'PUT' | 'DELETE'; path: string }> = []
  const stack: string[] = []
  for (const line of text.split('\n')) {
    const match = /^([│\s]*)[├└]── (\S.*?)(?: \(([A-Z, ]+)\))?$/.exec(line)
    if (!match) continue
    const depth = (match[1] ?? '').length / 4
    stack.length = depth
    stack.push(match[2] ?? '')
    const methods = (match[3] ?? '').split(', ').filter((m) => ['GET', 'POST', 'PUT', 'DELETE'].includes(m))
    for (const method of methods) found.push({ method: method as 'GET', path: stack.join('') })
  }
  return found
}
