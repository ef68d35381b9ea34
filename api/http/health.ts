import type { FastifyInstance } from 'fastify'
import { sql } from 'kysely'
import type { ApiDeps } from '../context.ts'

const PATIENCE_MS = 2_000

/** `/healthz`: this process runs. `/readyz`: the parts it needs answer, so that work gets done. */
export function healthRoutes(server: FastifyInstance, deps: Pick<ApiDeps, 'db' | 'temporal'>): void {
  server.get('/healthz', () => ({ status: 'ok' }))
  server.get('/readyz', async (_request, reply) => {
    const [postgres, temporal] = await Promise.all([
      answers(sql`SELECT 1`.execute(deps.db).then(() => true)),
      answers(deps.temporal.ready()),
    ])
    const workers = temporal === null ? 0 : temporal.workers
    const ready = postgres === true && temporal?.reachable === true && workers > 0
    return reply
      .code(ready ? 200 : 503)
      .header('cache-control', 'no-store')
      .send({
        status: ready ? 'ready' : 'not ready',
        postgres: postgres === true ? 'ok' : 'does not answer',
        temporal: temporal?.reachable === true ? 'ok' : 'does not answer',
        workers,
        notes: temporal?.reachable === true ? temporal.notes : [],
      })
  })
}

/** Null where it fails or takes too long: a check must not hang with what it checks. */
async function answers<T>(work: Promise<T>): Promise<T | null> {
  let timer: NodeJS.Timeout | undefined
  const late = new Promise<null>((resolve) => {
    timer = setTimeout(() => resolve(null), PATIENCE_MS)
  })
  try {
    return await Promise.race([work.catch(() => null), late])
  } finally {
    clearTimeout(timer)
  }
}
