import { type ChildProcess, spawn } from 'node:child_process'
import { randomBytes } from 'node:crypto'
import { once } from 'node:events'
import { accessSync, chmodSync, chownSync, constants, mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { createInterface } from 'node:readline'
import { freePort } from '../../bin/embedded/free-port.ts'
import { isAlive, readPidFiles } from '../../bin/supervise/pid-files.ts'
import { until } from './until.ts'

const READY = 'Signalbox is ready: '
const START_LIMIT_MS = 180_000
const STOP_LIMIT_MS = 15_000
const PROCESSES = { limitMs: 60_000 }
const SUPERVISOR = 'supervisor'

/** The whole product as `npm start` runs it, on ports and a data folder of its own. */
export type Instance = {
  baseUrl: string
  sandboxUrl: string
  /** API key of the demo workspace, valid as a write key too. */
  apiKey: string
  adminEmail: string
  adminPassword: string
  dataDir: string
  /** Everything the supervisor printed so far. */
  output: () => string
  /** Of every process now alive, the supervisor included. */
  pids: () => Record<string, number>
  /** Kills one process (SIGKILL by default). The supervisor itself is `supervisor`. Returns its pid. */
  kill: (name: string, signal?: NodeJS.Signals) => number
  /** Resolves when `name` runs under another pid than `formerPid`, and everything answers again. */
  untilBack: (name: string, formerPid: number) => Promise<void>
  /** Starts again on the same data, after the supervisor was killed or stopped. */
  startAgain: () => Promise<void>
  /** Ctrl-C; resolves with the exit code once it has ended, and fails if it does not in time. */
  interrupt: () => Promise<number>
  /** Ends everything and removes the data folder. */
  stop: () => Promise<void>
}

/** How a test's instance differs from `npm start`. */
export type InstanceOptions = {
  env?: Record<string, string>
  /** Fill the empty database with the demo workspace; on by default, as with `npm start`. */
  demo?: boolean
  /** The supervisor's root, for tests of the supervisor itself. */
  root?: string
  /** On the disk instead of in memory: what a power loss leaves and what a disk costs are then real. */
  onDisk?: boolean
  /** Run as this user instead of the present one; only root can. */
  as?: { uid: number; gid: number }
}

/**
 * Starts an instance and waits for its ready line.
 * @throws with everything it printed, when it ends before or is not ready in time
 */
export async function startInstance(options: InstanceOptions = {}): Promise<Instance> {
  const dataDir = mkdtempSync(join(options.onDisk === true ? tmpdir() : memoryFolder(), 'signalbox-instance-'))
  chmodSync(dataDir, 0o711)
  if (options.as !== undefined) chownSync(dataDir, options.as.uid, options.as.gid)
  const port = await freePort()
  const sandboxPort = await freePort()
  const apiKey = `sbx_test_${randomBytes(24).toString('hex')}`
  const adminEmail = 'owner@signalbox.test'
  const adminPassword = randomBytes(12).toString('hex')
  const environment: NodeJS.ProcessEnv = {
    ...withoutProduct(process.env),
    SIGNALBOX_PORT: String(port),
    SIGNALBOX_SANDBOX_PORT: String(sandboxPort),
    SIGNALBOX_DATA_DIR: dataDir,
    SIGNALBOX_DEMO: options.demo === false ? 'off' : 'on',
    SIGNALBOX_API_KEY: apiKey,
    SIGNALBOX_ADMIN_EMAIL: adminEmail,
    SIGNALBOX_ADMIN_PASSWORD: adminPassword,
    ...options.env,
  }
  const root = options.root ?? join(import.meta.dirname, '../../bin/dev.ts')
  const pidFolder = join(dataDir, 'pids')
  const baseUrl = `http://127.0.0.1:${port}`
  let supervisor = launch(root, environment, options.as)
  const pids = () => alivePids(pidFolder)
  try {
    await supervisor.ready
  } catch (error) {
    await endAll(supervisor.process, pidFolder)
    rmSync(dataDir, { recursive: true, force: true })
    throw error
  }

  return {
    baseUrl,
    sandboxUrl: `http://127.0.0.1:${sandboxPort}`,
    apiKey,
    adminEmail,
    adminPassword,
    dataDir,
    output: () => supervisor.output(),
    pids,
    kill: (name, signal = 'SIGKILL') => {
      const pid = name === SUPERVISOR ? supervisor.process.pid : pids()[name]
      if (pid === undefined) throw new Error(`No process ${name} runs; there are ${Object.keys(pids()).join(', ')}.`)
      process.kill(pid, signal)
      return pid
    },
    untilBack: async (name, formerPid) => {
      await until(
        `${name} is back`,
        async () => {
          const pid = pids()[name]
          if (pid === undefined || pid === formerPid) return false
          const response = await fetch(`${baseUrl}/readyz`, { signal: AbortSignal.timeout(2000) })
          await response.arrayBuffer()
          return response.ok
        },
        PROCESSES,
      )
    },
    startAgain: async () => {
      await ended(supervisor.process)
      supervisor = launch(root, environment, options.as)
      await supervisor.ready
    },
    interrupt: async () => {
      supervisor.process.kill('SIGINT')
      await ended(supervisor.process)
      return supervisor.process.exitCode ?? -1
    },
    stop: async () => {
      await endAll(supervisor.process, pidFolder)
      rmSync(dataDir, { recursive: true, force: true })
    },
  }
}

type Launched = { process: ChildProcess; ready: Promise<void>; output: () => string }

function launch(root: string, environment: NodeJS.ProcessEnv, as: InstanceOptions['as']): Launched {
  const child = spawn(process.execPath, ['--disable-warning=ExperimentalWarning', root], {
    env: environment,
    stdio: ['ignore', 'pipe', 'pipe'],
    ...as,
  })
  const lines: string[] = []
  const ready = new Promise<void>((resolve, reject) => {
    const fail = (why: string) => reject(new Error(`The instance ${why}. It said:\n${lines.join('\n')}`))
    const timer = setTimeout(() => fail(`was not ready in ${START_LIMIT_MS / 1000} s`), START_LIMIT_MS)
    for (const stream of [child.stdout, child.stderr]) {
      createInterface({ input: stream }).on('line', (line) => {
        lines.push(line)
        if (line.startsWith(READY)) {
          clearTimeout(timer)
          resolve()
        }
      })
    }
    // `close` comes after the last line, `exit` may come before it.
    child.once('close', (code, signal) => {
      clearTimeout(timer)
      fail(`ended (${signal ?? code}) before it was ready`)
    })
  })
  // After it was ready its end rejects nothing, but a rejection before anyone awaits must not end the test run.
  ready.catch(() => undefined)
  return { process: child, ready, output: () => lines.join('\n') }
}

function alivePids(folder: string): Record<string, number> {
  return Object.fromEntries(
    readPidFiles(folder).flatMap((record) => (isAlive(record) ? [[record.name, record.pid]] : [])),
  )
}

async function ended(child: ChildProcess): Promise<void> {
  if (child.exitCode !== null || child.signalCode !== null) return
  const timer = setTimeout(() => child.kill('SIGKILL'), STOP_LIMIT_MS)
  await once(child, 'exit')
  clearTimeout(timer)
}

async function endAll(supervisor: ChildProcess, pidFolder: string): Promise<void> {
  if (supervisor.exitCode === null && supervisor.signalCode === null) supervisor.kill('SIGINT')
  await ended(supervisor)
  await until('every process has ended', () => Object.keys(alivePids(pidFolder)).length === 0, PROCESSES)
}

function memoryFolder(): string {
  try {
    accessSync('/dev/shm', constants.W_OK)
    return '/dev/shm'
  } catch {
    return tmpdir()
  }
}

// What the developer's shell has set for an instance of their own does not leak into a test's.
/** The environment without the product's own variables, which whoever runs the tests may have set. */
export function withoutProduct(variables: NodeJS.ProcessEnv): NodeJS.ProcessEnv {
  return Object.fromEntries(
    Object.entries(variables).filter(([name]) => !name.startsWith('SIGNALBOX_') && !name.startsWith('TEMPORAL_')),
  )
}
