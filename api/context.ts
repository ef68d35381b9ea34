import type { FastifyBaseLogger } from 'fastify'
import type pg from 'pg'
import type { Budgets } from '../engine/ports.ts'
import type { Catalog } from '../nodes/define.ts'
import type { Manifest } from '../nodes/manifest.ts'
import type { Actor } from './auth/scopes.ts'
import type { ConnectionStore } from './connections/connection-store.ts'
import type { Vault } from './connections/vault.ts'
import type { Db } from './db/database.ts'
import type { Ingest } from './ingest/ingest.ts'
import type { KeyReader } from './keys/api-keys.ts'
import type { RunWatch } from './runs/run-watch.ts'
import type { TemporalPorts } from './temporal-ports.ts'

/** What the API process has, the same for every request. */
export interface ApiDeps {
  db: Db
  pool: pg.Pool
  catalog: Catalog
  manifest: Manifest
  vault: Vault
  connections: ConnectionStore
  keys: KeyReader
  budgets: Budgets
  temporal: TemporalPorts
  ingest: Ingest
  runWatch: RunWatch
  /** Where the sandboxes answer, e.g. `http://127.0.0.1:4010`; null where they are off. */
  sandboxUrl: string | null
  /** Without a trailing slash. */
  publicUrl: string
  log: FastifyBaseLogger
}

/** Who asks, for which workspace, and when. */
export interface Requester {
  actor: Actor
  workspaceId: string
  /** Milliseconds since 1970. */
  now: number
  /** Where the browser has the app open: one of our own addresses. */
  origin: string
}

/** What every procedure gets: never without a workspace, never without knowing who asks. */
export type Context = ApiDeps & Requester

/** The part that a handler usually needs. */
export interface Scoped {
  db: Db
  workspaceId: string
  now: number
}
