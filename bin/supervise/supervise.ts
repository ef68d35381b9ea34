import { join } from 'node:path'
import { type Child, type ChildSpec, type Exit, type RunFolder, startChild, watchOrphans } from './child.ts'
import { type LogFile, openLogFile } from './log-file.ts'
import { UserError } from './user-error.ts'

const FIRST_DELAY_MS = 250
/** What ends again and again is tried this often all the same: work waits for it. */
const LONGEST_DELAY_MS = 10_000
const HEALTHY_MS = 20_000
const TRIES_AT_START = 3
const START_LIMIT_MS = 180_000
const HEARTBEAT_MS = 5000
/** What our own processes exit with when a person has to mend something: starting again would not help. */
const EXIT_CONFIGURATION = 78
const SAY = 'signalbox:say '

/** One supervised process. */
export type Service = {
  name: string
  /** As printed to people. */
  title: string
  /** Names of the services that have to answer before this one is started. */
  needs: string[]
  /** A task runs once, to its end; a service is started again whenever it ends. */
  kind: 'service' | 'task'
  /** Services are stopped in the order of this number, equal ones at the same time. */
  stopAt: number
  /** Called before each start. */
  prepare: () => Promise<ChildSpec>
  /** Called once, after the first time it answers and before those that need it are started. */
  afterReady?: () => Promise<void>
}

/** A running set of services. */
export type Supervision = {
  /** Resolves when all answer. Rejects with a UserError when one cannot be started. */
  started: Promise<void>
  /** Ends one service; it comes back at once. */
  restart: (name: string) => Promise<void>
  /** Ends all in order; a second call kills what is left at once. */
  stop: () => Promise<void>
}

/** What a supervisor needs around it. */
export type Surroundings = { folder: RunFolder; logs: string; say: (line: string) => void }

/** Milliseconds to wait before the next start, after `failures` ends in a row without a healthy while. */
export function restartDelay(failures: number): number {
  return Math.min(LONGEST_DELAY_MS, FIRST_DELAY_MS * 2 ** failures)
}

/** Starts the services in the order of their needs and keeps them running until `stop`. */
export function supervise(services: Service[], surroundings: Surroundings): Supervision {
  const watcher = watchOrphans(surroundings.folder)
  const stopping = new AbortController()
  const running = services.map((service) => new Runner(service, surroundings, stopping.signal))
  const byName = new Map(running.map((runner) => [runner.service.name, runner]))
  for (const runner of running) {
    const needs = runner.service.needs.flatMap((name) => byName.get(name) ?? [])
    void runner.run(Promise.all(needs.map((need) => need.ready)))
  }
  return {
    started: Promise.all(running.map((runner) => runner.ready)).then(() => undefined),
    restart: async (name) => {
      await byName.get(name)?.restart()
    },
    stop: async () => {
      if (stopping.signal.aborted) {
        for (const runner of running) runner.kill()
        return
      }
      stopping.abort()
      for (const at of [...new Set(services.map((service) => service.stopAt))].sort((a, b) => a - b)) {
        await Promise.all(running.filter((runner) => runner.service.stopAt === at).map((runner) => runner.stop()))
      }
      watcher.stop()
    },
  }
}

/** Keeps one service running. */
class Runner {
  readonly service: Service
  readonly ready: Promise<void>
  readonly #surroundings: Surroundings
  readonly #stopping: AbortSignal
  readonly #log: LogFile
  readonly #firstReady = Promise.withResolvers<void>()
  #child: Child | null = null
  #answered = false
  #expected = false

  constructor(service: Service, surroundings: Surroundings, stopping: AbortSignal) {
    this.service = service
    this.#surroundings = surroundings
    this.#stopping = stopping
    this.#log = openLogFile(join(surroundings.logs, `${service.name}.log`))
    this.ready = this.#firstReady.promise
    // Whoever waits for it sees the rejection; without anyone it must not end the process.
    this.ready.catch(() => undefined)
  }

