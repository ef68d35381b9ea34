import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, describe, expect, it } from 'vitest'
import type { SandboxApp } from './app.ts'
import { chance } from './faults.ts'
import { type RunningSandbox, startSandboxHost } from './host.ts'

/** The least an app can be: things with a name. */
const toy: SandboxApp = {
  app: 'toy',
  label: 'Toy',
  limit: { calls: 1000, perMs: 10_000 },
  recordTypes: { things: ['thing'] },
  keeps: ['_token'],
  register: (scope, { store }) => {
    scope.post<{ Body: { name: string } }>('/things', ({ body }) => {
      const thing = { id: String(store.next('thing')), name: body.name }
      store.put('things', { id: thing.id, body: thing }, { name: thing.name })
      return thing
    })
    scope.setNotFoundHandler((_request, reply) => reply.code(404).send({ no: true }))
    scope.get('/things', () => ({ count: store.count('things') }))
    scope.post('/token', () => ({ access_token: 'very-secret', expires: 1 }))
  },
  complete: ({ store }, { body }) => {
    if (typeof body.name !== 'string') throw new Error('name: a thing needs a name.')
    const id = String(store.next('thing'))
    return { id, body: { ...body, id }, keys: { name: body.name } }
  },
  issueToken: () => ({ accessToken: 't' }),
  expire: () => 0,
  seed: ({ store }) => store.put('things', { id: '0', body: { id: '0', name: 'seeded' } }),
}

const running: RunningSandbox[] = []
const folders: string[] = []
afterEach(async () => {
  await Promise.all(running.splice(0).map((host) => host.close()))
  for (const folder of folders.splice(0)) rmSync(folder, { recursive: true })
})

async function start(dataDir: string | null = null) {
  const host = await startSandboxHost({ apps: [toy], port: 0, dataDir })
  running.push(host)
  const call = async (method: string, path: string, body?: unknown) => {
    const response = await fetch(`${host.url}${path}`, {
      method,
      headers: { authorization: 'Bearer hush', ...(body === undefined ? {} : { 'content-type': 'application/json' }) },
      ...(body === undefined ? {} : { body: JSON.stringify(body) }),
    })
    const text = await response.text()
    return { status: response.status, headers: response.headers, body: text === '' ? null : JSON.parse(text) }
  }
  return { host, call, add: (name: string) => call('POST', '/toy/things', { name }) }
}

describe('records', () => {
  it('lists what the app wrote, what was seeded and what was put, under both names of the type', async () => {
    const { call, add } = await start()
    await add('a')
    expect((await call('POST', '/_sandbox/toy/records/thing', { name: 'put' })).status).toBe(201)
    const names = (await call('GET', '/_sandbox/toy/records/things')).body.data.map((t: { name: string }) => t.name)
    expect(names).toEqual(['seeded', 'a', 'put'])
  })

  it('keeps records over a restart, and ids go on', async () => {
    const folder = mkdtempSync(join(tmpdir(), 'sandbox-'))
    folders.push(folder)
    const first = await start(folder)
    await first.add('a')
    await first.host.close()
    const second = await start(folder)
    expect((await second.add('b')).body.id).toBe('2')
    expect((await second.call('GET', '/toy/things')).body).toEqual({ count: 3 })
    const logged = (await second.call('GET', '/_sandbox/toy/requests')).body.data
    expect(logged.map((r: { method: string }) => r.method)).toEqual(['GET', 'POST', 'POST'])
  })

  it('goes back to the seed on reset', async () => {
    const { call, add } = await start()
    await add('a')
    expect((await call('POST', '/_sandbox/toy/reset')).status).toBe(204)
    expect((await call('GET', '/_sandbox/toy/records/things')).body.data).toEqual([{ id: '0', name: 'seeded' }])
    expect((await call('GET', '/_sandbox/toy/requests')).body.data).toEqual([])
  })
})

describe('requests', () => {
  it('shows the newest first with bodies both ways, and no secret', async () => {
    const { call, add } = await start()
    await add('a')
    await call('POST', '/toy/token?token=abc&x=1', { client_secret: 's3cret', x: 1 })
    const { data, nextCursor } = (await call('GET', '/_sandbox/toy/requests?limit=2')).body
    expect(data[0]).toMatchObject({ method: 'POST', path: '/toy/token', status: 200, body: { x: 1 } })
    expect(data[0].query).toBe('token=%5Bredacted%5D&x=1')
    expect(data[1]).toMatchObject({ path: '/toy/things', body: { name: 'a' }, response: { id: '1', name: 'a' } })
    expect(JSON.stringify(data)).not.toMatch(/hush|s3cret|very-secret|abc/)
    expect((await call('GET', `/_sandbox/toy/requests?before=${nextCursor}`)).body.data).toEqual([])
  })
})

