import { DefaultLogger, Runtime, type Worker } from '@temporalio/worker'
import { Client } from '@temporalio/client'
import { z } from 'zod'
import { createReach } from '../../api/contact-rules/reach.ts'
import { openVault } from '../../api/connections/vault.ts'
import { createInside } from '../../api/asks/inside.ts'
import { createBlobs } from '../../api/db/blob-store.ts'
import { createBudgets } from '../../api/db/budget-store.ts'
import { type OpenedDatabase, openDatabase } from '../../api/db/database.ts'
import { createEffectsLedger } from '../../api/db/ledger-store.ts'
import { newId } from '../../api/db/new-id.ts'
import { createRunDirectory } from '../../api/db/run-directory.ts'
import { createRunRecord } from '../../api/db/run-record.ts'
import { createRunWaits } from '../../api/db/run-waits.ts'
import { onPool } from '../../api/db/sql.ts'
import { createFactsSource } from '../../api/customers/facts-source.ts'
import { raiseRevision } from '../../api/dispatch/workspace-catalog.ts'
import { createRunKeys } from '../../api/privacy/run-keys.ts'
import { createWorkspaceKeys } from '../../api/privacy/workspace-keys.ts'
import { runId } from '../../engine/ids.ts'
import type { Plan } from '../../engine/model/plan.ts'
import type { RunInput } from '../../engine/model/run.ts'
import type { Ports, RunDirectory, RunRef } from '../../engine/ports.ts'
import { workflowBundlePath } from '../../engine/temporal/bundle.ts'
import { createRunClient, type RunClient } from '../../engine/temporal/run-client.ts'
import { dataConverterOf } from '../../engine/temporal/data-converter.ts'
import { createRunWorkers } from '../../engine/temporal/run-worker.ts'
import type { PerformOptions } from '../../engine/temporal/perform-options.ts'
import { type ActionContext, type Catalog, defineAction, defineConnector } from '../../nodes/define.ts'
import { approval } from '../../nodes/flow/approval.action.ts'
import { callPlaybook } from '../../nodes/flow/call-playbook.action.ts'
import { type Fault, FaultError } from '../../nodes/fault.ts'
import { fields } from '../../nodes/fields.ts'
import type { Json, RepeatMode } from '../../nodes/manifest.ts'
import { createTestDatabase } from './postgres.ts'
import { storePlan } from './store-playbook.ts'
import { connectTemporal, type TestTemporal } from './temporal.ts'
import type { TestWorkspace } from './workspace.ts'

// Once a process: what Temporal's core says below an error would bury the tests' own words.
Runtime.install({ logger: new DefaultLogger('ERROR') })

export const SHELL_SECRET = 'a secret of the tests, which hold no other'

/** What the test connector wrote: the outside world of a shell test. */
export interface Outside {
  written: Array<{ key: string; text: string }>
  /** Answers of the next calls, oldest first; an empty list means: it works. */
  script: Array<'ok' | 'lost' | Fault>
  /** Texts that the vendor refuses for good. */
  refused: Set<string>
  /** Slugs of connections that are paused now. */
  paused: Set<string>
}

export interface Shell {
  outside: Outside
  ports: Ports
  client: RunClient
  directory: RunDirectory
  temporal: TestTemporal
  database: OpenedDatabase
  workspaceId: string
  /** Commits a run of the plan as enrolled, without starting it. */
  enroll(plan: Plan, data?: { [name: string]: Json }, subjectId?: string): Promise<RunRef>
  start(plan: Plan, data?: { [name: string]: Json }, subjectId?: string): Promise<RunRef>
  /** Waits until the workflow of a run is over. */
  ended(run: RunRef): Promise<void>
  row(
    run: RunRef,
  ): Promise<{ status: string; reason: string | null; at_steps: string[]; held_by: string[]; ended_at: Date | null }>
  inputs(run: RunRef): Promise<RunInput[]>
  close(): Promise<void>
}

/**
 * The durable shell on a real Postgres and a real Temporal, with one connector whose outside world the test holds.
 * Connections are open unless `outside.paused` says otherwise.
 * @param where.within whose contacts and facts it works with; without one facts are empty
 * @param where.on another server than the test run's, e.g. one whose time skips
 */
