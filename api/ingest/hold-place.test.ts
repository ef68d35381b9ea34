import { connect } from 'node:net'
import { setTimeout as sleep } from 'node:timers/promises'
import Fastify from 'fastify'
import { afterAll, beforeAll, expect, it, vi } from 'vitest'
import { startTestApi, type TestApi } from '../../test/helpers/api.ts'
import { trackingRoutes } from './tracking-routes.ts'

let api: TestApi
beforeAll(async () => {
  api = await startTestApi()
})
afterAll(() => api.close())

it('a caller who is gone before the call is looked at holds no place', async () => {
  const { ingest } = api.deps
  const server = Fastify()
  let looked = 0
  let go: () => void = () => undefined
  const held = new Promise<void>((resolve) => {
    go = resolve
  })
  // Whatever looks at calls before: it takes its time.
  server.addHook('onRequest', async () => {
    looked += 1
    await held
  })
  await server.register(trackingRoutes({ ingest, authenticate: () => ({ workspaceId: '' }) }))
  const address = new URL(await server.listen({ host: '127.0.0.1', port: 0 }))
  try {
    const socket = connect(Number(address.port), '127.0.0.1')
    socket.write(
      'POST /v1/track HTTP/1.1\r\nhost: x\r\ncontent-type: application/json\r\ncontent-length: 999999999\r\n\r\n{',
    )
    await vi.waitFor(() => expect(looked).toBe(1))
    socket.destroy()
    await vi.waitFor(async () => expect(await connections(server)).toBe(0))
    go()
    await sleep(50)
    expect(ingest.load().bodyBytes).toBe(0)
  } finally {
    await server.close()
  }
})

const connections = (server: ReturnType<typeof Fastify>): Promise<number> =>
  new Promise((resolve, reject) => {
    server.server.getConnections((error: Error | null, n: number) => (error === null ? resolve(n) : reject(error)))
  })
