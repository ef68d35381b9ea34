import type { FastifyInstance } from 'fastify'
import { z } from 'zod'
import type { Sandbox } from '../../sandbox/app.ts'
import { expectShape } from '../../sandbox/control.ts'
import type { RecordBody } from '../../sandbox/store.ts'

const settingsSchema = z.strictObject({
  /** How long a new contact stays out of the search. Intercom takes up to minutes; 0 unless a test asks. */
  searchLagMs: z.number().int().min(0).max(600_000).optional(),
  /** Where the workspace lives, as `GET /me` tells it. */
  region: z.enum(['US', 'EU', 'AU']).optional(),
})

const kept = ({ store }: Sandbox): RecordBody => store.get('_settings', 'search') ?? {}

export const searchLagMs = (sandbox: Sandbox): number => Number(kept(sandbox)['searchLagMs'] ?? 0)

export function regionOf(sandbox: Sandbox): string {
  const { region } = kept(sandbox)
  return typeof region === 'string' ? region : 'US'
}

/** `POST /_sandbox/intercom/settings` `{ searchLagMs, region }`; what is left out stays as it is. */
export function settingsControl(scope: FastifyInstance, sandbox: Sandbox): void {
  scope.post('/settings', ({ body }) => {
    const { searchLagMs: lag, region } = expectShape(settingsSchema, body, 'body')
    const settings: RecordBody = {
      ...kept(sandbox),
      ...(lag === undefined ? {} : { searchLagMs: lag }),
      ...(region === undefined ? {} : { region }),
    }
    sandbox.store.put('_settings', { id: 'search', body: settings })
    return { data: settings }
  })
}
