import { fastify } from 'fastify'
import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest'
import { effectKey } from '../../engine/ids.ts'
import type { RunRef } from '../../engine/ports.ts'
import type { RunClient } from '../../engine/temporal/run-client.ts'
import { resumeOverdue, settleOverdue } from '../../engine/temporal/reconcile.ts'
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
    expect(await resumeOverdue(shell.directory, shell.client, later())).toBe(0)

    // Removed, and made anew under the same name; the process that was to tell them was killed.
    const { id, ...old } = await shell.database.db.selectFrom('connections').selectAll().executeTakeFirstOrThrow()
    await shell.database.db.deleteFrom('connections').where('workspace_id', '=', shell.workspaceId).execute()
    expect(await resumeOverdue(shell.directory, shell.client, later())).toBe(0)
    const anew = { ...old, id: crypto.randomUUID(), settings: '{}', fault: null, status: 'open' as const }
    await shell.database.db.insertInto('connections').values(anew).execute()
    expect(anew.id).not.toBe(id)
    shell.outside.paused.clear()

    expect(await resumeOverdue(shell.directory, shell.client, Date.now() - 60_000)).toBe(0)
    // Temporal refuses the first of the line: it has no id.
    const held = await shell.directory.heldByOpen(later(), null, 10)
    const refused = { workspaceId: shell.workspaceId, runId: '', connections: ['pad'] }
    const directory = { ...shell.directory, heldByOpen: () => Promise.resolve([refused, ...held]) }
    await expect(resumeOverdue(directory, shell.client, later())).rejects.toThrow('1 of 4 held runs')
    for (const run of runs) await shell.ended(run)
    expect(texts().sort()).toEqual(['x', 'y', 'z'])
  })

  it('are found page by page, in their own workspace only', async () => {
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
    expect(await shell.directory.heldByOpen(later(), null, 10)).toEqual([])
    await pausedRow(false)
    const found = []
    for (let after: RunRef | null = null; ; ) {
      const [run]: RunRef[] = await shell.directory.heldByOpen(later(), after, 1)
      if (run === undefined) break
      found.push(run.runId)
      after = run
    }
    expect(found).toEqual(runs.map(({ runId }) => runId).sort())
    shell.outside.paused.clear()
    await resumeOverdue(shell.directory, shell.client, later())
    for (const run of runs) await shell.ended(run)
  })
})
