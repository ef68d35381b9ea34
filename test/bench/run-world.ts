import { sql } from 'kysely'
import { ConnectionStore, belongsTo } from '../../api/connections/connection-store.ts'
import { openVault, type Vault } from '../../api/connections/vault.ts'
import { createFactsSource } from '../../api/customers/facts-source.ts'
import { createSubjects } from '../../api/customers/subjects.ts'
import { type OpenedDatabase, openDatabase } from '../../api/db/database.ts'
import { newId } from '../../api/db/new-id.ts'
import { createRunChanges } from '../../api/db/run-changes.ts'
import { onPool } from '../../api/db/sql.ts'
import { createPorts } from '../../api/ports.ts'
import { compile } from '../../engine/compile/compile.ts'
import { planHash, runId } from '../../engine/ids.ts'
import type { Plan, TriggerData } from '../../engine/model/plan.ts'
import type { PlaybookDocument } from '../../engine/model/playbook.ts'
import type { Ports, RunRef } from '../../engine/ports.ts'
import { catalog } from '../../nodes/catalog.ts'
import { toManifest } from '../../nodes/to-manifest.ts'
import type { Servers } from './servers.ts'

/** Subjects the runs are spread over; each is warmed up once, so that no run pays for a first look-up. */
export const SUBJECTS = 25
/** So high that it is never reached, but asked: a limited connection's runs pay for the question. */
const BUDGET = { calls: 1_000_000, perMs: 10_000 }

/** A workspace with contacts, accounts and both connections, in a fresh database. */
export interface RunWorld {
  database: OpenedDatabase
  ports: Ports
  /** Compiles a playbook and keeps its plan. @param data what its trigger brings along */
  publish(document: PlaybookDocument, data?: TriggerData['data']): Promise<Published>
  close(): Promise<void>
}

export interface Published {
  plan: Plan
  /** Commits runs as enrolled, as the dispatcher does, without starting them. */
  enroll(variant: string, count: number): Promise<RunRef[]>
}

/** interface.md's playbook, started by hand. */
export const DOCUMENT: PlaybookDocument = {
  name: 'Expansion signal to opportunity',
  subject: 'contact',
  enrollment: { reentry: { policy: 'every' }, exit: [], goal: null },
  steps: [
    { id: 'start', type: 'trigger.manual@1', input: {} },
    {
      id: 'big',
      type: 'flow.branch@1',
      input: { cases: [{ port: 'over-100', if: { property: 'account.mrr', op: 'gt', value: 100 } }] },
    },
    {
      id: 'tag',
      type: 'intercom.tagContact@1',
      connection: 'intercom',
      input: { contact: '{{ contact.id }}', tag: 'expansion' },
    },
    {
      id: 'opp',
      type: 'salesforce.createOpportunity@1',
      connection: 'salesforce',
      input: {
        account: '{{ account.id }}',
        name: 'Expansion: {{ account.name }}',
        stage: 'Prospecting',
        closeInDays: 30,
        amount: '{{ account.mrr * 12 }}',
      },
    },
  ],
  edges: [
    ['start', 'big'],
    ['big.over-100', 'tag'],
    ['tag', 'opp'],
  ],
}

export async function createRunWorld(servers: Servers): Promise<RunWorld> {
  const database = openDatabase(servers.databaseUrl, { max: 16 })
  const { pool } = database
  const vault = openVault('a secret of the bench, which holds no other')
  const workspaceId = newId(Date.now())
  await database.db
    .insertInto('workspaces')
    .values({ id: workspaceId, slug: 'bench', name: 'Bench', created_at: new Date() })
    .execute()
  for (const app of ['intercom', 'salesforce']) await connect({ database, vault, workspaceId, servers }, app)
  const contacts = await insertSubjects({ database, workspaceId, servers })
  const changes = createRunChanges(pool, (error) => console.error(error))
  const { sandboxUrl } = servers
  const ports = createPorts({
    pool,
    clock: Date.now,
    connections: new ConnectionStore({ db: database.db, vault, catalog, sandboxUrl, clock: Date.now }),
    facts: createFactsSource(onPool(pool)),
    subjects: createSubjects(onPool(pool)),
    changes,
    vault,
    publicUrl: 'http://localhost:4000',
    startRuns: () => Promise.resolve(),
  })
  const publish = async (document: PlaybookDocument, data: TriggerData['data'] = {}): Promise<Published> => {
    const plan = compiled(document)
    const text = JSON.stringify(plan)
    const hash = planHash(workspaceId, text)
    await database.db
      .insertInto('plans')
      .values({ workspace_id: workspaceId, hash, plan: text, created_at: new Date() })
      .execute()
    const trigger = { step: 'start', data }
    return { plan, enroll: enrolling({ database, workspaceId, contacts, planHash: hash, trigger }) }
  }
  const close = async (): Promise<void> => {
    await changes.close()
    await database.close()
  }
  return { database, ports, publish, close }
}