  async run(needs: Promise<unknown>): Promise<void> {
    try {
      await needs
    } catch (error) {
      this.#firstReady.reject(error)
      return
    }
    const begun = performance.now()
    const heartbeat = setInterval(() => this.#beat(begun), HEARTBEAT_MS)
    try {
      await this.#keep(begun)
    } catch (error) {
      this.#firstReady.reject(error)
    } finally {
      clearInterval(heartbeat)
    }
  }

  async #keep(begun: number): Promise<void> {
    let failures = 0
    while (!this.#stopping.aborted) {
      const from = performance.now()
      const exit = await this.#once(begun).catch((error: unknown) => this.#survive(error))
      if (this.#stopping.aborted || exit === null) return
      if (this.#expected) {
        this.#expected = false
        failures = 0
        continue
      }
      if (!this.#answered) this.#refuseHopeless(exit, failures + 1)
      failures = performance.now() - from > HEALTHY_MS ? 0 : failures
      const delay = restartDelay(failures++)
      this.#surroundings.say(`${this.service.title} ended (${describe(exit)}); starting it again in ${delay / 1000} s`)
      await pause(delay, this.#stopping)
    }
  }

  /** One life of the process; null when a task has done its work. */
  async #once(begun: number): Promise<Exit | null> {
    const spec = await this.service.prepare()
    if (this.#stopping.aborted) return null
    const child = startChild(spec, this.#surroundings.folder, (line) => this.#hear(line))
    this.#child = child
    if (this.service.kind === 'task') {
      const exit = await child.exited
      if (exit.code !== 0) return exit
      await this.#answer(begun)
      return null
    }
    const first = await Promise.race([child.ready.then(() => null), child.exited])
    if (first !== null) return first
    await this.#answer(begun)
    return child.exited
  }

  // Once it has answered, nothing that goes wrong in between ends the supervision: it is tried again, later and later.
  #survive(error: unknown): Exit {
    if (!this.#answered) throw error
    this.#surroundings.say(`${this.service.title}: ${error instanceof Error ? error.message : String(error)}`)
    return { code: null, signal: null }
  }

  async #answer(begun: number): Promise<void> {
    if (this.#answered) {
      this.#surroundings.say(`${this.service.title} is back`)
      return
    }
    await this.service.afterReady?.()
    this.#answered = true
    const seconds = ((performance.now() - begun) / 1000).toFixed(1)
    this.#surroundings.say(
      `  ${this.service.title.padEnd(10)} ${this.service.kind === 'task' ? 'done' : 'up'} in ${seconds} s`,
    )
    this.#firstReady.resolve()
  }

  #hear(line: string): void {
    // Printed once and kept nowhere: it may be a password that was made up for the first start.
    if (line.startsWith(SAY)) this.#surroundings.say(line.slice(SAY.length))
    else this.#log.write(line)
  }

  #refuseHopeless(exit: Exit, tries: number): void {
    if (exit.code !== EXIT_CONFIGURATION && tries < TRIES_AT_START) return
    const said = this.#log.recent(12).map((line) => `  ${line}`)
    throw new UserError(
      [
        `${this.service.title} could not be started (${describe(exit)}). It said:`,
        ...said,
        `More in ${this.#log.path}`,
      ].join('\n'),
    )
  }

  #beat(begun: number): void {
    if (this.#answered || this.#stopping.aborted) return
    const waited = performance.now() - begun
    this.#surroundings.say(`  … ${this.service.title} is starting (${Math.round(waited / 1000)} s)`)
    if (waited > START_LIMIT_MS) {
      this.#firstReady.reject(
        new UserError(
          `${this.service.title} did not answer within ${START_LIMIT_MS / 1000} s. Its log: ${this.#log.path}`,
        ),
      )
    }
  }

  async restart(): Promise<void> {
    this.#expected = true
    await this.#child?.stop()
  }

  async stop(): Promise<void> {
    await this.#child?.stop()
  }

  kill(): void {
    this.#child?.kill()
  }
}

function describe(exit: Exit): string {
  if (exit.signal !== null) return exit.signal
  return exit.code === null ? 'not started' : `exit code ${exit.code}`
}

function pause(milliseconds: number, signal: AbortSignal): Promise<void> {
  return new Promise((resolve) => {
    const timer = setTimeout(resolve, milliseconds)
    signal.addEventListener('abort', () => {
      clearTimeout(timer)
      resolve()
    })
  })
}
