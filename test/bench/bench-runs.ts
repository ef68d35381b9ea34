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
import { type Figure, median, percentile, type Report, shown } from './report.ts'
import type { HandwrittenSteps } from './run-variants.ts'
import { createRunWorld, type RunWorld, SUBJECTS } from './run-world.ts'
import { type Servers, startServers } from './servers.ts'
import { type Transitions, transitionsOf } from './transitions.ts'

// Short rounds and many: a shared machine's load changes within seconds.
const ROUNDS = 12
const RUNS_A_ROUND = 75
const IN_FLIGHT = 20
const ONE_AT_A_TIME = 100
const RUN_LIMIT_MS = 30_000

const VARIANTS = ['signalbox', 'handwritten', 'bare'] as const
type Variant = (typeof VARIANTS)[number]

/** One way to carry the same playbook out. */
interface Runner {
  start(run: RunRef): Promise<void>
  workers: Worker[]
}

interface Bench {
  world: RunWorld
  servers: Servers
  client: Client
  runners: { [variant in Variant]: Runner }
  /** Told by the last activity of a run, so that waiting for its end costs the server nothing. */
  ends: Map<string, () => void>
}

interface Measured {
  runsPerSecond: number[]
  cpuMs: { worker: number; temporal: number; postgres: number; sandbox: number }
  runs: number
  latencies: number[]
  transitions: Transitions
}

/**
 * (a) Runs of a branch and two actions against the same workflow by hand, with the same activities, ledger and record,
 * and against a bare one. The three take turns, so that what else the machine does meets all of them alike.
 */
export async function benchRuns(): Promise<Report> {
  // A busy machine makes Temporal's core warn of every slow workflow task; the figures say that already.
  const logging = { filter: makeTelemetryFilterString({ core: 'ERROR', other: 'ERROR' }) }
  Runtime.install({ logger: quiet, telemetryOptions: { logging } })
  const servers = await startServers()
  const folder = await mkdtemp(join(tmpdir(), 'signalbox-bench-bundles-'))
  const connection = await NativeConnection.connect({ address: servers.temporalAddress })
  const world = await createRunWorld(servers)
  const bench = await createBench({ world, servers, connection, folder })
  const workers = VARIANTS.flatMap((variant) => bench.runners[variant].workers)
  const running = Promise.all(workers.map((worker) => worker.run()))
  try {
    return reportOf(await measure(bench))
  } finally {
    for (const worker of workers) if (worker.getState() === 'RUNNING') worker.shutdown()
    await running
    await world.close()
    await connection.close()
    await servers.close()
    await rm(folder, { recursive: true, force: true })
  }
}

async function measure(bench: Bench): Promise<{ [variant in Variant]: Measured }> {
  const empty = (): Measured => ({
    runsPerSecond: [],
    cpuMs: { worker: 0, temporal: 0, postgres: 0, sandbox: 0 },
    runs: 0,
    latencies: [],
    transitions: { events: {}, actions: 0 },
  })
  const measured = { signalbox: empty(), handwritten: empty(), bare: empty() }
  for (const variant of VARIANTS) await throughput(bench, variant, 3 * SUBJECTS)
  for (let i = 0; i < ONE_AT_A_TIME; i += 1)
    for (const variant of turned(i)) measured[variant].latencies.push(await oneRun(bench, variant))
  for (let round = 0; round < ROUNDS; round += 1) {
    for (const variant of turned(round)) {
      const { seconds, cpuMs } = await throughput(bench, variant, RUNS_A_ROUND)
      const sums = measured[variant]
      sums.runsPerSecond.push(RUNS_A_ROUND / seconds)
      sums.runs += RUNS_A_ROUND
      for (const part of ['worker', 'temporal', 'postgres', 'sandbox'] as const) sums.cpuMs[part] += cpuMs[part]
    }
  }
  for (const variant of VARIANTS) {
    const [run] = await bench.world.enroll(variant, 1)
    if (run === undefined) throw new Error('No run was enrolled.')
    await runToItsEnd(bench, variant, run)
    const { events } = await bench.client.workflow.getHandle(run.runId).fetchHistory()
    measured[variant].transitions = transitionsOf(events ?? [])
  }
  return measured
}

/** Another order each time: whoever comes after a heavy one pays for what it left behind. */
const turned = (by: number): Variant[] => VARIANTS.map((_, at) => VARIANTS[(at + by) % 3] ?? 'signalbox')

