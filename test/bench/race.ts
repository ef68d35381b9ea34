import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { Client, WorkflowIdConflictPolicy } from '@temporalio/client'
import { TypedSearchAttributes } from '@temporalio/common'
import {
  bundleWorkflowCode,
  makeTelemetryFilterString,
  NativeConnection,
  Runtime,
  type Worker,
} from '@temporalio/worker'
import { createRunDirectory } from '../../api/db/run-directory.ts'
import { subjectHash } from '../../engine/ids.ts'
import type { Plan } from '../../engine/model/plan.ts'
import type { Ports, RunRef } from '../../engine/ports.ts'
import { workflowBundlePath } from '../../engine/temporal/bundle.ts'
import { createRunClient } from '../../engine/temporal/run-client.ts'
import { dataConverterOf } from '../../engine/temporal/data-converter.ts'
import { createRunWorkers } from '../../engine/temporal/run-worker.ts'
import { PLAYBOOK, SUBJECT, VERSION, WORKSPACE } from '../../engine/temporal/search-attributes.ts'
import { bareActivities } from './bare-activities.ts'
import { handwrittenActivities } from './handwritten-activities.ts'
import { cpuMsOfTrees } from './machine.ts'
import { shown } from './report.ts'
import type { HandwrittenSteps } from './run-variants.ts'
import { createRunWorld, type Published, type RunWorld } from './run-world.ts'
import { type Servers, startServers } from './servers.ts'
import { type Transitions, transitionsOf } from './transitions.ts'

const RUN_LIMIT_MS = 30_000

/** Whose workflows carry runs out: each has workers, a queue and a bundle of its own. */
export const TEAMS = ['signalbox', 'handwritten', 'bare'] as const
export type Team = (typeof TEAMS)[number]

/** One way to carry one playbook out. */
export interface Runner {
  team: Team
  playbook: Published
  /** Of a workflow by hand: its name. */
  workflow?: string
}

export interface Rules {
  /** Short rounds and many: a shared machine's load changes within seconds. */
  rounds: number
  runsARound: number
  inFlight: number
  /** Before anything counts. */
  warmUp: number
  oneAtATime: number
}

export interface Measured {
  runsPerSecond: number[]
  cpuMs: { worker: number; temporal: number; postgres: number; sandbox: number }
  runs: number
  latencies: number[]
  transitions: Transitions
}

/** Servers, a world and one team's workers each, on which runners race. */
export interface Track {
  world: RunWorld
  servers: Servers
  client: Client
  start(runner: Runner, run: RunRef): Promise<void>
  /** Told by the last activity of a run, so that waiting for its end costs the server nothing. */
  ends: Map<string, () => void>
}

/** Lays out a track, lets `work` race on it, and clears it away. */
export async function onTrack<T>(teams: readonly Team[], work: (track: Track) => Promise<T>): Promise<T> {
  // A busy machine makes Temporal's core warn of every slow workflow task; the figures say that already.
  const logging = { filter: makeTelemetryFilterString({ core: 'ERROR', other: 'ERROR' }) }
  Runtime.install({ logger: quiet, telemetryOptions: { logging } })
  const servers = await startServers()
  const folder = await mkdtemp(join(tmpdir(), 'signalbox-bench-bundles-'))
  const connection = await NativeConnection.connect({ address: servers.temporalAddress })
  const world = await createRunWorld(servers)
  const { track, workers } = await layOut({ world, servers, connection, folder, teams })
  const running = Promise.all(workers.map((worker) => worker.run()))
  try {
    return await work(track)
  } finally {
    for (const worker of workers) if (worker.getState() === 'RUNNING') worker.shutdown()
    await running
    await world.close()
    await connection.close()
    await servers.close()
    await rm(folder, { recursive: true, force: true })
  }
}

/** The runners take turns, so that what else the machine does meets all of them alike. @returns in their order */
export async function race(track: Track, runners: readonly Runner[], rules: Rules): Promise<Measured[]> {
  const entries = runners.map((runner) => ({
    runner,
    measured: {
      runsPerSecond: [],
      cpuMs: { worker: 0, temporal: 0, postgres: 0, sandbox: 0 },
      runs: 0,
      latencies: [],
      transitions: { events: {}, actions: 0 },
    } as Measured,
  }))
  /** Another order each time: whoever comes after a heavy one pays for what it left behind. */
  const turned = (by: number) => [...entries.slice(by % entries.length), ...entries.slice(0, by % entries.length)]
  for (const { runner } of entries) await throughput(track, runner, { count: rules.warmUp, inFlight: rules.inFlight })
  for (let i = 0; i < rules.oneAtATime; i += 1)
    for (const { runner, measured } of turned(i)) measured.latencies.push(await oneRun(track, runner))
  for (let round = 0; round < rules.rounds; round += 1)
    for (const { runner, measured } of turned(round)) {
      const count = rules.runsARound
      const { seconds, cpuMs } = await throughput(track, runner, { count, inFlight: rules.inFlight })
      measured.runsPerSecond.push(count / seconds)
      measured.runs += count
      for (const part of ['worker', 'temporal', 'postgres', 'sandbox'] as const) measured.cpuMs[part] += cpuMs[part]
    }
  for (const { runner, measured } of entries) measured.transitions = await transitionsOfOne(track, runner)
  return entries.map(({ measured }) => measured)
}

