import { setTimeout as sleep } from 'node:timers/promises'
import { isPortFree } from '../embedded/free-port.ts'
import { type Environment, readEnvironment } from '../environment.ts'
import { openDataFolder } from './data-folder.ts'
import { type EntryPoints, productServices } from './product.ts'
import { type Supervision, supervise } from './supervise.ts'
import { release, takeOver } from './take-over.ts'
import { explain, isUserError, UserError } from './user-error.ts'

const READY_LIMIT_MS = 120_000
const POLL_MS = 50

/** What the root of the supervisor gives. */
export type ProductOptions = {
  entryPoints: EntryPoints
  variables: NodeJS.ProcessEnv
  /** Prints one line to a person. */
  say: (line: string) => void
  /** Aborted by Ctrl-C. */
  stop: AbortSignal
  /** Called as soon as there is something to restart or to kill. */
  onStart?: (supervision: Supervision) => void
}

/**
 * Runs one instance until `stop` is aborted.
 * @returns the process's exit code
 */
export async function runProduct(options: ProductOptions): Promise<number> {
  try {
    await run(options)
    return 0
  } catch (error) {
    if (!isUserError(error)) throw error
    options.say(`\nSignalbox could not start.\n${explain(error)}`)
    return 1
  }
}

async function run({ entryPoints, variables, say, stop, onStart }: ProductOptions): Promise<void> {
  const begun = performance.now()
  const environment = readEnvironment(variables, { sandbox: true, demo: true })
  const folder = openDataFolder(environment.dataDir)
  const runFolder = await takeOver(folder, say)
  try {
    await refuseBusyPorts(environment)
    say(`Signalbox is starting; data in ${folder.path}, logs in ${folder.logs}`)
    const services = await productServices({ environment, variables, folder, entryPoints })
    if (stop.aborted) return
    const supervision = supervise(services, { folder: runFolder, logs: folder.logs, say })
    onStart?.(supervision)
    const asked = aborted(stop)
    try {
      const answers = supervision.started.then(() => untilReady(environment, stop))
      const first = await Promise.race([answers.then(() => 'ready' as const), asked])
      if (first === 'ready') {
        const seconds = ((performance.now() - begun) / 1000).toFixed(1)
        say(`  all up in ${seconds} s; Ctrl-C ends it`)
        say(`Signalbox is ready: ${environment.publicUrl}`)
        await asked
      }
      say('Signalbox is stopping …')
    } finally {
      await supervision.stop()
    }
    say('Signalbox has stopped.')
  } finally {
    release(runFolder)
  }
}

async function refuseBusyPorts(environment: Environment): Promise<void> {
  const ports = [{ variable: 'SIGNALBOX_PORT', port: environment.port, host: environment.host }]
  if (environment.sandbox) {
    ports.push({ variable: 'SIGNALBOX_SANDBOX_PORT', port: environment.sandboxPort, host: '127.0.0.1' })
  }
  if (environment.sandbox && environment.port === environment.sandboxPort) {
    throw new UserError(
      `SIGNALBOX_PORT and SIGNALBOX_SANDBOX_PORT are both ${environment.port}. Give one of them another port.`,
      'PORT_IN_USE',
    )
  }
  for (const { variable, port, host } of ports) {
    if (await isPortFree(port, host)) continue
    throw new UserError(
      `${variable}: port ${port} on ${host} is in use by another program (or not allowed for this user). ` +
        `Stop that program, or choose another port: ${variable}=${port + 1} npm start`,
      'PORT_IN_USE',
    )
  }
}

async function untilReady(environment: Environment, stop: AbortSignal): Promise<void> {
  const host = environment.host === '0.0.0.0' ? '127.0.0.1' : environment.host === '::' ? '::1' : environment.host
  const url = `http://${host.includes(':') ? `[${host}]` : host}:${environment.port}/readyz`
  const deadline = performance.now() + READY_LIMIT_MS
  let last = 'no answer'
  while (!stop.aborted) {
    try {
      const response = await fetch(url, { signal: AbortSignal.timeout(5000) })
      const body = await response.text()
      if (response.ok) return
      last = `${response.status} ${body.slice(0, 500)}`
    } catch (error) {
      last = String(error)
    }
    if (performance.now() > deadline) {
      throw new UserError(`${url} did not become ready within ${READY_LIMIT_MS / 1000} s; it last said: ${last}`)
    }
    await sleep(POLL_MS)
  }
}

function aborted(signal: AbortSignal): Promise<'stop'> {
  return new Promise((resolve) => {
    if (signal.aborted) resolve('stop')
    signal.addEventListener('abort', () => resolve('stop'), { once: true })
  })
}