interface Enrolling {
  database: OpenedDatabase
  workspaceId: string
  contacts: string[]
  planHash: string
  trigger: TriggerData
}

function enrolling({ database, workspaceId, contacts, planHash: hash, trigger }: Enrolling): Published['enroll'] {
  const playbookId = newId(Date.now())
  let occurrence = 0
  return async (variant, count) => {
    const at = new Date()
    const rows = Array.from({ length: count }, () => {
      occurrence += 1
      const subject = contacts[occurrence % contacts.length]
      if (subject === undefined) throw new Error('The bench has no contacts.')
      return {
        workspace_id: workspaceId,
        id: runId(workspaceId, playbookId, `${variant} ${occurrence}`),
        playbook_id: playbookId,
        version: 1,
        plan_hash: hash,
        subject_kind: 'contact',
        subject_id: subject,
        occurrence: `${variant} ${occurrence}`,
        trigger: JSON.stringify(trigger),
        cause: '{}',
        created_at: at,
        updated_at: at,
      }
    })
    await database.db.insertInto('runs').values(rows).execute()
    return rows.map((row) => ({ workspaceId, runId: row.id }))
  }
}

function compiled(document: PlaybookDocument): Plan {
  const result = compile(document, {
    manifest: toManifest(catalog),
    connections: [
      { slug: 'intercom', app: 'intercom' },
      { slug: 'salesforce', app: 'salesforce' },
    ],
    signals: [],
    segments: [],
  })
  if (result.ok) return result.plan
  throw new Error(
    `The bench's playbook “${document.name}” does not compile: ${JSON.stringify(result.problems, null, 2)}`,
  )
}

interface Making {
  database: OpenedDatabase
  workspaceId: string
  servers: Servers
}

async function connect({ database, vault, workspaceId, servers }: Making & { vault: Vault }, app: string) {
  const id = newId(Date.now())
  await control(servers, app, { path: 'limits', body: { calls: 100_000_000, perMs: 10_000 } })
  const credentials = await control<{ [name: string]: string }>(servers, app, { path: 'tokens', body: {} })
  const texts = Object.fromEntries(Object.entries(credentials).filter(([, value]) => typeof value === 'string'))
  const at = new Date()
  await database.db
    .insertInto('connections')
    .values({
      workspace_id: workspaceId,
      id,
      slug: app,
      app,
      name: app,
      sealed: vault.seal(belongsTo(workspaceId, id), texts),
      sandbox: true,
      budget_calls: BUDGET.calls,
      budget_per_ms: BUDGET.perMs,
      created_at: at,
      updated_at: at,
    })
    .execute()
}

async function insertSubjects({ database, workspaceId, servers }: Making): Promise<string[]> {
  const at = new Date()
  const ids: string[] = []
  for (let i = 0; i < SUBJECTS; i += 1) {
    const [contactId, accountId] = [newId(at.getTime()), newId(at.getTime())]
    const email = `person-${i}@bench.example`
    await control(servers, 'intercom', { path: 'records/contacts', body: { external_id: `person-${i}`, email } })
    const common = { workspace_id: workspaceId, created_at: at, updated_at: at }
    await database.db
      .insertInto('contacts')
      .values({ ...common, id: contactId, external_id: `person-${i}`, email, name: `Person ${i}` })
      .execute()
    await database.db
      .insertInto('accounts')
      .values({
        ...common,
        id: accountId,
        external_id: `account-${i}`,
        name: `Account ${i}`,
        properties: JSON.stringify({ mrr: 400 + i }),
      })
      .execute()
    await database.db
      .insertInto('account_contacts')
      .values({ workspace_id: workspaceId, account_id: accountId, contact_id: contactId, created_at: at })
      .execute()
    ids.push(contactId)
  }
  await sql`ANALYZE`.execute(database.db)
  return ids
}

async function control<T>(servers: Servers, app: string, call: { path: string; body: unknown }): Promise<T> {
  const response = await fetch(`${servers.sandboxUrl}/_sandbox/${app}/${call.path}`, {
    method: 'POST',
    headers: { 'content-type': 'application/json' },
    body: JSON.stringify(call.body),
  })
  const text = await response.text()
  if (!response.ok) throw new Error(`POST /_sandbox/${app}/${call.path}: ${response.status} ${text}`)
  return (JSON.parse(text) as { data: T }).data
}