async function enrollOne({ team, playbook }: Runner): Promise<RunRef> {
  const [run] = await playbook.enroll(team, 1)
  if (run === undefined) throw new Error('No run was enrolled.')
  return run
}

async function transitionsOfOne(track: Track, runner: Runner): Promise<Transitions> {
  const run = await enrollOne(runner)
  await runToItsEnd(track, runner, run)
  const { events } = await track.client.workflow.getHandle(run.runId).fetchHistory()
  return transitionsOf(events ?? [])
}

/** Milliseconds from the start of one run to its end, with nothing else under way. */
async function oneRun(track: Track, runner: Runner): Promise<number> {
  const run = await enrollOne(runner)
  const began = performance.now()
  await runToItsEnd(track, runner, run)
  return performance.now() - began
}

async function runToItsEnd({ start, client, ends }: Track, runner: Runner, run: RunRef): Promise<void> {
  ends.set(run.runId, () => {})
  await start(runner, run)
  await client.workflow.getHandle(run.runId).result()
}

async function throughput(track: Track, runner: Runner, { count, inFlight }: { count: number; inFlight: number }) {
  const { client, ends } = track
  const runs = await runner.playbook.enroll(runner.team, count)
  const cpuBefore = cpuNow(track)
  const began = performance.now()
  const rest = [...runs]
  const lane = async (): Promise<void> => {
    for (let run = rest.shift(); run !== undefined; run = rest.shift()) {
      const { runId } = run
      const ended = new Promise<void>((resolve) => ends.set(runId, resolve))
      await track.start(runner, run)
      await within(ended, `the end of ${runner.team} run ${runId}`)
    }
  }
  await Promise.all(Array.from({ length: inFlight }, lane))
  // The last activity's answer is not the workflow's end yet.
  await Promise.all(runs.slice(-inFlight).map(({ runId }) => client.workflow.getHandle(runId).result()))
  const seconds = (performance.now() - began) / 1000
  const cpuAfter = cpuNow(track)
  const spent = (part: keyof typeof cpuAfter) => cpuAfter[part] - cpuBefore[part]
  const cpuMs = {
    worker: spent('worker'),
    temporal: spent('temporal'),
    postgres: spent('postgres'),
    sandbox: spent('sandbox'),
  }
  return { seconds, cpuMs }
}

function cpuNow({ servers }: Track): Measured['cpuMs'] {
  const { user, system } = process.cpuUsage()
  return {
    worker: (user + system) / 1000,
    temporal: cpuMsOfTrees([servers.pids.temporal]),
    postgres: cpuMsOfTrees([servers.pids.postgres]),
    sandbox: cpuMsOfTrees([servers.pids.sandbox]),
  }
}

async function within(work: Promise<void>, what: string): Promise<void> {
  let timer: NodeJS.Timeout | undefined
  const late = new Promise<never>((_resolve, reject) => {
    timer = setTimeout(() => reject(new Error(`Waited ${RUN_LIMIT_MS / 1000} s in vain for ${what}.`)), RUN_LIMIT_MS)
  })
  try {
    await Promise.race([work, late])
  } finally {
    clearTimeout(timer)
  }
}

interface LayingOut {
  world: RunWorld
  servers: Servers
  connection: NativeConnection
  folder: string
  teams: readonly Team[]
}

