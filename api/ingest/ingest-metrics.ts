import { sql } from 'kysely'
import { Counter, Gauge, type Registry } from 'prom-client'
import type { Db } from '../db/database.ts'
import type { Ingest } from './ingest.ts'

/** What waits for the database in this process, who was turned away, and how far the dispatchers are behind. */
export function ingestMetrics(registry: Registry, db: Db, ingest: Ingest): void {
  const registers = [registry]
  const gauge = (name: string, help: string, read: () => number): void => {
    // oxlint-disable-next-line no-new -- it registers itself
    new Gauge({
      name,
      help,
      registers,
      collect() {
        this.set(read())
      },
    })
  }
  gauge(
    'signalbox_ingest_waiting_rows',
    'Messages accepted by this process and not committed yet.',
    () => ingest.load().rows,
  )
  gauge('signalbox_ingest_waiting_bytes', 'Text of those messages, in bytes.', () => ingest.load().bytes)
  gauge('signalbox_ingest_waiting_seconds', 'How long the oldest of them has waited.', () => ingest.load().ageMs / 1000)
  gauge(
    'signalbox_ingest_body_bytes',
    'Bodies of tracking calls that are being read or answered.',
    () => ingest.load().bodyBytes,
  )
  // oxlint-disable-next-line no-new -- it registers itself
  new Counter({
    name: 'signalbox_ingest_refused_total',
    help: 'Calls turned away with INGEST_BUSY: 429 while the database is slow, 503 while it takes nothing.',
    labelNames: ['status'],
    registers,
    collect() {
      const { slow, stuck } = ingest.load().refused
      this.reset()
      this.inc({ status: '429' }, slow)
      this.inc({ status: '503' }, stuck)
    },
  })
  dispatchLag(registry, db)
}

function dispatchLag(registry: Registry, db: Db): void {
  const pending = new Gauge({
    name: 'signalbox_events_pending',
    help: 'Accepted events that no worker has looked at yet.',
    registers: [registry],
    async collect() {
      const { rows } = await sql<{ events: number; oldest: number | null }>`
        SELECT count(*)::int AS events, (extract(epoch FROM min(received_at)))::float8 AS oldest
        FROM events WHERE status = 'pending'`.execute(db)
      const [row] = rows
      this.set(row?.events ?? 0)
      lag.set(typeof row?.oldest === 'number' ? Math.max(0, Date.now() / 1000 - row.oldest) : 0)
    },
  })
  // Set by the one above: one look at the table for both.
  const lag = new Gauge({
    name: 'signalbox_events_pending_seconds',
    help: 'How long the oldest of them has waited for a worker. What waits is committed: it is late, not lost.',
    registers: [registry],
    collect: async () => {
      await pending.get()
    },
  })
}
