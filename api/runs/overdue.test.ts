import { fastify } from 'fastify'
import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest'
import { effectKey } from '../../engine/ids.ts'
import type { RunRef } from '../../engine/ports.ts'
import type { RunClient } from '../../engine/temporal/run-client.ts'
import { createRelease, settleOverdue } from '../../engine/temporal/reconcile.ts'
import { chain, write } from '../../test/helpers/chain-plan.ts'
import { createShell, type Shell } from '../../test/helpers/durable-shell.ts'
import { settleReview } from './reviews.ts'

let shell: Shell
beforeAll(async () => {
  shell = await createShell()
})
afterAll(() => shell.close())
beforeEach(() => {
  shell.outside.written.length = 0
})

const texts = () => shell.outside.written.map(({ text }) => text)
const status = (run: RunRef, wanted: string) =>
  expect.poll(async () => (await shell.row(run)).status, { timeout: 15_000 }).toBe(wanted)
/** Everything that was said until now is overdue. */
const later = () => Date.now() + 1000
const away = () => Promise.reject(new Error('Temporal is away.'))

const settle = (run: RunRef, landed: boolean) =>
  settleReview(
    {
      db: shell.database.db,
      workspaceId: shell.workspaceId,
      actor: { kind: 'user', id: 'u', email: 'ada@example.com', name: 'Ada', role: 'owner', sessionId: 's' },
      now: Date.now(),
      temporal: { ...shell.client, command: away },
      log: fastify({ logger: false }).log,
    },
    { key: effectKey(run.runId, 'a', 1), landed },
  )

describe('what a person said of a write, lost before it reached the run', () => {
  it.each([
    ['it landed', true, ['a', 'b']],
    ['do it again', false, ['a', 'a', 'b']],
  ])('is sent again: %s', async (_, landed, written) => {
    shell.outside.script.push('lost')
    const run = await shell.start(chain(write('a', 'review'), write('b')))
    await status(run, 'review')
    expect(await settleOverdue(shell.directory, shell.client, later())).toBe(0)
    expect(await settle(run, landed)).toEqual({ runId: run.runId })
    expect(await settleOverdue(shell.directory, shell.client, Date.now() - 60_000)).toBe(0)
    expect(await settleOverdue(shell.directory, shell.client, later())).toBe(1)
    await shell.ended(run)
    expect(texts()).toEqual(written)
    expect(await shell.row(run)).toMatchObject({ status: 'completed' })
  })

  it('is not sent for a step of which the run has already been told', async () => {
    shell.outside.script.push('lost', 'lost')
    const run = await shell.start(chain(write('a', 'review')))
    await status(run, 'review')
    await settle(run, false)
    await settleOverdue(shell.directory, shell.client, later())
    await expect.poll(() => texts(), { timeout: 15_000 }).toEqual(['a', 'a'])
    await status(run, 'review')
    expect(await settleOverdue(shell.directory, shell.client, later())).toBe(0)
    expect((await shell.inputs(run)).filter(({ kind }) => kind === 'operator')).toHaveLength(1)
    await shell.client.command(run, { id: 'end', command: { kind: 'cancel', reason: 'The test is over.' } })
  })

  it('reaches the other runs where one cannot be told', async () => {
    shell.outside.script.push('lost', 'lost')
    const runs = await Promise.all([1, 2].map(() => shell.start(chain(write('a', 'review')))))
    for (const run of runs) {
      await status(run, 'review')
      await settle(run, true)
    }
    const [first] = await shell.directory.unsettled(later())
    const client: RunClient = {
      ...shell.client,
      command: (run, command) => (run.runId === first?.runId ? away() : shell.client.command(run, command)),
    }
    await expect(settleOverdue(shell.directory, client, later())).rejects.toThrow('Temporal is away.')
    for (const run of runs.filter(({ runId }) => runId !== first?.runId)) await shell.ended(run)
    expect(await settleOverdue(shell.directory, shell.client, later())).toBe(1)
    for (const run of runs) await shell.ended(run)
  })
})

