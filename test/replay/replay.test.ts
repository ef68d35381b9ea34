import { existsSync, readdirSync, readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import proto from '@temporalio/proto'
import { Worker } from '@temporalio/worker'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import type { Plan } from '../../engine/model/plan.ts'
import type { RunRef } from '../../engine/ports.ts'
import { workflowBundlePath } from '../../engine/temporal/bundle.ts'
import { dataConverterOf } from '../../engine/temporal/data-converter.ts'
import { chain, wait, write } from '../helpers/chain-plan.ts'
import { createShell, type Shell } from '../helpers/durable-shell.ts'
import { storePlan } from '../helpers/store-playbook.ts'
import { until } from '../helpers/until.ts'

/**
 * Histories of runs as earlier interpreters wrote them must replay under today's, or runs in flight break at a
 * release. A recorded file is never changed: when the interpreter changes, record under a new name beside it:
 * `RECORD_HISTORIES=1 npx vitest run test/replay` writes those that are missing.
 */
const FOLDER = join(import.meta.dirname, 'histories')
const VERSION = 'v1'
const { History } = proto.temporal.api.history.v1
const recording = process.env.RECORD_HISTORIES === '1'

interface Scenario {
  name: string
  plan: Plan
  /** What the outside world answers to the first calls. */
  script?: Shell['outside']['script']
  play?: (shell: Shell, run: RunRef) => Promise<void>
}

const down = { code: 'VENDOR_UNAVAILABLE', who: 'vendor', message: 'Down.', fix: 'Wait.' } as const
const expired = { code: 'AUTH_EXPIRED', who: 'user', message: 'Expired.', fix: 'Reconnect.' } as const
const status = (shell: Shell, run: RunRef, wanted: string) =>
  until(`the run is ${wanted}`, async () => expect(await shell.row(run)).toMatchObject({ status: wanted }))

const SCENARIOS: Scenario[] = [
  { name: 'two-actions', plan: chain(write('a', 'natural', '{{ trigger.name }}'), write('b')) },
  { name: 'delay-between', plan: chain(write('a'), wait('pause', 1200), write('b')) },
  { name: 'retried', plan: chain(write('a')), script: [down, 'lost'] },
  {
    name: 'cancelled-while-waiting',
    plan: chain(wait('pause', 3_600_000), write('a')),
    play: async (shell, run) => {
      await status(shell, run, 'waiting')
      await shell.client.command(run, { id: 'c', command: { kind: 'cancel', reason: 'no longer wanted' } })
    },
  },
  {
    name: 'held-and-resumed',
    plan: chain(write('a'), write('b')),
    script: [expired],
    play: async (shell, run) => {
      await status(shell, run, 'held')
      shell.outside.paused.clear()
      const { id } = await shell.database.db.selectFrom('connections').select('id').executeTakeFirstOrThrow()
      await shell.client.resumeConnection(shell.workspaceId, id)
    },
  },
  {
    name: 'went-over',
    plan: chain(write('a'), wait('pause', 3_600_000), write('b')),
    play: async (shell, run) => {
      await status(shell, run, 'waiting')
      const plan = chain(write('a'), wait('pause', 3_600_000), write('c'), wait('rest', 3_600_000), write('d'))
      const [data] = await shell.directory.startData([run])
      const to = { plan: await storePlan({ ...shell.database, workspaceId: shell.workspaceId }, plan), version: 2 }
      const from = { plan: data?.planHash ?? '', version: 1 }
      const migration = '00000000-0000-0000-0000-000000000001'
      await shell.client.command(run, { id: 'm', command: { kind: 'migrate', migration, from, to, moves: {} } })
      for (const step of ['pause', 'rest']) {
        const at = { version: 2, status: 'waiting', at_steps: [step] }
        await until(`it waits at ${step}`, async () => expect(await rowOf(shell, run)).toMatchObject(at))
        await shell.client.command(run, { id: step, command: { kind: 'skip', step } })
      }
    },
  },
]

const rowOf = (shell: Shell, { runId }: RunRef) =>
  shell.database.db
    .selectFrom('runs')
    .select(['status', 'version', 'at_steps'])
    .where('id', '=', runId)
    .executeTakeFirstOrThrow()

/** What a run left in Temporal, and what it takes to read it. */
interface Recorded {
  /** The plans that the histories name, by their content address. */
  plans: { [hash: string]: Plan }
  /** Of the run, base64: what it leaves is closed with it. Runs had none at first. */
  key: string | null
  /** One after another, each the protocol's History message, base64. */
  histories: string[]
}

/** At first a file held one history under one plan. */
type RecordedFirst = { planHash: string; plan: Plan; history: string }

function read(file: string): Recorded {
  const recorded = JSON.parse(readFileSync(join(FOLDER, file), 'utf8')) as Recorded | RecordedFirst
  if ('histories' in recorded) return recorded
  return { plans: { [recorded.planHash]: recorded.plan }, key: null, histories: [recorded.history] }
}

async function recordedOf(shell: Shell, run: RunRef): Promise<Recorded> {
  const { raw } = await shell.temporal.client.workflow.getHandle(run.runId).describe()
  const histories: string[] = []
  let next: string | null | undefined = raw.workflowExecutionInfo?.firstRunId
  while (next) {
    const fetched = await shell.temporal.client.workflow.getHandle(run.runId, next).fetchHistory()
    histories.push(Buffer.from(History.encode(fetched).finish()).toString('base64'))
    next = fetched.events?.at(-1)?.workflowExecutionContinuedAsNewEventAttributes?.newExecutionRunId
  }
  const plans = await shell.database.db.selectFrom('plans').select(['hash', 'plan']).execute()
  const text = Buffer.concat(histories.map((history) => Buffer.from(history, 'base64'))).toString('latin1')
  const key = await shell.ports.keys.key(run.runId)
  return {
    plans: Object.fromEntries(
      plans.flatMap(({ hash, plan }) => (text.includes(hash) ? [[hash, plan as unknown as Plan]] : [])),
    ),
    key: key?.toString('base64') ?? null,
    histories,
  }
}

const fileOf = (name: string) => join(FOLDER, `${name}.${VERSION}.json`)
const missing = SCENARIOS.filter(({ name }) => !existsSync(fileOf(name)))

describe.runIf(recording)('recording the histories that are missing', () => {
  let shell: Shell
  beforeAll(async () => {
    shell = await createShell()
  })
  afterAll(() => shell.close())
  it.each(missing)('$name', async ({ name, plan, script, play }) => {
    const run = await shell.enroll(plan, { name: 'Ada' })
    shell.outside.script.push(...(script ?? []))
    await shell.client.startRuns([run])
    await play?.(shell, run)
    await shell.ended(run)
    writeFileSync(fileOf(name), `${JSON.stringify(await recordedOf(shell, run), null, 1)}\n`)
  })
})

describe('runs in flight survive a release', () => {
  it('has every scenario recorded', () => {
    expect(SCENARIOS.filter(({ name }) => !existsSync(fileOf(name))).map(({ name }) => name)).toEqual([])
  })

  it.each(readdirSync(FOLDER).filter((file) => file.endsWith('.json')))(
    '%s replays with a cold cache',
    async (file) => {
      const { plans, key, histories } = read(file)
      const blobs = {
        get: (hash: string) =>
          hash in plans
            ? Promise.resolve(Buffer.from(JSON.stringify(plans[hash])))
            : Promise.reject(new Error(`no ${hash}`)),
        put: () => Promise.resolve(),
      }
      const keys = { key: () => Promise.resolve(key === null ? null : Buffer.from(key, 'base64')) }
      for (const history of histories)
        await Worker.runReplayHistory(
          { workflowBundle: { codePath: await workflowBundlePath() }, dataConverter: dataConverterOf({ blobs, keys }) },
          History.decode(Buffer.from(history, 'base64')),
        )
    },
  )
})