export async function createShell(
  options: Partial<PerformOptions> = {},
  { within, on = connectTemporal }: { within?: TestWorkspace; on?: () => Promise<TestTemporal> } = {},
): Promise<Shell> {
  const { database, workspaceId, drop } = await homeOf(within)
  const temporal = await on()
  const outside: Outside = { written: [], script: [], refused: new Set(), paused: new Set() }
  const connectionId = await insertConnection(database, workspaceId)
  const empty = portsOf(database, { outside, connectionId, startRuns: (runs) => client.startRuns(runs) })
  const ports = within === undefined ? empty : { ...empty, facts: createFactsSource(onPool(database.pool)) }
  const directory = createRunDirectory(database.pool)
  const client = createRunClient({
    client: new Client({ connection: temporal.client.connection, dataConverter: dataConverterOf(ports) }),
    directory,
    taskQueue: temporal.taskQueue,
  })
  const workers = await createRunWorkers({
    connection: temporal.nativeConnection,
    namespace: temporal.namespace,
    ports,
    schedules: { enrollPage: () => Promise.resolve(null) },
    perform: { callTimeoutMs: 5000, slowMs: 1500, random: () => 0, ...options },
    bundlePath: await workflowBundlePath(),
    taskQueue: temporal.taskQueue,
  })
  const running = Promise.all(workers.map((worker) => worker.run()))
  const shell = { outside, ports, client, directory, temporal, database, workspaceId }
  return { ...shell, ...verbs(shell, () => stop({ workers, running, temporal, drop })) }
}

type Parts = Pick<Shell, 'client' | 'temporal' | 'database' | 'workspaceId'>

function verbs({ client, temporal, database, workspaceId }: Parts, close: () => Promise<void>) {
  let occurrence = 0
  const enroll = async (plan: Plan, data: { [name: string]: Json } = {}, subjectId = newId(1)): Promise<RunRef> => {
    const at = new Date()
    const playbookId = newId(at.getTime())
    const hash = await storePlan({ ...database, workspaceId }, plan)
    occurrence += 1
    const id = runId(workspaceId, playbookId, String(occurrence))
    await database.db
      .insertInto('runs')
      .values({
        workspace_id: workspaceId,
        id,
        playbook_id: playbookId,
        version: 1,
        plan_hash: hash,
        subject_kind: 'contact',
        subject_id: subjectId,
        occurrence: String(occurrence),
        trigger: JSON.stringify({ step: plan.steps[0]?.id, data }),
        cause: '{}',
        created_at: at,
        updated_at: at,
      }) // prettier-ignore
      .execute()
    await raiseRevision(onPool(database.pool), workspaceId)
    return { workspaceId, runId: id }
  }
  return {
    enroll,
    async start(plan: Plan, data?: { [name: string]: Json }, subjectId?: string) {
      const run = await enroll(plan, data, subjectId)
      await client.startRuns([run])
      return run
    },
    async ended({ runId: id }: RunRef) {
      await temporal.client.workflow.getHandle(id).result()
    },
    row: ({ runId: id }: RunRef) =>
      database.db
        .selectFrom('runs')
        .select(['status', 'reason', 'at_steps', 'held_by', 'ended_at'])
        .where('id', '=', id)
        .executeTakeFirstOrThrow(),
    async inputs({ runId: id }: RunRef) {
      const rows = await database.db
        .selectFrom('run_inputs')
        .select('input')
        .where('run_id', '=', id)
        .orderBy('position')
        .execute()
      return rows.map((row) => row.input as unknown as RunInput)
    },
    close,
  }
}

interface Running {
  workers: Worker[]
  running: Promise<unknown>
  temporal: TestTemporal
  drop: () => Promise<void>
}

async function stop({ workers, running, temporal, drop }: Running): Promise<void> {
  for (const worker of workers) worker.shutdown()
  await running
  await temporal.close()
  await drop()
}

async function homeOf(
  within: TestWorkspace | undefined,
): Promise<{ database: OpenedDatabase; workspaceId: string; drop: () => Promise<void> }> {
  if (within !== undefined) return { database: within.opened, workspaceId: within.id, drop: () => Promise.resolve() }
  const testDatabase = await createTestDatabase()
  const database = openDatabase(testDatabase.url)
  const workspaceId = newId(Date.now())
  await database.db
    .insertInto('workspaces')
    .values({ id: workspaceId, slug: workspaceId, name: 'W', created_at: new Date() })
    .execute()
  const drop = async (): Promise<void> => {
    await database.close()
    await testDatabase.drop()
  }
  return { database, workspaceId, drop }
}

async function insertConnection(database: OpenedDatabase, workspaceId: string): Promise<string> {
  const id = newId(Date.now())
  const at = new Date()
  await database.db
    .insertInto('connections')
    .values({
      workspace_id: workspaceId,
      id,
      slug: 'pad',
      app: 'pad',
      name: 'Pad',
      sealed: Buffer.from(''),
      settings: '{}',
      created_at: at,
      updated_at: at,
    }) // prettier-ignore
    .execute()
  return id
}

