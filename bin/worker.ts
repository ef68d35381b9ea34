import { NativeConnection, Runtime } from '@temporalio/worker'
import { Client } from '@temporalio/client'
import { createSendAlert } from '../api/alerts/send-alert.ts'
import { workAlerts } from '../api/alerts/work-alerts.ts'
import { ConnectionStore } from '../api/connections/connection-store.ts'
import { startBacktestRunner } from '../api/backtest/backtest-runner.ts'
import { openVault, type Vault } from '../api/connections/vault.ts'
import { createFactsSource } from '../api/customers/facts-source.ts'
import { createSubjects } from '../api/customers/subjects.ts'
import { type OpenedDatabase, openDatabase } from '../api/db/database.ts'
import { ensureEventParts } from '../api/db/event-parts.ts'
import { createRunChanges } from '../api/db/run-changes.ts'
import { createRunDirectory } from '../api/db/run-directory.ts'
import { onPool } from '../api/db/sql.ts'
import { worthALook } from '../api/dispatch/worth-a-look.ts'
import { type Dispatcher, startDispatcher } from '../api/dispatch/dispatcher.ts'
import { enrollSegmentPage } from '../api/enroll/enroll-segment.ts'
import { startNextInLine } from '../api/enroll/start-next-in-line.ts'
import { workAdmissions } from '../api/enroll/work-admissions.ts'
import { startImportRunner } from '../api/imports/import-runner.ts'
import { createAcceptItems } from '../api/ingest/accept-items.ts'
import { createPorts } from '../api/ports.ts'
import { createIdentityHash, identitySecret } from '../api/privacy/identity-hash.ts'
import { type PrivacyDeps, startPrivacy } from '../api/privacy/start-privacy.ts'
import { startMigrations } from '../api/run-migrations/start-migrations.ts'
import { startReruns } from '../api/reruns/start-reruns.ts'
import { workflowBundlePath } from '../engine/temporal/bundle.ts'
import {
  commandOwed,
  createRelease,
  createTouch,
  reconcile,
  settleOverdue,
  startOverdue,
} from '../engine/temporal/reconcile.ts'
import { createRunClient, type Look, type RunClient } from '../engine/temporal/run-client.ts'
import { dataConverterOf } from '../engine/temporal/data-converter.ts'
import { createRunWorkers } from '../engine/temporal/run-worker.ts'
import type { RunDirectory } from '../engine/ports.ts'
import { catalog } from '../nodes/catalog.ts'
import { type Environment, readEnvironment } from './environment.ts'
import { failPoints } from './fail-points.ts'
import { exitWithParent } from './supervise/parent-watch.ts'
import { isUserError, UserError } from './supervise/user-error.ts'
import { temporalConnectionOptions } from './temporal-connection.ts'

const CALL_TIMEOUT_MS = 10_000
/** Well below a workflow task's time, which local activities share. */
const SLOW_MS = 1_500
const SWEEP_MS = 2_000
/** A start that was lost between Postgres and Temporal is made up for after this. */
const OVERDUE_MS = 3_000
/** A message to a run that was lost on its way is sent again after this, and looked for this often. */
const UNTOLD_MS = 10_000
const UNTOLD_SWEEP_MS = 5_000
/** What a merge of two contacts ends is to end soon, and there is seldom any. */
const OWED_SWEEP_MS = 1_000
/** The next run of a subject begins so soon after the one before it has ended. */
const LINE_SWEEP_MS = 1_000
/** Existing members enter at a rate by the minute: looked for often, they enter evenly. */
const ADMIT_MS = 1_000
/** Held runs of a connection that works again go on a share at a time. */
const RELEASE_MS = 2_000
/** How soon it is noticed that something goes wrong, or is well again. */
const ALERTS_MS = 15_000
const RECONCILE_MS = 3_600_000
/** Tables for the next quarters are made long before they are needed. */
const PARTS_MS = 24 * 3_600_000

