import { chmodSync, constants, copyFileSync, mkdtempSync, readFileSync, rmSync, statSync } from 'node:fs'
import { createServer } from 'node:net'
import { tmpdir } from 'node:os'
import { dirname, delimiter, join } from 'node:path'
import { Client as TemporalClient, Connection } from '@temporalio/client'
import pg from 'pg'
import { afterEach, describe, expect, it } from 'vitest'
import { type Instance, type InstanceOptions, startInstance } from '../../test/helpers/instance.ts'
import { until } from '../../test/helpers/until.ts'
import { temporalBinary } from '../embedded/temporal-binary.ts'
import { isAlive } from './pid-files.ts'

const ROOT = join(import.meta.dirname, 'fixtures/dev.ts')
const ALL = ['api', 'postgres', 'sandbox', 'supervisor', 'temporal', 'worker']
const open: Instance[] = []

const start = async (options: InstanceOptions = {}) => {
  const instance = await startInstance({ root: ROOT, ...options })
  open.push(instance)
  return instance
}
const resolved = async (instance: Instance) => (await (await fetch(instance.baseUrl)).json()) as Record<string, string>
const query = async (instance: Instance, text: string) => {
  const client = new pg.Client({ connectionString: (await resolved(instance)).SIGNALBOX_DATABASE_URL })
  await client.connect()
  try {
    return (await client.query(text)).rows
  } finally {
    await client.end()
  }
}
const withTemporal = async <T>(instance: Instance, work: (client: TemporalClient) => Promise<T>) => {
  const connection = await Connection.connect({ address: (await resolved(instance)).TEMPORAL_ADDRESS })
  try {
    return await work(new TemporalClient({ connection }))
  } finally {
    await connection.close()
  }
}

afterEach(async () => {
  await Promise.all(open.splice(0).map((instance) => instance.stop()))
})

it('says what it does, answers, is the only one on its data, and ends every process on Ctrl-C', async () => {
  const instance = await start({ env: { FIXTURE_STUBBORN: '1' } })
  expect(instance.output().match(/^Signalbox is ready: http:\/\/localhost:\d+$/gm)).toHaveLength(1)
  expect(instance.output()).toMatch(/^ {2}Postgres +up in \d+\.\d s$/m)
  expect(instance.output()).toMatch(/^the stand-in has something to say$/m)
  expect(readFileSync(join(instance.dataDir, 'logs/api.log'), 'utf8')).not.toContain('something to say')
  expect(readFileSync(join(instance.dataDir, 'logs/postgres.log'), 'utf8')).toContain('ready to accept connections')

  await expect(start({ env: { SIGNALBOX_DATA_DIR: instance.dataDir } })).rejects.toThrow(
    /Another Signalbox \(pid \d+\) runs on the data folder/,
  )
  expect((await fetch(instance.baseUrl)).ok).toBe(true)

  const pids = instance.pids()
  expect(Object.keys(pids).sort()).toEqual(ALL)
  expect(await instance.interrupt()).toBe(0)
  expect(Object.values(pids).filter((pid) => isAlive({ pid, startTime: '' }))).toEqual([])
  expect(instance.output()).toMatch(/Signalbox has stopped\.$/)
})

describe('a start', () => {
  it('is refused when a port is busy, naming the variable and leaving nothing behind', async () => {
    const server = createServer().listen(0, '127.0.0.1')
    await new Promise((resolve) => server.once('listening', resolve))
    const { port } = server.address() as { port: number }
    try {
      for (const variable of ['SIGNALBOX_PORT', 'SIGNALBOX_SANDBOX_PORT']) {
        await expect(start({ env: { [variable]: String(port) } })).rejects.toThrow(
          new RegExp(`${variable}: port ${port} on 127.0.0.1 is in use[^]*${variable}=${port + 1} npm start`),
        )
      }
    } finally {
      server.close()
    }
  })

  it('is refused where the data folder cannot be made', async () => {
    const instance = start({ env: { SIGNALBOX_DATA_DIR: '/dev/null/here' } })
    await expect(instance).rejects.toThrow(/The data folder \/dev\/null\/here cannot be written \(ENOTDIR\)/)
  })

  it('is refused by the name of the variable when an outside server does not answer', async () => {
    await expect(start({ env: { TEMPORAL_ADDRESS: '127.0.0.1:1' } })).rejects.toThrow(
      /TEMPORAL_ADDRESS: nothing answers at 127.0.0.1:1 \(ECONNREFUSED\)/,
    )
    await expect(start({ env: { SIGNALBOX_DATABASE_URL: 'postgres://a:b@127.0.0.1:1/c' } })).rejects.toThrow(
      /SIGNALBOX_DATABASE_URL: nothing answers[^]*unset SIGNALBOX_DATABASE_URL/,
    )
  })

  it('ends with what a process said that cannot be started', async () => {
    const env = { FIXTURE_MIGRATE: join(import.meta.dirname, 'fixtures/migrate-refusing.ts') }
    await expect(start({ env })).rejects.toThrow(/could not be started \(exit code 78\)[^]*newer Signalbox/)
  })
})