function portsOf(
  database: OpenedDatabase,
  { outside, connectionId, startRuns }: { outside: Outside; connectionId: string; startRuns: RunClient['startRuns'] },
): Ports {
  const q = onPool(database.pool)
  const expired: Fault = { code: 'AUTH_EXPIRED', who: 'user', message: 'The grant is gone.', fix: 'Reconnect.' }
  return {
    catalog: catalogOf(outside),
    clock: Date.now,
    runs: {
      ...createRunRecord(q, () => {}),
      connectionsOpen: (_workspace, slugs) => Promise.resolve(slugs.filter((slug) => !outside.paused.has(slug))),
    },
    waits: createRunWaits(database.pool),
    ledger: createEffectsLedger(q, () => {}),
    budgets: createBudgets(q, Date.now),
    ...createInside({ pool: database.pool, clock: Date.now, publicUrl: 'http://127.0.0.1', startRuns }),
    blobs: createBlobs(q),
    keys: createRunKeys({ q, workspaces: createWorkspaceKeys(q, openVault(SHELL_SECRET), Date.now), clock: Date.now }),
    facts: {
      load: (_workspace, _subject, { at }) =>
        Promise.resolve({ at, contact: null, account: null, segments: [], signals: [], events: {} }),
    },
    subjects: { get: () => Promise.resolve(null), link: () => Promise.resolve() },
    reach: createReach(database.pool),
    consent: () => Promise.resolve({ unsubscribed: false, unsubscribeUrl: null }),
    connections: {
      open: (_workspace, slug) =>
        Promise.resolve(
          outside.paused.has(slug)
            ? { state: 'paused', connectionId, fault: expired }
            : { state: 'open', connection: { id: connectionId, app: 'pad', credentials: {}, settings: {} } },
        ),
      refresh: () => Promise.reject(new FaultError(expired)),
      pause: () => {
        outside.paused.add('pad')
        return Promise.resolve()
      },
    },
  }
}

interface Pad {
  write(key: string, text: string): Promise<void>
  find(key: string): Promise<boolean>
}

const refusal: Fault = { code: 'INVALID_INPUT', who: 'user', message: 'Not this text.', fix: 'Write another.' }

function catalogOf(outside: Outside): Catalog {
  const pad: Pad = {
    write(key, text) {
      if (outside.refused.has(text)) return Promise.reject(new FaultError(refusal))
      const answer = outside.script.shift() ?? 'ok'
      if (typeof answer === 'object') return Promise.reject(new FaultError(answer))
      outside.written.push({ key, text })
      if (answer === 'ok') return Promise.resolve()
      return Promise.reject(
        new FaultError({ code: 'OUTCOME_UNKNOWN', who: 'signalbox', message: 'The answer was lost.', fix: 'Look.' }),
      )
    },
    find: (key) => Promise.resolve(outside.written.some((line) => line.key === key)),
  }
  type Line = ActionContext<{ text: string }, Pad>
  const run = async ({ client, key, input }: Line) => {
    await client.write(key, input.text)
    return { output: { text: input.text }, externalId: key }
  }
  const look = async ({ client, key, input }: Line) =>
    (await client.find(key))
      ? { landed: true as const, result: { output: { text: input.text } } }
      : { landed: false as const }
  const action = (mode: RepeatMode) => {
    const words = { label: 'Write', help: 'Writes a line.', group: 'Test', icon: 'pen', summary: 'Write {text}' }
    const schemas = { input: z.object({ text: fields.text('Text') }), output: z.object({ text: z.string() }) }
    const rest = { version: 1, connector: 'pad', sample: { text: 'x' }, repeat: { mode, why: 'a test' }, run }
    const reaches = ({ text }: { text: string }) => (text.startsWith('mail ') ? ('email' as const) : null)
    const readBack = mode === 'readBack' ? { readBack: { notBeforeMs: 0, look } } : {}
    return defineAction({ type: `pad.${mode}`, ...words, ...schemas, ...rest, reaches, ...readBack })
  }
  return {
    steps: [...(['natural', 'keyed', 'readBack', 'review'] as const).map(action), approval, callPlaybook],
    connectors: [
      defineConnector({
        app: 'pad',
        label: 'Pad',
        icon: 'pen',
        help: 'A test connector.',
        auth: ['none'],
        oauth: null,
        credentials: z.object({}),
        settings: z.object({}),
        budget: null,
        client: () => Promise.resolve(pad),
        check: () => Promise.resolve({ identity: 'pad', details: {} }),
      }),
    ],
  }
}