/** The worker process: dispatches events, carries runs out, and makes up for what was lost. Scales by adding more. */
async function main(): Promise<void> {
  const environment = readEnvironment(process.env, { sandbox: false, demo: false })
  Runtime.install({ shutdownSignals: [], logger: quietLogger() })
  const url = required(environment.databaseUrl, 'SIGNALBOX_DATABASE_URL')
  const database = openDatabase(url, { max: 12, onError: say })
  const dispatching = openDatabase(url, { max: 8, onError: say, byIndexes: true })
  const connection = await NativeConnection.connect(temporalConnectionOptions(environment.temporal))
  const { namespace } = environment.temporal
  const changes = createRunChanges(database.pool, say)
  const vault = openVault(required(environment.secret, 'SIGNALBOX_SECRET'))
  const ports = createPorts({
    pool: database.pool,
    clock: Date.now,
    connections: connectionStore(environment, database.db, vault),
    facts: createFactsSource(onPool(database.pool)),
    subjects: createSubjects(onPool(database.pool)),
    changes,
    vault,
    publicUrl: environment.publicUrl,
    startRuns: (runs) => client.startRuns(runs),
  })
  const directory = createRunDirectory(database.pool)
  const client = createRunClient({
    client: new Client({ connection, namespace, dataConverter: dataConverterOf(ports) }),
    directory,
    eager: true,
  })
  const workers = await createRunWorkers({
    connection,
    namespace,
    ports,
    schedules: {
      enrollPage: (page) =>
        enrollSegmentPage({ pool: database.pool, clock: Date.now, startRuns: client.startRuns }, page),
    },
    perform: { callTimeoutMs: CALL_TIMEOUT_MS, slowMs: SLOW_MS, random: Math.random, ...failing() },
    bundlePath: await workflowBundlePath(),
  })
  const running = Promise.all(workers.map((worker) => worker.run()))
  const touching = createTouch(directory, client)
  const dispatcher = startDispatcher({
    pool: dispatching.pool,
    clock: Date.now,
    startRuns: client.startEntered,
    touchRuns: async (touched) =>
      touching.touch(await worthALook({ q: onPool(database.pool), facts: ports.facts, clock: Date.now }, touched)),
    onError: say,
  })
  const hash = createIdentityHash(await identitySecret(onPool(database.pool), vault, Date.now()))
  const imports = startImportRunner({
    ...database,
    clock: Date.now,
    onError: say,
    acceptItems: createAcceptItems({ q: onPool(database.pool), clock: Date.now, hash }),
  })
  const beside = startBeside({ database, url, directory, client, vault, publicUrl: environment.publicUrl })
  const sweeper = startSweeper({ directory: unheld(directory, dispatcher), client, touching })
  const upkeep = startUpkeep({ pool: database.pool, directory, runs: client, hash })
  const stop = async (): Promise<void> => {
    sweeper.stop()
    await upkeep.stop()
    await imports.stop()
    await beside.stop()
    await dispatcher.stop()
    for (const worker of workers) if (worker.getState() === 'RUNNING') worker.shutdown()
    await running
    await changes.close()
    await connection.close()
    await dispatching.close()
    await database.close()
  }
  exitWithParent(stop)
  for (const signal of ['SIGTERM', 'SIGINT'] as const)
    process.once(signal, () => void stop().then(() => process.exit(0), fail))
  await Promise.all(catalog.connectors.map(async (connector) => connector.load?.()))
  console.log('signalbox:ready')
  await running
}

interface BesideDeps {
  database: OpenedDatabase
  url: string
  directory: RunDirectory
  client: RunClient
  vault: Vault
  publicUrl: string
}

/** What goes on beside the dispatching and the runs themselves: work that people asked for, entries in their turn, alerts. */
function startBeside({ database, url, directory, client, vault, publicUrl }: BesideDeps): { stop(): Promise<void> } {
  const { db, pool } = database
  const common = { db, pool, clock: Date.now, onError: say }
  const { startRuns } = client
  const backtests = startBacktestRunner({ ...common, url })
  const reruns = startReruns(common)
  const migrations = startMigrations(common)
  const send = createSendAlert({ db, vault, publicUrl })
  const timers = [
    setInterval(
      oneAtATime(() => workAlerts({ ...common, alone: directory.alone, send })),
      ALERTS_MS,
    ),
    setInterval(
      oneAtATime(() => startNextInLine({ ...common, startRuns })),
      LINE_SWEEP_MS,
    ),
    setInterval(
      oneAtATime(() => workAdmissions({ ...common, startRuns })),
      ADMIT_MS,
    ),
  ]
  return {
    stop: async () => {
      timers.forEach(clearInterval)
      await Promise.all([reruns.stop(), migrations.stop(), backtests.stop()])
    },
  }
}

