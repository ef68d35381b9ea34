import { randomUUID } from 'node:crypto'
import { onPool } from '../../api/db/sql.ts'
import { worthALook } from '../../api/dispatch/worth-a-look.ts'
import { startDispatcher } from '../../api/dispatch/dispatcher.ts'
import type { PerformOptions } from '../../engine/temporal/perform-options.ts'
import type { RunRef } from '../../engine/ports.ts'
import type { Json } from '../../nodes/manifest.ts'
import { createShell, type Shell } from './durable-shell.ts'
import { until } from './until.ts'
import { createTestWorkspace, type TestWorkspace } from './workspace.ts'

/** The durable shell over a workspace in which events come and are worked off, as in the product. */
export interface LiveShell extends Shell {
  w: TestWorkspace
  /** Sends messages now. */
  send(...messages: Array<{ [field: string]: Json }>): Promise<void>
  /** A new contact's id outside, and ours. */
  contact(traits?: { [name: string]: Json }): Promise<{ userId: string; id: string }>
  /** What the dispatcher could not do. */
  errors: unknown[]
  /** Runs that were told to look, in order. */
  told: RunRef[]
}

export async function createLiveShell(options: Partial<PerformOptions> = {}): Promise<LiveShell> {
  const w = await createTestWorkspace(Date.now())
  const shell = await createShell(options, { within: w })
  const errors: unknown[] = []
  const told: RunRef[] = []
  const dispatcher = startDispatcher({
    pool: w.opened.pool,
    clock: Date.now,
    startRuns: shell.client.startEntered,
    touchRuns: async (touched) => {
      const runs = await worthALook({ q: onPool(w.opened.pool), facts: shell.ports.facts, clock: Date.now }, touched)
      told.push(...runs)
      await shell.client.touchRuns(runs)
    },
    onError: (error) => errors.push(error),
  })
  const send: LiveShell['send'] = async (...messages) => {
    w.clock.now = Date.now()
    await w.sendNow(...messages)
  }
  const contact: LiveShell['contact'] = async (traits = {}) => {
    const userId = `u-${randomUUID()}`
    await send({ type: 'identify', messageId: randomUUID(), userId, traits })
    const { id } = await until(`the contact ${userId} is there`, () =>
      w.opened.db
        .selectFrom('contacts')
        .select('id')
        .where('workspace_id', '=', w.id)
        .where('external_id', '=', userId)
        .executeTakeFirstOrThrow(),
    )
    return { userId, id }
  }
  const close = async (): Promise<void> => {
    await dispatcher.stop()
    await shell.close()
    await w.close()
  }
  return { ...shell, w, send, contact, errors, told, close }
}
