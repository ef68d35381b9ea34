import type { Json } from '../../nodes/manifest.ts'
import { writeAudit } from '../auth/audit.ts'
import { createAudience } from '../audiences/write-audience.ts'
import { storeConnection } from '../connections/connections.ts'
import type { Context } from '../context.ts'
import { fetchPending, insertEvents } from '../db/event-store.ts'
import { newId } from '../db/new-id.ts'
import { inTransaction, type Queryable } from '../db/sql.ts'
import { processEvents } from '../dispatch/process-events.ts'
import { askDue } from '../dispatch/work-due.ts'
import { createCatalogCache } from '../dispatch/workspace-catalog.ts'
import { isRefused, parseMessage } from '../ingest/parse-message.ts'
import { LANES } from '../ingest/lane.ts'
import { saveDraft } from '../playbooks/drafts.ts'
import { publishPlaybook } from '../playbooks/publish.ts'
import { callSandbox } from '../sandbox/sandbox-client.ts'
import { DEMO_AUDIENCES } from './audiences.ts'
import { DEMO_PLAYBOOKS } from './documents.ts'
import { demoHistory, type PastMessage } from './history.ts'
import { type DemoAccount, demoAccounts } from './people.ts'

const DAY_MS = 86_400_000
const MARK = 'demo.seed'

/**
 * Fills a workspace with the demo: sixty days of forty accounts, signals, segments, records in both sandboxes,
 * connections and three published playbooks. Each part is left alone where it is there, so that a start that was
 * killed halfway is finished by the next.
 */
export async function seedDemo(ctx: Context): Promise<void> {
  const accounts = demoAccounts()
  await seedAudiences({ ...ctx, now: ctx.now - 61 * DAY_MS })
  await seedHistory(ctx, demoHistory(accounts, ctx.now))
  if (ctx.sandboxUrl !== null) {
    await seedIntercom(ctx, accounts)
    await seedSalesforce(ctx, accounts)
    for (const app of ['intercom', 'salesforce'] as const) await seedConnection(ctx, app)
  }
  await seedPlaybooks(ctx)
}

/** Notes that the demo is complete: no later start touches it. */
export const markComplete = (ctx: Context): Promise<void> => writeAudit(ctx.db, ctx, { action: MARK, target: 'demo' })

export async function isComplete({ db, workspaceId }: Context): Promise<boolean> {
  const row = await db
    .selectFrom('audit')
    .select('id')
    .where('workspace_id', '=', workspaceId)
    .where('action', '=', MARK)
    .executeTakeFirst()
  return row !== undefined
}

async function seedAudiences(ctx: Context): Promise<void> {
  const there = await ctx.db
    .selectFrom('audiences')
    .select('slug')
    .where('workspace_id', '=', ctx.workspaceId)
    .execute()
  const slugs = new Set(there.map(({ slug }) => slug))
  for (const { kind, input } of DEMO_AUDIENCES) if (!slugs.has(input.slug)) await createAudience(ctx, kind, input)
}

/**
 * Lives the past again day by day, with that day's clock: signals were set and cleared when they would have been. One
 * transaction, so that no dispatcher sees a day before its time, and all of it is there or nothing.
 */
async function seedHistory(ctx: Context, messages: PastMessage[]): Promise<void> {
  await inTransaction(ctx.pool, async (q) => {
    const [known] = await q.rows(
      { name: 'demo-known', text: 'SELECT 1 FROM contacts WHERE workspace_id = $1 LIMIT 1' },
      [ctx.workspaceId],
    )
    if (known !== undefined) return
    const catalogs = createCatalogCache()
    const days = Map.groupBy(messages, ({ at }) => Math.floor(at / DAY_MS))
    for (const day of days.values()) {
      await insertEvents(
        q,
        day.map(({ at, message }) => pastEvent(ctx, at, message)),
      )
      const now = day.at(-1)?.at ?? ctx.now
      await askAllDue(q, catalogs, now)
      await workPending(q, ctx, { catalogs, now })
    }
    await askAllDue(q, catalogs, ctx.now)
  })
}

type Catalogs = ReturnType<typeof createCatalogCache>

async function askAllDue(q: Queryable, catalogs: Catalogs, now: number): Promise<void> {
  while ((await askDue(q, catalogs, now)).events > 0);
}

