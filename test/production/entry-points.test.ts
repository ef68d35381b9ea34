import { type ChildProcess, spawn } from 'node:child_process'
import { randomBytes, randomUUID } from 'node:crypto'
import { once } from 'node:events'
import { chmodSync, mkdirSync, mkdtempSync, rmSync, symlinkSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { delimiter, join } from 'node:path'
import pg from 'pg'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { freePort } from '../../bin/embedded/free-port.ts'
import { POSTGRES_READY, postgresUrl, preparePostgres } from '../../bin/embedded/postgres.ts'
import { TEMPORAL_READY } from '../../bin/embedded/temporal.ts'
import { temporalBinary } from '../../bin/embedded/temporal-binary.ts'
import { type Child, type ChildSpec, startChild, watchOrphans } from '../../bin/supervise/child.ts'
import { until } from '../helpers/until.ts'
import { readCompose, serviceEnvironment } from './compose.ts'

// The compose file's commands and environment, with the names of its network replaced by where the servers are here:
// a Postgres whose role is no superuser, and a Temporal that knows nothing yet of us.
const ROOT = join(import.meta.dirname, '../..')
const SUPERUSER_PASSWORD = 'of-the-superuser'
const PASSWORD = randomBytes(16).toString('hex')
const API_KEY = `sbk_${randomBytes(24).toString('hex')}`
const VARIABLES = {
  SIGNALBOX_PUBLIC_URL: 'https://signalbox.example.com',
  SIGNALBOX_DATABASE_PASSWORD: PASSWORD,
  SIGNALBOX_SECRET: randomBytes(32).toString('hex'),
  SIGNALBOX_ADMIN_EMAIL: 'owner@example.com',
  SIGNALBOX_ADMIN_PASSWORD: 'a-first-password',
  SIGNALBOX_API_KEY: API_KEY,
  TEMPORAL_NAMESPACE: 'production',
}

type Ended = { code: number | null; output: string }
type Started = { process: ChildProcess; output: () => string }

let root: string
let postgresPort: number
let temporalPort: number
let apiPort: number
let started: Child[] = []
let watcher: { stop: () => void }
const running: ChildProcess[] = []

beforeAll(async () => {
  root = mkdtempSync(join(tmpdir(), 'signalbox-production-'))
  chmodSync(root, 0o711)
  const folder = { pids: join(root, 'pids'), run: randomUUID() }
  watcher = watchOrphans(folder)
  postgresPort = await freePort()
  temporalPort = await freePort()
  apiPort = await freePort()
  const prepared = await preparePostgres({
    dataDir: join(root, 'postgres'),
    password: SUPERUSER_PASSWORD,
    durable: true,
  })
  const server = async (spec: Omit<ChildSpec, 'graceMs' | 'env'>) => {
    const child = startChild({ ...spec, env: process.env, graceMs: 5000 }, folder, () => undefined)
    started.push(child)
    await child.ready
  }
  const at = ['--ip', '127.0.0.1', '--port', String(temporalPort), '--headless']
  await Promise.all([
    server({
      name: 'postgres',
      command: prepared.command,
      args: prepared.args(postgresPort),
      as: prepared.as,
      readyText: POSTGRES_READY,
      stopSignal: 'SIGINT',
    }),
    server({
      name: 'temporal',
      command: await temporalBinary('temporal'),
      args: ['server', 'start-dev', ...at, '--log-level', 'error', '--db-filename', join(root, 'temporal.db')],
      readyText: TEMPORAL_READY,
      stopSignal: 'SIGTERM',
    }),
  ])
  const admin = new pg.Client({
    connectionString: postgresUrl({ port: postgresPort, password: SUPERUSER_PASSWORD }, 'postgres'),
  })
  await admin.connect()
  await admin.query(`CREATE ROLE app LOGIN PASSWORD '${PASSWORD}'`)
  await admin.query('CREATE DATABASE signalbox OWNER app')
  await admin.end()
})

afterAll(async () => {
  for (const child of running) if (child.exitCode === null) child.kill('SIGKILL')
  await Promise.all(started.map((child) => child.stop()))
  started = []
  watcher.stop()
  rmSync(root, { recursive: true, force: true })
})

function environmentOf(service: string): Record<string, string> {
  const given = serviceEnvironment(service, VARIABLES)
  const moved = Object.fromEntries(
    Object.entries(given).map(([name, value]) => [
      name,
      value
        .replace('signalbox:', 'app:')
        .replace('@postgres:5432', `@127.0.0.1:${postgresPort}`)
        .replace('temporal:7233', `127.0.0.1:${temporalPort}`),
    ]),
  )
  const here: Record<string, string> =
    service === 'api' ? { SIGNALBOX_PORT: String(apiPort), SIGNALBOX_HOST: '127.0.0.1' } : {}
  return { PATH: process.env.PATH ?? '', HOME: root, NODE_ENV: 'production', ...moved, ...here }
}

function start(service: string, command = readCompose().services[service]?.command ?? []): Started {
  const [program = '', ...args] = command
  const child = spawn(program === 'node' ? process.execPath : program, args, {
    cwd: ROOT,
    env: environmentOf(service),
    stdio: ['ignore', 'pipe', 'pipe'],
  })
  running.push(child)
  let output = ''
  child.stdout.on('data', (chunk) => (output += chunk))
  child.stderr.on('data', (chunk) => (output += chunk))
  return { process: child, output: () => output }
}

async function toEnd({ process: child, output }: Started): Promise<Ended> {
  if (child.exitCode === null) await once(child, 'close')
  return { code: child.exitCode, output: output() }
}

async function call(
  method: string,
  path: string,
  more: { body?: unknown; headers?: Record<string, string> } = {},
): Promise<{ status: number; body: Record<string, unknown> }> {
  const response = await fetch(`http://127.0.0.1:${apiPort}${path}`, {
    method,
    headers: { authorization: `Bearer ${API_KEY}`, 'content-type': 'application/json', ...more.headers },
    ...(more.body === undefined ? {} : { body: JSON.stringify(more.body) }),
  })
  return { status: response.status, body: (await response.json()) as Record<string, unknown> }
}

describe('the production entry points, with the compose file’s environment', () => {
  it('find their namespace and search attributes made by the compose file’s script, which can run again', async () => {
    mkdirSync(join(root, 'bin'))
    symlinkSync(await temporalBinary('temporal'), join(root, 'bin/temporal'))
    for (const _ of [1, 2]) {
      const child = spawn('/bin/sh', [join(ROOT, 'deploy/temporal-namespace.sh')], {
        env: {
          ...serviceEnvironment('temporal-namespace', VARIABLES),
          TEMPORAL_ADDRESS: `127.0.0.1:${temporalPort}`,
          PATH: [join(root, 'bin'), process.env.PATH].join(delimiter),
          HOME: root,
        },
        stdio: 'pipe',
      })
      let output = ''
      child.stderr.on('data', (chunk) => (output += chunk))
      const [code] = await once(child, 'close')
      expect(code, output).toBe(0)
    }
  })

  it('bring the database to its tables, once and again', async () => {
    for (const _ of [1, 2]) {
      const { code, output } = await toEnd(start('migrate'))
      expect(code, output).toBe(0)
    }
  })

  it('carry a run out between api and worker, and stop in order', async () => {
    const unhealthy = await toEnd(start('worker', readCompose().services.worker?.healthcheck?.test.slice(1)))
    expect(unhealthy.code, unhealthy.output).toBe(1)

    const api = start('api')
    const worker = start('worker')
    await until(`the API is ready: ${api.output()}`, async () => (await fetch(`http://127.0.0.1:${apiPort}/readyz`)).ok)
    await until('the worker polls', async () => {
      const health = await toEnd(start('worker', readCompose().services.worker?.healthcheck?.test.slice(1)))
      return health.code === 0
    })
    expect((await call('GET', '/v1/playbooks', { headers: { authorization: 'Bearer wrong' } })).status).toBe(401)

    await call('POST', '/v1/identify', {
      body: { messageId: 'm1', userId: 'u1', traits: { email: 'u1@example.com' } },
    })
    const document = {
      name: 'Wait a moment',
      subject: 'contact',
      enrollment: { reentry: { policy: 'every' }, exit: [], goal: null },
      steps: [
        { id: 'start', type: 'trigger.manual', input: {}, at: [0, 0] },
        { id: 'wait', type: 'flow.delay', input: { mode: 'for', for: 'PT1S' }, at: [0, 140] },
      ],
      edges: [['start', 'wait']],
    }
    expect(await call('PUT', '/v1/playbooks/wait', { body: document })).toMatchObject({ status: 200 })
    expect(await call('POST', '/v1/playbooks/wait/publish')).toMatchObject({ status: 200, body: { version: 1 } })
    await call('POST', '/v1/playbooks/wait/resume')
    let id = ''
    await until('the contact is there and the run is taken', async () => {
      const answer = await call('POST', '/v1/playbooks/wait/runs', {
        body: { subject: { contact: 'u1' }, data: {} },
        headers: { 'idempotency-key': 'once' },
      })
      id = (answer.body as { run?: { id: string } }).run?.id ?? ''
      return answer.status === 202
    })
    await until('the run is completed', async () => {
      const answer = await call('GET', `/v1/runs/${id}`)
      return JSON.stringify(answer.body).includes('"completed"')
    })

    for (const each of [worker, api]) {
      each.process.kill('SIGTERM')
      const { code, output } = await toEnd(each)
      expect(code, output).toBe(0)
    }
  }, 180_000)
})