/** Milliseconds from the start of one run to its end, with nothing else under way. */
async function oneRun(bench: Bench, variant: Variant): Promise<number> {
  const [run] = await bench.world.enroll(variant, 1)
  if (run === undefined) throw new Error('No run was enrolled.')
  const began = performance.now()
  await runToItsEnd(bench, variant, run)
  return performance.now() - began
}

async function runToItsEnd({ runners, client, ends }: Bench, variant: Variant, run: RunRef): Promise<void> {
  ends.set(run.runId, () => {})
  await runners[variant].start(run)
  await client.workflow.getHandle(run.runId).result()
}

async function throughput(bench: Bench, variant: Variant, count: number) {
  const { world, client, runners, ends } = bench
  const runs = await world.enroll(variant, count)
  const cpuBefore = cpuNow(bench)
  const began = performance.now()
  const rest = [...runs]
  const lane = async (): Promise<void> => {
    for (let run = rest.shift(); run !== undefined; run = rest.shift()) {
      const { runId } = run
      const ended = new Promise<void>((resolve) => ends.set(runId, resolve))
      await runners[variant].start(run)
      await within(ended, `the end of ${variant} run ${runId}`)
    }
  }
  await Promise.all(Array.from({ length: IN_FLIGHT }, lane))
  // The last activity's answer is not the workflow's end yet.
  await Promise.all(runs.slice(-IN_FLIGHT).map(({ runId }) => client.workflow.getHandle(runId).result()))
  const seconds = (performance.now() - began) / 1000
  const cpuAfter = cpuNow(bench)
  const spent = (part: keyof typeof cpuAfter) => cpuAfter[part] - cpuBefore[part]
  const cpuMs = {
    worker: spent('worker'),
    temporal: spent('temporal'),
    postgres: spent('postgres'),
    sandbox: spent('sandbox'),
  }
  return { seconds, cpuMs }
}

