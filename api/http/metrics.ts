import type { FastifyInstance } from 'fastify'
import { sql } from 'kysely'
import { collectDefaultMetrics, Gauge, Histogram, Registry } from 'prom-client'
import type { Db } from '../db/database.ts'
import type { Ingest } from '../ingest/ingest.ts'
import { ingestMetrics } from '../ingest/ingest-metrics.ts'

/** Numbers for Prometheus. Labels are routes and statuses, never ids. */
export function createMetrics(db: Db, ingest: Ingest) {
  const registry = new Registry()
  collectDefaultMetrics({ register: registry, prefix: 'signalbox_' })
  const requests = new Histogram({
    name: 'signalbox_http_request_seconds',
    help: 'Time from request to answer by route.',
    labelNames: ['method', 'route', 'status'],
    buckets: [0.005, 0.02, 0.05, 0.1, 0.25, 1, 5],
    registers: [registry],
  })
  // oxlint-disable-next-line no-new -- it registers itself
  new Gauge({
    name: 'signalbox_runs_open',
    help: 'Open runs by status, over all workspaces.',
    labelNames: ['status'],
    registers: [registry],
    async collect() {
      const { rows } = await sql<{ status: string; runs: number }>`
        SELECT status, count(*)::int AS runs FROM runs WHERE ended_at IS NULL GROUP BY status`.execute(db)
      this.reset()
      for (const { status, runs } of rows) this.set({ status }, runs)
    },
  })
  ingestMetrics(registry, db, ingest)
  return {
    registry,
    observe(server: FastifyInstance): void {
      server.addHook('onResponse', (request, reply, done) => {
        const route = request.routeOptions.url ?? 'none'
        requests.observe({ method: request.method, route, status: reply.statusCode }, reply.elapsedTime / 1000)
        done()
      })
    },
  }
}
