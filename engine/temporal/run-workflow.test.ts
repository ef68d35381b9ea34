import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest'
import { createShell, type Shell } from '../../test/helpers/durable-shell.ts'
import { chain, wait, write } from '../../test/helpers/chain-plan.ts'
import { until } from '../../test/helpers/until.ts'
import type { RunRef } from '../ports.ts'
import { replay } from '../run/view.ts'
import { commandOwed, reconcile } from './reconcile.ts'

let shell: Shell
beforeAll(async () => {
  shell = await createShell()
})
afterAll(() => shell.close())
beforeEach(() => {
  shell.outside.written.length = 0
  shell.outside.script.length = 0
  shell.outside.paused.clear()
})

const status = (run: RunRef, wanted: string) =>
  until(`the run is ${wanted}`, async () => expect(await shell.row(run)).toMatchObject({ status: wanted }))

const HOUR_MS = 3_600_000
/** Longer than any test: who is to go on is let go on. */
const LONG_MS = HOUR_MS
const leaveOut = (run: RunRef, step: string) =>
  shell.client.command(run, { id: `skip ${step}`, command: { kind: 'skip', step } })
const texts = () => shell.outside.written.map((line) => line.text)

describe('a run', () => {
  // start --> a --> b
  it('acts step by step and leaves a record that replays to its end', async () => {
    const plan = chain(write('a', 'natural', 'hello {{ trigger.name }}'), write('b'))
    const run = await shell.start(plan, { name: 'Ada' })
    await shell.ended(run)
    expect(texts()).toEqual(['hello Ada', 'b'])
    expect(await shell.row(run)).toMatchObject({ status: 'completed', at_steps: [] })
    const inputs = await shell.inputs(run)
    expect(inputs.map((input) => input.kind)).toEqual(['start', 'outcome', 'outcome'])
    expect(replay(plan, inputs).state).toMatchObject({ status: 'completed' })
  })

  // start --> wait --> a
  it('waits by a timer, visibly, and goes on', async () => {
    const run = await shell.start(chain(wait('pause', LONG_MS), write('a')))
    await status(run, 'waiting')
    expect(await shell.row(run)).toMatchObject({ at_steps: ['pause'] })
    const brief = chain(wait('pause', 300), write('b'))
    const short = await shell.start(brief)
    await shell.ended(short)
    expect((await shell.inputs(short)).map(({ kind }) => kind)).toEqual(['start', 'due', 'outcome'])
    expect(texts()).toEqual(['b'])
    await leaveOut(run, 'pause')
    await shell.ended(run)
    expect(texts()).toEqual(['b', 'a'])
  })

  // start --> wait --> a
  it('is woken when it is due, however long its first task waited for its turn', async () => {
    const { ports } = shell
    const { clock } = ports
    // A task that began an hour ago: the server's clock says when, the worker's how late it is.
    ports.clock = () => clock() + HOUR_MS
    const run = await shell.start(chain(wait('pause', 2 * HOUR_MS), write('a')))
    await status(run, 'waiting')
    const { events } = await until('its timer has started', async () => {
      const history = await shell.temporal.client.workflow.getHandle(run.runId).fetchHistory()
      expect(history.events?.some((event) => event.timerStartedEventAttributes)).toBe(true)
      return history
    })
    ports.clock = clock
    // However slow this machine is, it is not half an hour late.
    const timer = events?.find((event) => event.timerStartedEventAttributes)?.timerStartedEventAttributes
    const hours = Number(timer?.startToFireTimeout?.seconds) / 3600
    expect(hours).toBeGreaterThan(1.5)
    expect(hours).toBeLessThanOrEqual(2)
    await shell.client.command(run, { id: 'c', command: { kind: 'cancel', reason: 'The test is over.' } })
    await shell.ended(run)
  })

  // start --> wait --> a --> b
  it('is paused while it waits, begins nothing when the wait is over, and goes on when a person says so', async () => {
    const run = await shell.start(chain(wait('pause', LONG_MS), write('a'), write('b')))
    await status(run, 'waiting')
    const reason = 'Looking into it'
    await shell.client.command(run, { id: 'p1', command: { kind: 'pause', reason } })
    await until('it is held', async () => expect(await shell.row(run)).toMatchObject({ status: 'held', reason }))
    await leaveOut(run, 'pause')
    await until('it is held at the next step', async () =>
      expect(await shell.row(run)).toMatchObject({ status: 'held', at_steps: ['a'] }),
    )
    expect(texts()).toEqual([])
    await shell.client.command(run, { id: 'p2', command: { kind: 'continue' } })
    await shell.ended(run)
    expect(texts()).toEqual(['a', 'b'])
  })

  it('leaves out a wait, and goes on with what a person says a failed step brought', async () => {
    const refused = { code: 'NOT_FOUND', who: 'user', message: 'No such contact.', fix: 'Create it.' } as const
    const run = await shell.start(chain(wait('pause', LONG_MS), write('a'), write('b')))
    await status(run, 'waiting')
    shell.outside.script.push(refused)
    await leaveOut(run, 'pause')
    await status(run, 'failed')
    await shell.client.command(run, { id: 's2', command: { kind: 'override', step: 'a', output: { text: 'by hand' } } })
    await status(run, 'completed')
    expect(texts()).toEqual(['b'])
  })

  it('tries again after a fault that passes, within the same visit', async () => {
    shell.outside.script.push({ code: 'VENDOR_UNAVAILABLE', who: 'vendor', message: 'Down.', fix: 'Wait.' })
    const run = await shell.start(chain(write('a')))
    await shell.ended(run)
    expect(shell.outside.written).toEqual([{ key: `${run.runId}:a:1`, text: 'a' }])
  })

  it('fails on a fault that stays, and goes on from there when a person retries it', async () => {
    const refused = { code: 'NOT_FOUND', who: 'user', message: 'No such contact.', fix: 'Create it.' } as const
    shell.outside.script.push('ok', refused)
    const run = await shell.start(chain(write('a'), write('b'), write('c')))
    await shell.ended(run)
    expect(await shell.row(run)).toMatchObject({ status: 'failed' })
    await shell.client.command(run, { id: 'r1', command: { kind: 'retry', step: null } })
    await status(run, 'completed')
    expect(texts()).toEqual(['a', 'b', 'c'])
  })

  it('is cancelled while it waits', async () => {
    const run = await shell.start(chain(wait('pause', LONG_MS), write('a')))
    await status(run, 'waiting')
    await shell.client.command(run, { id: 'c1', command: { kind: 'cancel', reason: 'changed my mind' } })
    await shell.ended(run)
    expect(await shell.row(run)).toMatchObject({ status: 'cancelled', reason: 'changed my mind' })
    expect(texts()).toEqual([])
  })

  it('is made to exit by a command that was committed with what caused it, and is owed no more', async () => {
    const run = await shell.start(chain(wait('pause', LONG_MS), write('a')))
    await status(run, 'waiting')
    const { db } = shell.database
    const at = new Date(0)
    const owed = { workspace_id: run.workspaceId, run_id: run.runId, id: 'merge:1', at }
    const command = JSON.stringify({ kind: 'exit', reason: 'merged' })
    await db
      .insertInto('run_commands')
      .values({ ...owed, command, actor: 'signalbox' })
      .execute()
    await db.insertInto('run_outbox').values(owed).execute()
    expect(await commandOwed(shell.directory, shell.client, Date.now())).toBe(1)
    await shell.ended(run)
    expect(await shell.row(run)).toMatchObject({ status: 'exited', reason: 'merged', at_steps: [] })
    expect(texts()).toEqual([])
    expect(await commandOwed(shell.directory, shell.client, Date.now())).toBe(0)
    const inputs = await shell.inputs(run)
    expect(inputs.at(-1)).toMatchObject({ kind: 'operator', id: 'merge:1', command: { kind: 'exit' } })
  })
})

