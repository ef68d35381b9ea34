import { existsSync, readdirSync, readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import proto from '@temporalio/proto'
import { Worker } from '@temporalio/worker'
import { afterAll, beforeAll, describe, expect, it, vi } from 'vitest'
import type { Plan } from '../../engine/model/plan.ts'
import type { RunRef } from '../../engine/ports.ts'
import { workflowBundlePath } from '../../engine/temporal/bundle.ts'
import { dataConverterOf } from '../../engine/temporal/data-converter.ts'
import { chain, wait, write } from '../helpers/chain-plan.ts'
import { createShell, type Shell } from '../helpers/durable-shell.ts'

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
  vi.waitFor(async () => expect(await shell.row(run)).toMatchObject({ status: wanted }), { timeout: 15_000 })

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
]

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
    const [data] = await shell.directory.startData([run])
    shell.outside.script.push(...(script ?? []))
    await shell.client.startRuns([run])
    await play?.(shell, run)
    await shell.ended(run)
    const fetched = await shell.temporal.client.workflow.getHandle(run.runId).fetchHistory()
    const history = Buffer.from(History.encode(fetched).finish()).toString('base64')
    writeFileSync(fileOf(name), `${JSON.stringify({ planHash: data?.planHash, plan, history }, null, 1)}\n`)
  })
})

describe('runs in flight survive a release', () => {
  it('has every scenario recorded', () => {
    expect(SCENARIOS.filter(({ name }) => !existsSync(fileOf(name))).map(({ name }) => name)).toEqual([])
  })

  it.each(readdirSync(FOLDER).filter((file) => file.endsWith('.json')))(
    '%s replays with a cold cache',
    async (file) => {
      const { planHash, plan, history } = JSON.parse(readFileSync(join(FOLDER, file), 'utf8')) as {
        planHash: string
        plan: Plan
        /** The protocol's History message, base64. */
        history: string
      }
      const blobs = {
        get: (hash: string) =>
          hash === planHash
            ? Promise.resolve(Buffer.from(JSON.stringify(plan)))
            : Promise.reject(new Error(`no ${hash}`)),
        put: () => Promise.resolve(),
      }
      await Worker.runReplayHistory(
        {
          workflowBundle: { codePath: await workflowBundlePath() },
          // Histories of runs that had no keys yet are read as they are.
          dataConverter: dataConverterOf({ blobs, keys: { key: () => Promise.resolve(null) } }),
        },
        History.decode(Buffer.from(history, 'base64')),
      )
    },
  )
})