async function layOut({ world, servers, connection, folder, teams }: LayingOut) {
  const ends = new Map<string, () => void>()
  const ended = (runId: string) => {
    ends.get(runId)?.()
    ends.delete(runId)
  }
  const ports = tellingEnds(world.ports, ended)
  const { namespace } = servers
  const dataConverter = dataConverterOf(ports)
  const client = new Client({ connection, namespace, dataConverter })
  const perform = { slowMs: 1_500, callTimeoutMs: 10_000, random: Math.random }
  const workers: Worker[] = []
  for (const team of teams) {
    const bundlePath = team === 'signalbox' ? await workflowBundlePath() : await bundle(team, folder)
    const schedules = {
      enrollPage: () => Promise.resolve(null),
      ...handwrittenActivities(ports, perform),
      ...bareActivities(ports, ended),
    }
    const taskQueue = `bench-${team}`
    workers.push(
      ...(await createRunWorkers({ connection, namespace, ports, schedules, perform, bundlePath, taskQueue })),
    )
  }
  const directory = createRunDirectory(world.database.pool)
  const product = createRunClient({ client, directory, taskQueue: 'bench-signalbox', eager: true })
  const start: Track['start'] = (runner, run) =>
    runner.team === 'signalbox' ? product.startRuns([run]) : startByHand({ client, directory, runner }, run)
  const track: Track = { world, servers, client, ends, start }
  return { track, workers }
}

interface ByHand {
  client: Client
  directory: ReturnType<typeof createRunDirectory>
  runner: Runner
}

/** As the product's own client starts a run, without the plan. */
async function startByHand({ client, directory, runner }: ByHand, ref: RunRef): Promise<void> {
  const [run] = await directory.startData([ref])
  if (run === undefined) throw new Error(`There is no run ${ref.runId}.`)
  const { workspaceId, runId, subject, trigger } = run
  await client.workflow.start(runner.workflow ?? runner.team, {
    taskQueue: `bench-${runner.team}`,
    workflowId: runId,
    args: [{ workspaceId, runId, subject, trigger, carried: null }, stepsOf(runner.playbook.plan)],
    typedSearchAttributes: new TypedSearchAttributes([
      { key: WORKSPACE, value: workspaceId },
      { key: PLAYBOOK, value: run.playbookId },
      { key: VERSION, value: run.version },
      { key: SUBJECT, value: subjectHash(workspaceId, subject.kind, subject.id) },
    ]),
    workflowIdConflictPolicy: WorkflowIdConflictPolicy.USE_EXISTING,
    requestEagerStart: true,
  })
}

/** The ports of the product, telling when a run has written the end of its record. */
function tellingEnds(ports: Ports, ended: (runId: string) => void): Ports {
  const { runs } = ports
  return {
    ...ports,
    runs: {
      ...runs,
      conclude: async (run, part, at) => {
        await runs.conclude(run, part, at)
        ended(run.runId)
      },
    },
  }
}

function stepsOf({ reads, steps }: Plan): HandwrittenSteps {
  const actions = steps.flatMap((step) =>
    step.op === 'act' && step.connection !== null
      ? [[step.id, { action: step.type, connection: step.connection, input: step.input }] as const]
      : [],
  )
  return { reads, actions: Object.fromEntries(actions) }
}

async function bundle(team: Team, folder: string): Promise<string> {
  const workflowsPath = join(import.meta.dirname, `${team}-workflow.ts`)
  const { code } = await bundleWorkflowCode({ workflowsPath, logger: quiet })
  const path = join(folder, `${team}.js`)
  await writeFile(path, code)
  return path
}

const none = () => {}
/** The actions' own queue has no workflows, as is right; anything else worth a warning is shown. */
const warn = (message: string, meta?: unknown): void => {
  if (!message.startsWith('No workflows registered')) console.warn(message, meta)
}
const quiet = { log: none, trace: none, debug: none, info: none, warn, error: console.error }

/** Runs a second over all rounds: they are of one size. */
export const rateOf = ({ runsPerSecond }: Measured): number =>
  runsPerSecond.length / runsPerSecond.reduce((sum, each) => sum + 1 / each, 0)

/** Milliseconds a run, of all processes. */
export const cpuOf = ({ cpuMs, runs }: Measured): number => Object.values(cpuMs).reduce((sum, ms) => sum + ms, 0) / runs

export const eventsOf = ({ transitions }: Measured): number =>
  Object.values(transitions.events).reduce((sum, n) => sum + n, 0)

/** How the rounds of one went against those of the other. */
export const roundsAgainst = (own: Measured, other: Measured): string =>
  `rounds ${spread(own.runsPerSecond.map((each, i) => each / (other.runsPerSecond[i] ?? Number.NaN)))}`

export const spread = (values: number[]): string => `${shown(Math.min(...values))}–${shown(Math.max(...values))}`

/** Where the CPU went, and what the history holds. */
export function costLine(measured: Measured): string {
  const cpu = Object.entries(measured.cpuMs).map(([part, ms]) => `${part} ${shown(ms / measured.runs)}`)
  const events = Object.entries(measured.transitions.events).map(([type, count]) => `${count} ${type}`)
  return `    CPU ms a run: ${shown(cpuOf(measured))} = ${cpu.join(' + ')}; history: ${events.join(', ')}`
}