it('leaves nothing 5 s after a kill -9 of the supervisor, and starts again on its data', async () => {
  const instance = await start({ env: { FIXTURE_STUBBORN: '1' } })
  await query(instance, 'INSERT INTO stones VALUES (1)')
  const secret = (await resolved(instance)).SIGNALBOX_SECRET
  expect(secret).toMatch(/^[0-9a-f]{64}$/)
  expect(statSync(join(instance.dataDir, 'secret')).mode & 0o777).toBe(0o600)
  const pids = Object.values(instance.pids())
  instance.kill('supervisor')
  await new Promise((resolve) => setTimeout(resolve, 5000))
  expect(pids.filter((pid) => isAlive({ pid, startTime: '' }))).toEqual([])
  await instance.startAgain()
  expect(await query(instance, 'SELECT id FROM stones')).toEqual([{ id: 1 }])
  expect((await resolved(instance)).SIGNALBOX_SECRET).toBe(secret)
})

it('takes over at once what a killed supervisor has just left behind', async () => {
  const instance = await start()
  instance.kill('supervisor')
  await instance.startAgain()
  expect(Object.keys(instance.pids()).sort()).toEqual(ALL)
  // The former run's watcher has had its time and must not have touched the new run's processes.
  const pids = instance.pids()
  await new Promise((resolve) => setTimeout(resolve, 5000))
  expect(instance.pids()).toEqual(pids)
})

it('starts a killed process again, and says so', async () => {
  const instance = await start()
  for (const name of ['worker', 'api', 'sandbox']) {
    await instance.untilBack(name, instance.kill(name))
  }
  expect(instance.output()).toMatch(/Worker ended \(SIGKILL\); starting it again in 0\.25 s/)
  await until('it says that the worker is back', () => instance.output().includes('Worker is back'))
})

it('keeps what Postgres and Temporal acknowledged when they are killed', async () => {
  const instance = await start()
  await query(instance, 'INSERT INTO stones VALUES (7)')
  await withTemporal(instance, (client) =>
    client.workflow.start('waiting', { workflowId: 'kept', taskQueue: 'nobody', args: [] }),
  )
  for (const name of ['postgres', 'temporal']) await instance.untilBack(name, instance.kill(name))
  await until('Postgres has recovered', async () => (await query(instance, 'SELECT 1')).length === 1)
  expect(await query(instance, 'SELECT id FROM stones')).toEqual([{ id: 7 }])
  await until('Temporal answers', async () => {
    const described = await withTemporal(instance, (client) => client.workflow.getHandle('kept').describe())
    return described.status.name === 'RUNNING'
  })
})

it('runs beside another instance with other ports and another data folder', async () => {
  const [first, second] = await Promise.all([start(), start()])
  await query(first, 'INSERT INTO stones VALUES (1)')
  expect(await query(second, 'SELECT id FROM stones')).toEqual([])
  expect(await first.interrupt()).toBe(0)
  expect((await fetch(second.baseUrl)).ok).toBe(true)
})

/** Whether everybody may go into the folder and all above it. */
function mayEnter(path: string): boolean {
  const { mode } = statSync(path)
  if ((mode & 0o001) === 0)
    console.warn(`${path} is closed to other users: the ordinary user's part is not tried here.`)
  return (mode & 0o001) !== 0 && (dirname(path) === path || mayEnter(dirname(path)))
}

it('runs as root and as an ordinary user', async () => {
  const nobody = { uid: 65_534, gid: 65_534 }
  // A checkout below a folder that only root may enter cannot be run by anyone else: there, root alone is tried.
  const asNobody = process.getuid?.() === 0 && mayEnter(import.meta.dirname)
  const folder = mkdtempSync(join(tmpdir(), 'signalbox-user-'))
  try {
    chmodSync(folder, 0o755)
    // Root's cache may be closed to others, so the server comes from PATH.
    copyFileSync(await temporalBinary('temporal'), join(folder, 'temporal'), constants.COPYFILE_FICLONE)
    const env = { PATH: `${folder}${delimiter}${process.env.PATH}`, XDG_CACHE_HOME: join(tmpdir(), 'signalbox-nobody') }
    const instance = await start({ env, ...(asNobody ? { as: nobody } : {}) })
    expect(Object.keys(instance.pids()).sort()).toEqual(ALL)
    const owner = statSync(join(instance.dataDir, 'postgres')).uid
    if (process.getuid?.() !== 0 || asNobody) expect(owner).toBe(asNobody ? nobody.uid : process.getuid?.())
    expect(await instance.interrupt()).toBe(0)
  } finally {
    rmSync(folder, { recursive: true, force: true })
  }
})
