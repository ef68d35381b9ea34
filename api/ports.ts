import type pg from 'pg'
import type { Connections, FactsSource, Ports, RunRef, Subjects } from '../engine/ports.ts'
import { catalog } from '../nodes/catalog.ts'
import { createInside } from './asks/inside.ts'
import { createReach } from './contact-rules/reach.ts'
import { createBlobs } from './db/blob-store.ts'
import { createBudgets } from './db/budget-store.ts'
import { createEffectsLedger } from './db/ledger-store.ts'
import type { Vault } from './connections/vault.ts'
import type { RunChanges } from './db/run-changes.ts'
import { createRunRecord } from './db/run-record.ts'
import { createRunWaits } from './db/run-waits.ts'
import { onPool } from './db/sql.ts'
import { createConsent } from './privacy/consent.ts'
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
  /** Without a trailing slash: where links in mails lead. */
  publicUrl: string
  startRuns(runs: RunRef[]): Promise<void>
}

/** Everything a run's activities need from the outside, over one Postgres. */
export function createPorts({
  pool,
  clock,
  connections,
  facts,
  subjects,
  changes,
  vault,
  publicUrl,
  startRuns,
}: PortsDeps): Ports {
  const q = onPool(pool)
  const workspaces = createWorkspaceKeys(q, vault, clock)
  return {
    catalog,
    clock,
    connections,
    facts,
    subjects,
    runs: createRunRecord(q, changes.changed),
    waits: createRunWaits(pool),
    ledger: createEffectsLedger(q, changes.changed),
    budgets: createBudgets(q, clock),
    blobs: createBlobs(q),
    keys: createRunKeys({ q, workspaces, clock }),
    ...createInside({ pool, clock, publicUrl, startRuns }),
    reach: createReach(pool),
    consent: createConsent({ q, keys: workspaces, publicUrl }),
  }
}