/** What is done to the data in the background: people deleted, old things swept, tables made for the quarters to come. */
function startUpkeep(deps: Omit<PrivacyDeps, 'clock' | 'onError'>): { stop(): Promise<void> } {
  const privacy = startPrivacy({ ...deps, clock: Date.now, onError: say })
  const parts = setInterval(() => void ensureEventParts(deps.pool, Date.now()).catch(say), PARTS_MS)
  return {
    async stop() {
      clearInterval(parts)
      await privacy.stop()
    },
  }
}

function connectionStore(
  environment: Environment,
  db: ReturnType<typeof openDatabase>['db'],
  vault: Vault,
): ConnectionStore {
  return new ConnectionStore({
    db,
    vault,
    catalog,
    sandboxUrl: environment.sandbox ? `http://127.0.0.1:${environment.sandboxPort}` : null,
    clock: Date.now,
  })
}

/** Without the runs that this process is about to start anyway: in a burst they are many, and old. */
const unheld = (directory: RunDirectory, dispatcher: Dispatcher): RunDirectory => ({
  ...directory,
  unstarted: async (before, limit) =>
    (await directory.unstarted(before, limit)).filter((run) => !dispatcher.isStarting(run)),
})

interface SweeperDeps {
  directory: RunDirectory
  client: RunClient
  touching: ReturnType<typeof createTouch>
}

/**
 * Every few seconds starts overdue runs and tells runs what was lost on its way to them; compares all open runs with
 * Temporal at the start and hourly.
 */
function startSweeper({ directory, client, touching }: SweeperDeps): { stop(): void } {
  const start = oneAtATime(() => startOverdue(directory, client, Date.now() - OVERDUE_MS))
  const release = createRelease(directory, client)
  const resume = oneAtATime(() => release({ now: Date.now(), seconds: RELEASE_MS / 1000 }))
  const settle = oneAtATime(() => settleOverdue(directory, client, Date.now() - UNTOLD_MS))
  const touch = oneAtATime(() => touching.overdue(Date.now() - UNTOLD_MS))
  const owed = oneAtATime(() => commandOwed(directory, client, Date.now()))
  const compare = async (look: Look): Promise<void> => {
    const report = await reconcile(directory, client, look).catch(say)
    if (report && report.restarted > 0) console.log(`Restarted ${report.restarted} of ${report.open} open runs.`)
  }
  const timers = [
    setInterval(start, SWEEP_MS),
    setInterval(resume, RELEASE_MS),
    setInterval(settle, UNTOLD_SWEEP_MS),
    setInterval(touch, UNTOLD_SWEEP_MS),
    setInterval(owed, OWED_SWEEP_MS),
    setInterval(() => void compare('each'), RECONCILE_MS),
  ]
  void compare('listed')
  return { stop: () => timers.forEach(clearInterval) }
}

/** Passed over while the last one is still at it. */
function oneAtATime(sweep: () => Promise<unknown>): () => void {
  let sweeping = false
  const once = async (): Promise<void> => {
    if (sweeping) return
    sweeping = true
    await sweep().catch(say)
    sweeping = false
  }
  return () => void once()
}

function failing() {
  const reached = failPoints(process.env.SIGNALBOX_FAIL_POINTS)
  return reached === undefined ? {} : { reached }
}

function required(value: string | null, name: string): string {
  if (value === null) throw new UserError(`${name} is not set. Set it, or use npm start, which makes it.`)
  return value
}

/** Temporal's own logger is for its developers: what a person can act on is a warning or an error. */
function quietLogger() {
  const none = () => {}
  return { log: none, trace: none, debug: none, info: none, warn: console.warn, error: console.error }
}

function say(error: unknown): undefined {
  console.error(error)
}

function fail(error: unknown): never {
  console.error(isUserError(error) ? error.message : error)
  process.exit(1)
}

main().catch(fail)