describe('faults', () => {
  it('answers with the fault before any work, as often as told', async () => {
    const { call, add } = await start()
    const rule = {
      match: { method: 'POST', path: '/things' },
      times: 1,
      status: 429,
      headers: { 'retry-after': '3' },
      body: { no: 1 },
    }
    expect((await call('POST', '/_sandbox/toy/faults', rule)).status).toBe(201)
    const refused = await add('a')
    expect([refused.status, refused.headers.get('retry-after'), refused.body]).toEqual([429, '3', { no: 1 }])
    expect((await add('b')).status).toBe(200)
    expect((await call('GET', '/toy/things')).body).toEqual({ count: 2 })
    const logged = (await call('GET', '/_sandbox/toy/requests')).body.data
    expect(logged[2]).toMatchObject({ status: 429, fault: { when: 'before', status: 429 } })
  })

  it('does the work and then replaces or loses the answer', async () => {
    const { call, add } = await start()
    await call('POST', '/_sandbox/toy/faults', { match: { path: '/toy/things' }, when: 'after', times: 1, status: 500 })
    expect((await add('a')).status).toBe(500)
    await call('POST', '/_sandbox/toy/faults', { match: { path: '^/things$' }, when: 'after', times: 1, drop: true })
    await expect(add('b')).rejects.toThrow('fetch failed')
    expect((await call('GET', '/toy/things')).body).toEqual({ count: 3 })
    const [, dropped] = (await call('GET', '/_sandbox/toy/requests')).body.data
    expect(dropped).toMatchObject({ status: null, response: { name: 'b' }, fault: { drop: true } })
  })

  it('drops before the work, delays, and stops when cleared', async () => {
    const { call, add } = await start()
    await call('POST', '/_sandbox/toy/faults', { match: { method: 'POST', path: '/things' }, drop: true })
    await expect(add('a')).rejects.toThrow('fetch failed')
    expect((await call('DELETE', '/_sandbox/toy/faults')).status).toBe(204)
    await call('POST', '/_sandbox/toy/faults', { match: {}, delayMs: 30 })
    expect((await add('b')).status).toBe(200)
    const [delayed] = (await call('GET', '/_sandbox/toy/requests')).body.data
    expect(delayed.ms).toBeGreaterThanOrEqual(29)
    expect((await call('GET', '/toy/things')).body).toEqual({ count: 2 })
  })

  it('hits the same calls for the same seed, and about the share asked for', async () => {
    const hits = (seed: number) => Array.from({ length: 2000 }, (_, i) => chance(seed, i + 1) < 0.05)
    expect(hits(7)).toEqual(hits(7))
    expect(hits(7)).not.toEqual(hits(8))
    for (const seed of [1, 2, 3, 42]) {
      const share = hits(seed).filter(Boolean).length / 2000
      expect(share).toBeGreaterThan(0.03)
      expect(share).toBeLessThan(0.07)
    }
  })

  it('applies to unknown paths of the app too', async () => {
    const { call } = await start()
    await call('POST', '/_sandbox/toy/faults', { match: {}, status: 503 })
    expect((await call('GET', '/toy/nothing-here')).status).toBe(503)
  })
})

describe('control paths refuse what they do not understand', () => {
  it.each([
    { name: 'a rate over 1', call: ['POST', '/faults', { rate: 2, status: 500 }], status: 400, words: 'body.rate' },
    {
      name: 'no effect',
      call: ['POST', '/faults', { match: {} }],
      status: 400,
      words: 'exactly one of status, delayMs and drop',
    },
    {
      name: 'two effects',
      call: ['POST', '/faults', { status: 500, drop: true }],
      status: 400,
      words: 'exactly one of',
    },
    {
      name: 'a broken pattern',
      call: ['POST', '/faults', { match: { path: '/x(' }, status: 500 }],
      status: 400,
      words: 'body.match.path',
    },
    {
      name: 'a shell pattern',
      call: ['POST', '/faults', { match: { path: '/x/*/y' }, status: 500 }],
      status: 400,
      words: 'write [^/]+',
    },
    {
      name: 'an unknown word',
      call: ['POST', '/faults', { status: 500, sometimes: 1 }],
      status: 400,
      words: 'sometimes',
    },
    { name: 'an unknown type', call: ['GET', '/records/nope', undefined], status: 404, words: 'There are things' },
    {
      name: 'a record it cannot complete',
      call: ['POST', '/records/things', { x: 1 }],
      status: 400,
      words: 'a thing needs a name',
    },
    { name: 'a limit of 0', call: ['POST', '/limits', { calls: 0, perMs: 1000 }], status: 400, words: 'body.calls' },
    {
      name: 'a page that is no number',
      call: ['GET', '/requests?limit=many', undefined],
      status: 400,
      words: 'query.limit',
    },
    {
      name: 'an unknown kind of expiry',
      call: ['POST', '/expire', { what: 'everything' }],
      status: 400,
      words: 'body.what',
    },
  ] as const)('$name', async ({ call: [method, path, body], status, words }) => {
    const { call } = await start()
    const answer = await call(method, `/_sandbox/toy${path}`, body)
    expect(answer.status).toBe(status)
    expect(answer.body.error).toContain(words)
  })

  it('says where things are when the path is wrong', async () => {
    const { call } = await start()
    expect((await call('GET', '/nowhere')).body.error).toContain('/_sandbox/toy')
  })
})

it('refuses a port that is taken', async () => {
  const { host } = await start()
  const port = Number(new URL(host.url).port)
  await expect(startSandboxHost({ apps: [toy], port, dataDir: null })).rejects.toMatchObject({ code: 'EADDRINUSE' })
})
