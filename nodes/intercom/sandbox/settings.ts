import type { FastifyInstance } from 'fastify'
import { z } from 'zod'
import type { Sandbox } from '../../sandbox/app.ts'
import { expectShape } from '../../sandbox/control.ts'

const settingsSchema = z.strictObject({
  /** How long a new contact stays out of the search. Intercom takes up to minutes; 0 unless a test asks. */
  searchLagMs: z.number().int().min(0).max(600_000),
})

export const searchLagMs = ({ store }: Sandbox): number => Number(store.get('_settings', 'search')?.searchLagMs ?? 0)

/** `POST /_sandbox/intercom/settings` `{ searchLagMs }` */
export function settingsControl(scope: FastifyInstance, sandbox: Sandbox): void {
  scope.post('/settings', ({ body }) => {
    const settings = expectShape(settingsSchema, body, 'body')
    sandbox.store.put('_settings', { id: 'search', body: settings })
    return { data: settings }
  })
}
