import { randomUUID } from 'node:crypto'
import { sql } from 'kysely'
import { type OpenedDatabase, openDatabase } from '../../api/db/database.ts'
import type { EventCause } from '../../api/db/event-store.ts'
import { newId } from '../../api/db/new-id.ts'
import { onPool } from '../../api/db/sql.ts'
import { createIngest } from '../../api/ingest/ingest.ts'
import type { Sender } from '../../api/ingest/prepare-message.ts'
import { createIdentityHash } from '../../api/privacy/identity-hash.ts'
import { createCatalogCache } from '../../api/dispatch/workspace-catalog.ts'
import { workDue } from '../../api/dispatch/work-due.ts'
import { workEvents } from '../../api/dispatch/work-events.ts'
import { planHash } from '../../engine/ids.ts'
import type { Enrollment, Reentry } from '../../engine/model/playbook.ts'
import type { Plan } from '../../engine/model/plan.ts'
import type { Audience, AudienceKind } from '../../api/dispatch/audience-index.ts'
import type { RunRef } from '../../engine/ports.ts'
import type { Json } from '../../nodes/manifest.ts'

/** A workspace in a database of its own, with ingestion and a dispatcher that is driven by hand and by a clock of the test. */
export interface TestWorkspace {
  id: string
  opened: OpenedDatabase
  clock: { now: number }
  /** Sends messages as one batch. */
  send(...messages: Json[]): Promise<void>
  /** As `send`, with the clock standing still. */
  sendNow(...messages: Json[]): Promise<void>
  /** As `send`, of messages that say what they came of. */
  sendBecause(cause: EventCause, ...messages: Json[]): Promise<void>
  /** Works until nothing is left; answers the runs it would start. */
  dispatch(): Promise<RunRef[]>
  /** Lets time pass, asking rules at their moments. */
  pass(ms: number): Promise<RunRef[]>
  audience(
    kind: AudienceKind,
    slug: string,
    more: { subject?: 'contact' | 'account'; rule: Audience['rule'] },
  ): Promise<string>
  playbook(
    slug: string,
    more: {
      subject?: 'contact' | 'account'
      trigger: { type: string; input: { [field: string]: Json } }
      reentry?: Reentry
      enrollment?: Partial<Enrollment>
      status?: 'on' | 'paused'
    },
  ): Promise<string>
  close(): Promise<void>
}

/**
 * @param now milliseconds since 1970 at which the test begins
 * @param database a migrated one, for scenarios that run outside of the test runner; else one of the test run's own
 */
export async function createTestWorkspace(
  now = Date.parse('2026-03-02T10:00:00Z'),
  database?: { url: string; drop: () => Promise<void> },
): Promise<TestWorkspace> {
  // The test runner's servers are asked for only where it runs.
  return openWorkspace(now, database ?? (await (await import('./postgres.ts')).createTestDatabase()))
}

async function openWorkspace(
  now: number,
  database: { url: string; drop: () => Promise<void> },
): Promise<TestWorkspace> {
  const opened = openDatabase(database.url)
  const id = randomUUID()
  const clock = { now }
  const at = () => new Date(clock.now)
  await opened.db
    .insertInto('workspaces')
    .values({ id, slug: `w-${id}`, name: 'Test', created_at: at() })
    .execute()
  const ingest = createIngest({ q: onPool(opened.pool), clock: () => clock.now, hash: createIdentityHash('test') })
  const deps = { pool: opened.pool, clock: () => clock.now, catalogs: createCatalogCache() }
  const bump = () =>
    sql`UPDATE workspaces SET catalog_revision = catalog_revision + 1 WHERE id = ${id}`.execute(opened.db)
  const drain = async (work: typeof workEvents): Promise<RunRef[]> => {
    const runs: RunRef[] = []
    for (;;) {
      const worked = await work(deps)
      if (worked.events === 0) return runs
      runs.push(...worked.runs)
    }
  }
  const accept = async (from: Sender, messages: Json[]): Promise<void> => {
    const { refused } = await ingest.acceptBatch(from, { batch: messages })
    if (refused) throw new Error(JSON.stringify(refused))
  }
  const sendNow = (...messages: Json[]): Promise<void> => accept({ workspaceId: id }, messages)
  return {
    id,
    opened,
    clock,
    send: async (...messages) => {
      // Ids sort by time: what is sent later is seen later in every list.
      clock.now += 1
      await sendNow(...messages)
    },
    sendNow,
    sendBecause: async (cause, ...messages) => {
      clock.now += 1
      await accept({ workspaceId: id, cause }, messages)
    },
    dispatch: () => drain(workEvents),
    pass: async (ms) => {
      clock.now += ms
      return drain(workDue)
    },
    audience: async (kind, slug, { subject = 'contact', rule }) => {
      const audienceId = newId(clock.now)
      await opened.db
        .insertInto('audiences')
        .values({
          workspace_id: id,
          id: audienceId,
          kind,
          slug,
          name: slug,
          subject,
          rule: JSON.stringify(rule),
          backfill_done: true,
          created_at: at(),
          updated_at: at(),
        })
        .execute()
      await bump()
      return audienceId
    },
    playbook: async (
      slug,
      { subject = 'contact', trigger, reentry = { policy: 'every' }, enrollment = {}, status = 'on' },
    ) => {
      const playbookId = newId(clock.now)
      const plan: Plan = {
        kind: 'plan',
        format: 1,
        subject,
        enrollment: { reentry, exit: [], goal: null, ...enrollment },
        steps: [
          {
            id: 'start',
            type: `${trigger.type}@1`,
            label: 'Start',
            op: 'trigger',
            in: [],
            out: { out: [] },
            input: trigger.input,
          },
        ],
        reads: { properties: [], segments: [], signals: [], events: {} },
      }
      const text = JSON.stringify(plan)
      const hash = planHash(id, `${slug}${text}`)
      const common = { workspace_id: id }
      await opened.db
        .insertInto('playbooks')
        .values({
          ...common,
          id: playbookId,
          slug,
          name: slug,
          status,
          draft: '{}',
          live_version: 1,
          created_at: at(),
          updated_at: at(),
        })
        .execute()
      await opened.db
        .insertInto('plans')
        .values({ ...common, hash, plan: text, created_at: at() })
        .execute()
      await opened.db
        .insertInto('playbook_versions')
        .values({
          ...common,
          playbook_id: playbookId,
          version: 1,
          document: '{}',
          plan_hash: hash,
          published_by: 'test',
          published_at: at(),
        })
        .execute()
      await bump()
      return playbookId
    },
    close: async () => {
      await opened.close()
      await database.drop()
    },
  }
}