async function workPending(q: Queryable, ctx: Context, given: { catalogs: Catalogs; now: number }): Promise<void> {
  const { workspaceId } = ctx
  const lanes = Array.from({ length: LANES }, (_, lane) => lane)
  for (;;) {
    const { events, firstPosition } = await fetchPending(q, lanes, 500)
    if (events.length === 0) return
    const catalog = await given.catalogs.get(q, workspaceId)
    await processEvents(q, { workspaceId, events, firstPosition, catalog, now: given.now })
  }
}

function pastEvent(ctx: Context, at: number, message: { [name: string]: Json }) {
  const parsed = parseMessage(message.type, message, {
    workspaceId: ctx.workspaceId,
    receivedAt: at,
    sentAt: undefined,
    freshId: () => newId(at),
  })
  if (isRefused(parsed)) throw new Error(`The demo's own message is refused: ${parsed.refusal.reason}`)
  return { ...parsed, id: newId(at), receivedAt: at, refusal: null }
}

type Record = { [name: string]: Json }

async function sandboxRecords(ctx: Context, path: string): Promise<Record[]> {
  return asObjects(asObject(await callSandbox(ctx, { method: 'GET', path })).data)
}

const put = async (ctx: Context, path: string, body: Record): Promise<Record> =>
  asObject(asObject(await callSandbox(ctx, { method: 'POST', path, body })).data)

async function seedIntercom(ctx: Context, accounts: DemoAccount[]): Promise<void> {
  const there = new Set((await sandboxRecords(ctx, '/intercom/records/contacts')).map((row) => row.external_id))
  for (const contact of accounts.flatMap((account) => account.contacts))
    if (!there.has(contact.userId))
      await put(ctx, '/intercom/records/contacts', {
        role: 'user',
        external_id: contact.userId,
        email: contact.email,
        name: contact.name,
      })
}

async function seedSalesforce(ctx: Context, accounts: DemoAccount[]): Promise<void> {
  const known = new Map(
    (await sandboxRecords(ctx, '/salesforce/records/Account')).map((row) => [row.AccountNumber, row.Id ?? null]),
  )
  const people = new Set((await sandboxRecords(ctx, '/salesforce/records/Contact')).map((row) => row.Email))
  for (const account of accounts) {
    const id =
      known.get(account.groupId) ??
      (
        await put(ctx, '/salesforce/records/Account', {
          Name: account.name,
          AccountNumber: account.groupId,
          Website: `https://${account.domain}`,
        })
      ).Id
    for (const contact of account.contacts)
      if (!people.has(contact.email))
        await put(ctx, '/salesforce/records/Contact', {
          FirstName: contact.firstName,
          LastName: contact.lastName,
          Email: contact.email,
          AccountId: id ?? null,
        })
  }
}

const NAMES = { intercom: 'Intercom (sandbox)', salesforce: 'Salesforce (sandbox)' }

async function seedConnection(ctx: Context, app: keyof typeof NAMES): Promise<void> {
  const there = await ctx.db
    .selectFrom('connections')
    .select('id')
    .where('workspace_id', '=', ctx.workspaceId)
    .where('slug', '=', app)
    .executeTakeFirst()
  if (there !== undefined) return
  const token = await put(ctx, `/${app}/tokens`, {})
  const credentials = Object.fromEntries(
    Object.entries(token).flatMap(([name, value]) => (typeof value === 'string' ? [[name, value]] : [])),
  )
  await storeConnection(ctx, {
    id: newId(ctx.now),
    app,
    slug: app,
    name: NAMES[app],
    credentials,
    settings: {},
    sandbox: true,
  })
}

async function seedPlaybooks(ctx: Context): Promise<void> {
  const there = await ctx.db
    .selectFrom('playbooks')
    .select(['slug', 'live_version'])
    .where('workspace_id', '=', ctx.workspaceId)
    .execute()
  for (const { slug, document } of DEMO_PLAYBOOKS) {
    const known = there.find((playbook) => playbook.slug === slug)
    if (known === undefined) await saveDraft(ctx, { slug, document, revision: null, create: true })
    // Without the sandboxes there is nothing to connect to yet: the drafts are there, and say what is missing.
    if (ctx.sandboxUrl !== null && (known?.live_version ?? null) === null) await publishPlaybook(ctx, slug)
  }
}

const asObject = (value: Json | undefined): Record =>
  value !== null && typeof value === 'object' && !Array.isArray(value) ? value : {}
const asObjects = (value: Json | undefined): Record[] => (Array.isArray(value) ? value.map(asObject) : [])
