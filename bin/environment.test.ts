import { expect, it } from 'vitest'
import { readEnvironment } from './environment.ts'

const START = { sandbox: true, demo: true }
const PRODUCTION = { sandbox: false, demo: false }

it('has a default for everything', () => {
  expect(readEnvironment({}, START)).toMatchObject({
    host: '127.0.0.1',
    port: 4000,
    publicUrl: 'http://localhost:4000',
    databaseUrl: null,
    temporal: { address: null, namespace: 'default', apiKey: null, tls: null },
    sandbox: true,
    sandboxPort: 4010,
    demo: true,
  })
  expect(readEnvironment({}, PRODUCTION)).toMatchObject({ sandbox: false, demo: false })
})

it('takes an empty variable for one that is not set', () => {
  expect(readEnvironment({ SIGNALBOX_DATABASE_URL: '', SIGNALBOX_PORT: '' }, START)).toMatchObject({
    databaseUrl: null,
    port: 4000,
  })
})

it('follows the port in the public address unless that is given', () => {
  expect(readEnvironment({ SIGNALBOX_PORT: '5000' }, START).publicUrl).toBe('http://localhost:5000')
  expect(readEnvironment({ SIGNALBOX_PUBLIC_URL: 'https://box.example/' }, START).publicUrl).toBe('https://box.example')
})

it.each([
  ['SIGNALBOX_PORT', '0', /SIGNALBOX_PORT is out of range. Give a whole number from 1 to 65535/],
  ['SIGNALBOX_PORT', '65536', /SIGNALBOX_PORT is out of range/],
  ['SIGNALBOX_PORT', '80a', /SIGNALBOX_PORT is not a port number/],
  ['SIGNALBOX_SANDBOX_PORT', '-1', /SIGNALBOX_SANDBOX_PORT is not a port number/],
  ['SIGNALBOX_SANDBOX', 'maybe', /SIGNALBOX_SANDBOX is neither on nor off/],
  ['SIGNALBOX_DATABASE_URL', 'mysql://x', /SIGNALBOX_DATABASE_URL is not an address. Write it like postgres:/],
  ['SIGNALBOX_PUBLIC_URL', 'box.example', /SIGNALBOX_PUBLIC_URL is not an address/],
  ['SIGNALBOX_ADMIN_EMAIL', 'me', /SIGNALBOX_ADMIN_EMAIL is not an e-mail address/],
  ['TEMPORAL_ADDRESS', 'http://temporal', /TEMPORAL_ADDRESS is not an address. Write host:port/],
])('refuses %s=%s and says what to do', (name, value, message) => {
  expect(() => readEnvironment({ [name]: value }, START)).toThrow(message)
})

it('takes ports at both ends of the range', () => {
  expect(readEnvironment({ SIGNALBOX_PORT: '1' }, START).port).toBe(1)
  expect(readEnvironment({ SIGNALBOX_PORT: '65535' }, START).port).toBe(65_535)
})

it('refuses a short secret without repeating it', () => {
  const refused = () => readEnvironment({ SIGNALBOX_SECRET: 'hunter2', SIGNALBOX_API_KEY: 'k'.repeat(31) }, START)
  expect(refused).toThrow(/SIGNALBOX_SECRET is too short[^]*openssl/)
  expect(refused).toThrow(/SIGNALBOX_API_KEY is too short/)
  expect(refused).not.toThrow(/hunter2/)
  expect(readEnvironment({ SIGNALBOX_API_KEY: 'k'.repeat(32) }, START).apiKey).toHaveLength(32)
})

it('uses TLS for Temporal when anything asks for it, and no half of a client certificate', () => {
  expect(readEnvironment({ TEMPORAL_API_KEY: 'key' }, PRODUCTION).temporal.tls).toEqual({
    serverName: null,
    serverCaPath: null,
    client: null,
  })
  const paths = { TEMPORAL_TLS_CLIENT_CERT_PATH: '/c.pem', TEMPORAL_TLS_CLIENT_KEY_PATH: '/k.pem' }
  expect(readEnvironment(paths, PRODUCTION).temporal.tls?.client).toEqual({ certPath: '/c.pem', keyPath: '/k.pem' })
  expect(() => readEnvironment({ TEMPORAL_TLS_CLIENT_CERT_PATH: '/c.pem' }, PRODUCTION)).toThrow(/belong together/)
  expect(readEnvironment({ TEMPORAL_API_KEY: 'key', TEMPORAL_TLS: 'off' }, PRODUCTION).temporal.tls).toBeNull()
})

it('takes addresses, ranges and names of proxies, and refuses what would trust everybody or nobody known', () => {
  const read = (text: string) => readEnvironment({ SIGNALBOX_TRUSTED_PROXIES: text }, PRODUCTION).trustedProxies
  expect(readEnvironment({}, PRODUCTION).trustedProxies).toEqual([])
  expect(read('10.0.0.5, 172.16.0.0/12,::1,fd00::/8, loopback')).toEqual([
    '10.0.0.5',
    '172.16.0.0/12',
    '::1',
    'fd00::/8',
    'loopback',
  ])
  for (const text of ['0.0.0.0/0', '::/0', 'true', 'proxy.internal', '10.0.0.0/33', '10.0.0.0/8/8', '10.0.0.5,'])
    expect(() => read(text), text).toThrow(/SIGNALBOX_TRUSTED_PROXIES is no list of addresses/)
})