function cpuNow({ servers }: Bench): Measured['cpuMs'] {
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

interface Making {
  world: RunWorld
  servers: Servers
  connection: NativeConnection
  folder: string
}

async function createBench({ world, servers, connection, folder }: Making): Promise<Bench> {
  const ends = new Map<string, () => void>()
  const ended = (runId: string) => {
    ends.get(runId)?.()
    ends.delete(runId)
  }
  const ports = tellingEnds(world.ports, ended)
  const { namespace } = servers
  const dataConverter = dataConverterOf(ports)
  const client = new Client({ connection, namespace, dataConverter })
  const directory = createRunDirectory(world.database.pool)
  const steps = handwrittenSteps(world.plan)
  const perform = { slowMs: 1_500, callTimeoutMs: 10_000, random: Math.random }
  const workersOf = async (variant: Variant, bundlePath: string) =>
    createRunWorkers({
      connection,
      namespace,
      ports,
      schedules: {
        enrollPage: () => Promise.resolve(null),
        ...handwrittenActivities(ports, perform),
        ...bareActivities(ports, ended),
      },
      perform,
      bundlePath,
      taskQueue: `bench-${variant}`,
    })
  const product = createRunClient({ client, directory, taskQueue: 'bench-signalbox', eager: true })
  // As the product's own client starts a run, without the plan.
  const startByHand = (variant: Variant) => async (ref: RunRef) => {
    const [run] = await directory.startData([ref])
    if (run === undefined) throw new Error(`There is no run ${ref.runId}.`)
    const { workspaceId, runId, subject, trigger } = run
    await client.workflow.start(variant, {
      taskQueue: `bench-${variant}`,
      workflowId: runId,
      args: [{ workspaceId, runId, subject, trigger, carried: null }, steps],
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
  const byHand = async (variant: Variant): Promise<Runner> => ({
    start: startByHand(variant),
    workers: await workersOf(variant, await bundle(variant, folder)),
  })
  const signalbox: Runner = {
    start: (run) => product.startRuns([run]),
    workers: await workersOf('signalbox', await workflowBundlePath()),
  }
  const runners = { signalbox, handwritten: await byHand('handwritten'), bare: await byHand('bare') }
  return { world, servers, client, runners, ends }
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

function handwrittenSteps(plan: Plan): HandwrittenSteps {
  const stepOf = (id: string) => {
    const step = plan.steps.find((candidate) => candidate.id === id)
    if (step?.op !== 'act' || step.connection === null) throw new Error(`The plan has no action ${id}.`)
    return { action: step.type, connection: step.connection, input: step.input }
  }
  return { reads: plan.reads, tag: stepOf('tag'), opp: stepOf('opp') }
}

async function bundle(variant: Variant, folder: string): Promise<string> {
  const workflowsPath = join(import.meta.dirname, `${variant}-workflow.ts`)
  const { code } = await bundleWorkflowCode({ workflowsPath, logger: quiet })
  const path = join(folder, `${variant}.js`)
  await writeFile(path, code)
  return path
}

const none = () => {}
/** The actions' own queue has no workflows, as is right; anything else worth a warning is shown. */
const warn = (message: string, meta?: unknown): void => {
  if (!message.startsWith('No workflows registered')) console.warn(message, meta)
}
const quiet = { log: none, trace: none, debug: none, info: none, warn, error: console.error }

function reportOf(measured: { [variant in Variant]: Measured }): Report {
  const { signalbox, handwritten, bare } = measured
  const rate = ({ runsPerSecond }: Measured) =>
    runsPerSecond.length / runsPerSecond.reduce((sum, each) => sum + 1 / each, 0)
  const actions = ({ transitions }: Measured) => transitions.actions
  const events = ({ transitions }: Measured) => Object.values(transitions.events).reduce((sum, n) => sum + n, 0)
  const share = (other: Measured): Figure['note'] =>
    `rounds ${spread(signalbox.runsPerSecond.map((own, i) => own / (other.runsPerSecond[i] ?? Number.NaN)))}`
  const figures: Figure[] = [
    {
      name: 'throughput against handwritten',
      value: rate(signalbox) / rate(handwritten),
      unit: '×',
      goal: { atLeast: 0.95 },
      note: share(handwritten) ?? '',
    },
    {
      name: 'throughput against bare',
      value: rate(signalbox) / rate(bare),
      unit: '×',
      goal: { atLeast: 0.85 },
      note: share(bare) ?? '',
    },
    {
      name: 'CPU a run, of handwritten to ours',
      value: cpuOf(handwritten) / cpuOf(signalbox),
      unit: '×',
      note: 'hardly moved by other load',
    },
    { name: 'CPU a run, of bare to ours', value: cpuOf(bare) / cpuOf(signalbox), unit: '×' },
    {
      name: 'Temporal actions per run',
      value: actions(signalbox),
      unit: '',
      goal: { atMost: actions(handwritten) },
      note: `handwritten ${actions(handwritten)}, bare ${actions(bare)}`,
    },
    {
      name: 'history events per run',
      value: events(signalbox),
      unit: '',
      goal: { atMost: events(handwritten) },
      note: `handwritten ${events(handwritten)}, bare ${events(bare)}`,
    },
    { name: 'one run at a time, p50', value: percentile(signalbox.latencies, 0.5), unit: 'ms', n8n: 54, n8nTuned: 31 },
    {
      name: 'one run at a time, p95',
      value: percentile(signalbox.latencies, 0.95),
      unit: 'ms',
      n8n: 117,
      n8nTuned: 46,
    },
  ]
  const title = `(a) Runs of a branch and two actions: ${ROUNDS} rounds of ${RUNS_A_ROUND} runs each, ${IN_FLIGHT} in flight`
  return { title, figures, details: VARIANTS.flatMap((variant) => detailsOf(variant, measured[variant])) }
}

/** Milliseconds a run, of all processes. */
const cpuOf = ({ cpuMs, runs }: Measured): number => Object.values(cpuMs).reduce((sum, ms) => sum + ms, 0) / runs

function detailsOf(variant: Variant, measured: Measured): string[] {
  const { runsPerSecond, cpuMs, runs, latencies, transitions } = measured
  const cpu = Object.entries(cpuMs).map(([part, ms]) => `${part} ${shown(ms / runs)}`)
  const events = Object.entries(transitions.events).map(([type, count]) => `${count} ${type}`)
  return [
    `  ${variant}: ${shown(median(runsPerSecond))} runs/s (rounds ${spread(runsPerSecond)}); one at a time p50 ${shown(percentile(latencies, 0.5))} ms, p95 ${shown(percentile(latencies, 0.95))} ms`,
    `    CPU ms a run: ${shown(cpuOf(measured))} = ${cpu.join(' + ')}; history: ${events.join(', ')}`,
  ]
}

const spread = (values: number[]): string => `${shown(Math.min(...values))}–${shown(Math.max(...values))}`