describe('an answer that was lost after the work was done', () => {
  it.each(['natural', 'keyed'])('is simply repeated under the same key by a %s action', async (mode) => {
    shell.outside.script.push('lost')
    const run = await shell.start(chain(write('a', mode)))
    await shell.ended(run)
    expect(new Set(shell.outside.written.map((line) => line.key))).toEqual(new Set([`${run.runId}:a:1`]))
  })

  it('is looked up by an action that reads back, and not written again', async () => {
    shell.outside.script.push('lost')
    const run = await shell.start(chain(write('a', 'readBack')))
    await shell.ended(run)
    expect(texts()).toEqual(['a'])
    expect(await shell.row(run)).toMatchObject({ status: 'completed' })
  })

  it('waits for a person where nothing can tell, who says that it landed', async () => {
    shell.outside.script.push('lost')
    const run = await shell.start(chain(write('a', 'review'), write('b')))
    await status(run, 'review')
    expect(texts()).toEqual(['a'])
    await shell.client.command(run, { id: 's1', command: { kind: 'settle', step: 'a', landed: true, output: null } })
    await shell.ended(run)
    expect(texts()).toEqual(['a', 'b'])
  })

  it('is done again under a new key when the person says so', async () => {
    shell.outside.script.push('lost')
    const run = await shell.start(chain(write('a', 'review')))
    await status(run, 'review')
    await shell.client.command(run, { id: 's1', command: { kind: 'settle', step: 'a', landed: false, output: null } })
    await shell.ended(run)
    expect(shell.outside.written.map((line) => line.key)).toEqual([`${run.runId}:a:1`, `${run.runId}:a:2`])
  })
})

