import { afterEach, expect, it } from 'vitest'
import { PUBLIC_URL, startTestApi, type TestApi } from '../../test/helpers/api.ts'

const PROXY = '10.1.2.3'
const LIMIT = 20

let api: TestApi
afterEach(() => api.close())

let guesses = 0
/** A wrong password for another person each time, so that only the address counts. */
async function guess(from: { socket: string; forwarded?: string }): Promise<number> {
  guesses += 1
  const answer = await api.server.inject({
    method: 'POST',
    url: '/auth/sign-in/email',
    remoteAddress: from.socket,
    headers: { origin: PUBLIC_URL, ...(from.forwarded === undefined ? {} : { 'x-forwarded-for': from.forwarded }) },
    payload: { email: `guess-${guesses}@example.com`, password: 'guess guess' },
  })
  return answer.statusCode
}

async function useUp(from: { socket: string; forwarded?: string }): Promise<void> {
  for (let n = 0; n < LIMIT; n += 1) expect(await guess(from)).toBe(401)
  expect(await guess(from)).toBe(429)
}

it('counts failed sign-ins by the person behind a trusted proxy, not by the proxy', async () => {
  api = await startTestApi({ trustedProxies: ['10.0.0.0/8'] })
  await useUp({ socket: PROXY, forwarded: '203.0.113.7' })
  expect(await guess({ socket: PROXY, forwarded: '203.0.113.8' })).toBe(401)
})

it('lets a caller behind it not choose an address: what they wrote themselves stands before what the proxy saw', async () => {
  api = await startTestApi({ trustedProxies: ['10.0.0.0/8'] })
  await useUp({ socket: PROXY, forwarded: '198.51.100.1, 203.0.113.7' })
  expect(await guess({ socket: PROXY, forwarded: '198.51.100.2, 203.0.113.7' })).toBe(429)
})

it('believes nobody else, and nobody at all unless told to', async () => {
  api = await startTestApi({ trustedProxies: ['10.0.0.0/8'] })
  await useUp({ socket: '203.0.113.9', forwarded: '198.51.100.1' })
  expect(await guess({ socket: '203.0.113.9', forwarded: '198.51.100.2' })).toBe(429)
  await api.close()
  api = await startTestApi()
  await useUp({ socket: PROXY, forwarded: '198.51.100.1' })
  expect(await guess({ socket: PROXY, forwarded: '198.51.100.2' })).toBe(429)
})
