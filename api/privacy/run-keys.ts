import { hkdfSync, randomBytes } from 'node:crypto'
import { RUN_KEY_BYTES, type RunKeys } from '../../engine/ports.ts'
import { SALT_BYTES } from '../db/enrollment-store.ts'
import type { Queryable, Statement } from '../db/sql.ts'
import type { WorkspaceKeyReader } from './workspace-keys.ts'

/** A key is forgotten after this; with the sweep's pace it is never kept for longer than ten minutes. */
const KEPT_MS = 9 * 60_000
const SWEEP_MS = 30_000
/** Keys kept at most: some 10 MB. */
const MOST = 50_000

const READ: Statement = {
  name: 'run-keys',
  text: 'SELECT run_id AS "runId", workspace_id AS "workspaceId", salt FROM run_keys WHERE run_id = ANY ($1::text[])',
}
// For runs that entered before runs had keys.
const MAKE: Statement = {
  name: 'run-keys-make',
  text: `INSERT INTO run_keys (run_id, workspace_id, salt, created_at)
    SELECT r.id, r.workspace_id, given.salt, $3 FROM unnest($1::text[], $2::bytea[]) AS given (id, salt)
    CROSS JOIN workspaces w JOIN runs r ON r.workspace_id = w.id AND r.id = given.id
    ON CONFLICT DO NOTHING`,
}

interface Row {
  runId: string
  workspaceId: string
  salt: Buffer | null
}

/** What there is to know of a run's key: null, where it was destroyed or never was. */
type Known = Map<string, Buffer | null>

export interface RunKeysDeps {
  q: Queryable
  workspaces: WorkspaceKeyReader
  clock: () => number
}

/**
 * The keys of runs: made of the workspace's half, which SIGNALBOX_SECRET seals, and the run's own, which stands in the
 * database until it is destroyed. Neither alone tells anything of the key.
 */
export function createRunKeys({ q, workspaces, clock }: RunKeysDeps): RunKeys {
  const kept = new Map<string, { key: Buffer | null; at: number }>()
  const load = inBatches((runIds: string[]) => readKeys({ q, workspaces, clock }, runIds))
  // Old ones stand first: they were put in first.
  const sweep = (): void => {
    const now = clock()
    for (const [runId, { at }] of kept) {
      if (now - at < KEPT_MS && kept.size <= MOST) return
      kept.delete(runId)
    }
  }
  setInterval(sweep, SWEEP_MS).unref()
  return {
    async key(runId) {
      const known = kept.get(runId)
      if (known !== undefined && clock() - known.at < KEPT_MS) return known.key
      const at = clock()
      const loaded = await load(runId)
      const key = loaded.get(runId)
      if (key === undefined) return null
      kept.delete(runId)
      kept.set(runId, { key, at })
      if (kept.size > MOST) sweep()
      return key
    },
  }
}

async function readKeys({ q, workspaces, clock }: RunKeysDeps, runIds: string[]): Promise<Known> {
  let rows = await q.rows<Row>(READ, [runIds])
  const there = new Set(rows.map((row) => row.runId))
  const missing = runIds.filter((runId) => !there.has(runId))
  if (missing.length > 0) {
    await q.rows(MAKE, [missing, missing.map(() => randomBytes(SALT_BYTES)), new Date(clock())])
    rows = [...rows, ...(await q.rows<Row>(READ, [missing]))]
  }
  const keys = await Promise.all(
    rows.map(async ({ runId, workspaceId, salt }): Promise<[string, Buffer | null]> => {
      if (salt === null) return [runId, null]
      const { runs } = await workspaces.of(workspaceId)
      return [runId, Buffer.from(hkdfSync('sha256', runs, salt, `signalbox ${runId}`, RUN_KEY_BYTES))]
    }),
  )
  return new Map(keys)
}

/** Gathers what is asked while an answer is on its way into the next question: a burst of runs asks a few times. */
function inBatches<T>(read: (wanted: string[]) => Promise<Map<string, T>>): (one: string) => Promise<Map<string, T>> {
  let next: { wanted: Set<string>; answer: Promise<Map<string, T>> } | null = null
  let last: Promise<unknown> = Promise.resolve()
  return (one) => {
    if (next === null) {
      const wanted = new Set<string>()
      const answer = last.then(() => {
        next = null
        return read([...wanted])
      })
      last = answer.catch(() => undefined)
      next = { wanted, answer }
    }
    next.wanted.add(one)
    return next.answer
  }
}
