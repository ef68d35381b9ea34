import type pg from 'pg'
import type { Connections, FactsSource, Ports, Subjects } from '../engine/ports.ts'
import { catalog } from '../nodes/catalog.ts'
import { createBlobs } from './db/blob-store.ts'
import { createBudgets } from './db/budget-store.ts'
import { createEffectsLedger } from './db/ledger-store.ts'
import type { Vault } from './connections/vault.ts'
import type { RunChanges } from './db/run-changes.ts'
import { createRunRecord } from './db/run-record.ts'
import { onPool } from './db/sql.ts'
import { createRunKeys } from './privacy/run-keys.ts'
import { createWorkspaceKeys } from './privacy/workspace-keys.ts'

export interface PortsDeps {
  pool: pg.Pool
  clock: () => number
  connections: Connections
  facts: FactsSource
  subjects: Subjects
  changes: RunChanges
  vault: Vault
}

/** Everything a run's activities need from the outside, over one Postgres. */
export function createPorts({ pool, clock, connections, facts, subjects, changes, vault }: PortsDeps): Ports {
  const q = onPool(pool)
  return {
    catalog,
    clock,
    connections,
    facts,
    subjects,
    runs: createRunRecord(q, changes.changed),
    ledger: createEffectsLedger(q, changes.changed),
    budgets: createBudgets(q, clock),
    blobs: createBlobs(q),
    keys: createRunKeys({ q, workspaces: createWorkspaceKeys(q, vault, clock), clock }),
  }
}
