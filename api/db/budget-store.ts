import type { Budgets } from '../../engine/ports.ts'
import type { Instant } from '../../engine/model/rule.ts'
import type { Queryable, Statement } from './sql.ts'

const EARLY_MS = 20
/** A limit changed on the connections page takes hold within this. */
const LIMIT_CACHE_MS = 5_000
/** Leased calls are used within this, or given up. */
const LEASE_MS = 1_000
/** Less than the second's worth that is allowed: calls are made some time after they were drawn, on a busy machine late. */
const BURST_MS = 600

interface Limit {
  workspaceId: string
  /** Milliseconds between two calls at the limit; null: no limit. */
  intervalMs: number | null
  /** How far behind the line may start: so much of the limit may go at once. */
  burstMs: number
  readAt: Instant
}

interface Local {
  lease: { calls: number; until: Instant }
  /** Calls made beyond those asked for (or, negative, asked for and not made). */
  debt: number
}

/**
 * Budgets of vendor calls in Postgres: calls go at their interval, with at most six tenths of a second's worth at once. Whoever is
 * not yet due gets a place in the line as an instant and comes back then, holding nothing meanwhile, so that a
 * throttled connection slows no other. A place is a promise of precedence over newcomers and not of the instant: those
 * who come late use what was left over. Without a line a process leases a block and asks again after it.
 */
export function createBudgets(q: Queryable, clock: () => Instant): Budgets {
  const limits = new Map<string, Limit>()
  const locals = new Map<string, Local>()

  const limitOf = async (connectionId: string): Promise<Limit> => {
    const known = limits.get(connectionId)
    const now = clock()
    if (known !== undefined && now - known.readAt < LIMIT_CACHE_MS) return known
    const [row] = await q.rows<LimitRow>(LIMIT, [connectionId])
    const fresh = limitFrom(row, now)
    limits.set(connectionId, fresh)
    return fresh
  }
  const localOf = (connectionId: string): Local => {
    const known = locals.get(connectionId)
    if (known !== undefined) return known
    const fresh = { lease: { calls: 0, until: 0 }, debt: 0 }
    locals.set(connectionId, fresh)
    return fresh
  }

  return {
    async take(connectionId, calls, slot) {
      const limit = await limitOf(connectionId)
      if (limit.intervalMs === null) return { granted: true }
      const now = clock()
      const inLine = slot !== null && now >= slot - EARLY_MS
      const local = localOf(connectionId)
      const { lease, debt } = local
      if (lease.until > now && lease.calls >= calls + debt) {
        lease.calls -= calls + debt
        local.debt = 0
        return { granted: true }
      }
      // Booked with this draw, leased calls that were not used as a credit; others ask while the database answers.
      local.lease = { calls: 0, until: 0 }
      local.debt = 0
      const { workspaceId, burstMs, intervalMs } = limit
      // A tenth of a second's worth: few questions when quick, little unused when it ends.
      const block = Math.max(calls, 100 / intervalMs)
      const owed = intervalMs * (debt - lease.calls)
      const values = [
        connectionId,
        workspaceId,
        now,
        burstMs,
        intervalMs * calls,
        intervalMs * block,
        inLine,
        owed,
        intervalMs,
      ]
      const [row] = await q.rows<Drawn>(DRAW, values)
      if (row === undefined) throw new Error(`The budget of connection ${connectionId} could not be drawn on.`)
      if (!row.granted) return { granted: false, at: Math.ceil(Math.max(row.place, now + 1)) }
      local.lease = { calls: local.lease.calls + row.drawn / intervalMs - calls, until: now + LEASE_MS }
      return { granted: true }
    },
    settle(connectionId, calls) {
      if (limits.get(connectionId)?.intervalMs != null) localOf(connectionId).debt += calls
      return Promise.resolve()
    },
    async backOff(connectionId, at) {
      localOf(connectionId).lease = { calls: 0, until: 0 }
      const limit = await limitOf(connectionId)
      await q.rows(BACK_OFF, [connectionId, limit.workspaceId, at])
    },
  }
}

interface LimitRow {
  workspace_id: string
  budget_calls: number | null
  budget_per_ms: number | null
}

function limitFrom(row: LimitRow | undefined, readAt: Instant): Limit {
  const unlimited = { workspaceId: row?.workspace_id ?? '', intervalMs: null, burstMs: 0, readAt }
  if (row === undefined || row.budget_calls === null || row.budget_per_ms === null) return unlimited
  const intervalMs = row.budget_per_ms / row.budget_calls
  return { ...unlimited, intervalMs, burstMs: Math.min(row.budget_per_ms, BURST_MS) }
}

const LIMIT: Statement = {
  name: 'budget-limit',
  text: 'SELECT workspace_id, budget_calls, budget_per_ms FROM connections WHERE id = $1',
}

interface Drawn {
  granted: boolean
  /** Milliseconds of line that were drawn. */
  drawn: number
  /** Where the asker stands, when not granted. */
  place: number
}

const START = (row: string) => `GREATEST(${row}.next_at + $8::float8, $3 - $4, ${row}.blocked_until)`
/** Free now, and nobody else's turn. */
const GRANTED = (row: string) => `(${START(row)} <= $3 AND ($7 OR GREATEST(${row}.line_at, ${row}.again_at) <= $3))`

// $3 now, $4 burst, $5 what is wanted, $6 a block (milliseconds of line; only where all of it may go now), $7 in line,
// $8 what is owed for calls already made (negative: a credit for calls that were drawn and not made), $9 one call.
// Places are one call apart, however many an action is expected to make: a line that is too loose leaves the limit
// unused, and who finds no room at his place stands in the second line, as ordered as the first.
const DRAW: Statement = {
  name: 'budget-draw',
  text: `INSERT INTO budgets AS b (connection_id, workspace_id, next_at)
    VALUES ($1::uuid, $2::uuid, $3::float8 - $4::float8 + $5::float8 + $8::float8)
    ON CONFLICT (connection_id) DO UPDATE SET
      next_at = CASE WHEN NOT ${GRANTED('b')} THEN b.next_at + $8
        WHEN NOT $7::boolean AND ${START('b')} + $6::float8 <= $3 THEN ${START('b')} + $6
        ELSE ${START('b')} + $5 END,
      line_at = CASE WHEN ${GRANTED('b')} OR $7 THEN b.line_at ELSE GREATEST(b.line_at, ${START('b')}) + $9::float8 END,
      again_at = CASE WHEN ${GRANTED('b')} OR NOT $7 THEN b.again_at ELSE GREATEST(b.again_at, ${START('b')}) + $9 END
    RETURNING
      old.next_at IS NULL OR ${GRANTED('old')} AS granted,
      CASE WHEN old.next_at IS NULL THEN $5 ELSE new.next_at - ${START('old')} END AS drawn,
      GREATEST(CASE WHEN $7 THEN old.again_at ELSE old.line_at END, ${START('old')}) AS place`,
}

const BACK_OFF: Statement = {
  name: 'budget-back-off',
  text: `INSERT INTO budgets AS b (connection_id, workspace_id, next_at, blocked_until) VALUES ($1::uuid, $2::uuid, 0, $3::float8)
    ON CONFLICT (connection_id) DO UPDATE SET blocked_until = GREATEST(b.blocked_until, $3)`,
}