describe('runs held by a connection that works again, of which nobody told them', () => {
  const pausedRow = (paused: boolean) =>
    shell.database.db
      .updateTable('connections')
      .set({ status: paused ? 'paused' : 'open' })
      .where('workspace_id', '=', shell.workspaceId)
      .execute()

  it('go on, and one that cannot be told does not keep the others from it', async () => {
    shell.outside.paused.add('pad')
    await pausedRow(true)
    const runs = await Promise.all(['x', 'y', 'z'].map((text) => shell.start(chain(write('a', 'natural', text)))))
    for (const run of runs) await status(run, 'held')
    const release = createRelease(shell.directory, shell.client)
    expect(await release({ now: 0, seconds: 60 })).toBe(0)

    // Removed, and made anew under the same name; the process that was to tell them was killed.
    const { id, ...old } = await shell.database.db.selectFrom('connections').selectAll().executeTakeFirstOrThrow()
    await shell.database.db.deleteFrom('connections').where('workspace_id', '=', shell.workspaceId).execute()
    expect(await release({ now: 0, seconds: 60 })).toBe(0)
    const anew = { ...old, id: crypto.randomUUID(), settings: '{}', fault: null, status: 'open' as const }
    await shell.database.db.insertInto('connections').values(anew).execute()
    expect(anew.id).not.toBe(id)
    shell.outside.paused.clear()

    // Temporal refuses the first of the line: it has no id.
    const held = await shell.directory.releasable({ connection: null, seconds: 60, without: [] })
    const refused = { workspaceId: shell.workspaceId, runId: '', connections: ['pad'] }
    const directory = { ...shell.directory, releasable: () => Promise.resolve([refused, ...held]) }
    await expect(createRelease(directory, shell.client)({ now: 0, seconds: 60 })).rejects.toThrow('1 of 4 held runs')
    for (const run of runs) await shell.ended(run)
    expect(texts().sort()).toEqual(['x', 'y', 'z'])
  })

  it('are told so many a second as their connection says, those that waited longest first, in their own workspace only', async () => {
    shell.outside.paused.add('pad')
    await pausedRow(true)
    const runs = await Promise.all(['x', 'y', 'z'].map((text) => shell.start(chain(write('a', 'natural', text)))))
    for (const run of runs) await status(run, 'held')
    const other = crypto.randomUUID()
    const at = new Date()
    await shell.database.db
      .insertInto('workspaces')
      .values({ id: other, slug: other, name: 'Other', created_at: at })
      .execute()
    const { workspace_id: _, ...own } = await shell.database.db
      .selectFrom('connections')
      .selectAll()
      .where('workspace_id', '=', shell.workspaceId)
      .executeTakeFirstOrThrow()
    const theirs = { ...own, workspace_id: other, id: crypto.randomUUID(), settings: '{}', fault: null }
    await shell.database.db
      .insertInto('connections')
      .values({ ...theirs, status: 'open' })
      .execute()
    const none = { connection: null, seconds: 60, without: [] }
    expect(await shell.directory.releasable(none)).toEqual([])
    await pausedRow(false)
    await shell.database.db
      .updateTable('connections')
      .set({ release_per_second: 0.5 })
      .where('workspace_id', '=', shell.workspaceId)
      .execute()
    // They stay held, and are told one after the other; the first again when ten seconds have not moved it.
    const told: string[] = []
    const resumeRuns = (held: RunRef[]) => {
      told.push(...held.map(({ runId }) => runId))
      return Promise.resolve()
    }
    const release = createRelease(shell.directory, { resumeRuns })
    for (const now of [0, 2_000, 4_000, 6_000, 10_000]) await release({ now, seconds: 2 })
    const byWait = await shell.database.db
      .selectFrom('runs')
      .select('id')
      .where('status', '=', 'held')
      .orderBy('updated_at')
      .orderBy('id')
      .execute()
    const ids = byWait.map(({ id }) => id)
    expect(told).toEqual([...ids, ids[0]])
    expect(await shell.directory.releasable({ ...none, seconds: 4 })).toHaveLength(2)
    shell.outside.paused.clear()
    await createRelease(shell.directory, shell.client)({ now: 0, seconds: 60 })
    for (const run of runs) await shell.ended(run)
  })
})