describe('a connection whose grant is gone', () => {
  it('holds its runs and lets them go on when it works again', async () => {
    shell.outside.script.push({ code: 'AUTH_EXPIRED', who: 'user', message: 'Expired.', fix: 'Reconnect.' })
    const first = await shell.start(chain(write('a', 'natural', 'first')))
    await status(first, 'held')
    const second = await shell.start(chain(write('a', 'natural', 'second')))
    await status(second, 'held')
    expect(await shell.row(second)).toMatchObject({ held_by: ['pad'] })
    shell.outside.paused.clear()
    const { id } = await shell.database.db.selectFrom('connections').select('id').executeTakeFirstOrThrow()
    await shell.client.resumeConnection(shell.workspaceId, id)
    await shell.ended(first)
    await shell.ended(second)
    expect(texts().sort()).toEqual(['first', 'second'])
  })
})

describe('a workflow that Temporal lost', () => {
  it.each(['listed', 'each'] as const)(
    'is started again by the reconciler and goes on from its record: %s',
    async (look) => {
      const run = await shell.start(chain(write('a'), wait('pause', LONG_MS), write('b')))
      const other = await shell.start(chain(wait('pause', LONG_MS)))
      await status(run, 'waiting')
      await status(other, 'waiting')
      await shell.temporal.client.workflow.getHandle(run.runId).terminate('lost')
      // The server's list is some moments late.
      const restarted = async () => (await reconcile(shell.directory, shell.client, look))?.restarted
      await until('the lost one is started again', async () => expect(await restarted()).toBe(1))
      expect(await restarted()).toBe(0)
      await leaveOut(run, 'pause')
      await status(run, 'completed')
      expect(texts()).toEqual(['a', 'b'])
      await shell.client.command(other, { id: 'over', command: { kind: 'cancel', reason: 'enough' } })
      await shell.ended(other)
    },
  )
})

describe('a run whose state has grown large', () => {
  // start --> a --> 14 short waits --> b
  it('goes on in a fresh history, with its record and its outputs', async () => {
    const waits = Array.from({ length: 14 }, (_, i) => wait(`w${i}`, 1))
    const plan = chain(write('a'), ...waits, write('b', 'natural', '{{ trigger.name }}'))
    const run = await shell.start(plan, { name: 'Ada', ballast: 'x'.repeat(300_000) })
    await shell.ended(run)
    const { raw } = await shell.temporal.client.workflow.getHandle(run.runId).describe()
    expect(raw.workflowExecutionInfo?.firstRunId).not.toBe(raw.workflowExecutionInfo?.execution?.runId)
    expect(texts()).toEqual(['a', 'Ada'])
    expect(replay(plan, await shell.inputs(run)).state).toMatchObject({ status: 'completed' })
  })
})
