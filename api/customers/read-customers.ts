import { sql } from 'kysely'
import type { Json } from '../../nodes/manifest.ts'
import type { Scope } from '../audiences/write-audience.ts'
import { page, readCursor } from '../db/cursor.ts'
import { withNamed } from '../dispatch/world.ts'
import { notFound } from '../problem.ts'
import type { AccountRow, AccountView, ContactRow, ContactView, ListInput, SubjectPage } from './customer-schemas.ts'
import { findSubjectId } from './find-subject.ts'
import { eventsOf } from './list-events.ts'
import { view } from './subject-view.ts'

const PAGE = 50
const LATEST = 20
const MEMBERS = 200

type Kind = 'contact' | 'account'

const contactQuery = ({ db, workspaceId }: Scope) =>
  db.selectFrom('contacts').selectAll().where('workspace_id', '=', workspaceId)
const accountQuery = ({ db, workspaceId }: Scope) =>
  db
    .selectFrom('accounts')
    .selectAll('accounts')
    .select((eb) =>
      eb
        .selectFrom('account_contacts')
        .select((inner) => inner.fn.countAll<string>().as('n'))
        .where('account_contacts.workspace_id', '=', workspaceId)
        .whereRef('account_contacts.account_id', '=', 'accounts.id')
        .as('contacts'),
    )
    .where('workspace_id', '=', workspaceId)

type QueriedContact = Awaited<ReturnType<ReturnType<typeof contactQuery>['executeTakeFirstOrThrow']>>
type QueriedAccount = Awaited<ReturnType<ReturnType<typeof accountQuery>['executeTakeFirstOrThrow']>>

/** The last changed first. */
export async function listContacts(ctx: Scope, input: ListInput) {
  let query = contactQuery(ctx)
    .orderBy('updated_at', 'desc')
    .orderBy('id')
    .limit((input.limit ?? PAGE) + 1)
  if (input.search) {
    const like = pattern(input.search)
    query = query.where((eb) =>
      eb.or([eb('name', 'ilike', like), eb('email', 'ilike', like), eb('external_id', 'ilike', like)]),
    )
  }
  if (input.cursor) {
    const [at = '', id = ''] = readCursor(input.cursor, ['instant', 'uuid'])
    query = query.where(
      sql<boolean>`(updated_at < ${at}::timestamptz OR (updated_at = ${at}::timestamptz AND id > ${id}::uuid))`,
    )
  }
  const { data, nextCursor } = page(await query.execute(), input.limit ?? PAGE, place)
  const accounts = await accountsOf(
    ctx,
    data.map((row) => row.id),
  ) // prettier-ignore
  return { data: data.map((row) => contactRowOf(row, accounts)), nextCursor }
}

/** The last changed first. */
export async function listAccounts(ctx: Scope, input: ListInput) {
  let query = accountQuery(ctx)
    .orderBy('updated_at', 'desc')
    .orderBy('id')
    .limit((input.limit ?? PAGE) + 1)
  if (input.search) {
    const like = pattern(input.search)
    query = query.where((eb) => eb.or([eb('name', 'ilike', like), eb('external_id', 'ilike', like)]))
  }
  if (input.cursor) {
    const [at = '', id = ''] = readCursor(input.cursor, ['instant', 'uuid'])
    query = query.where(
      sql<boolean>`(updated_at < ${at}::timestamptz OR (updated_at = ${at}::timestamptz AND id > ${id}::uuid))`,
    )
  }
  const { data, nextCursor } = page(await query.execute(), input.limit ?? PAGE, place)
  return { data: data.map(accountRowOf), nextCursor }
}

const place = (row: { updated_at: Date; id: string }) => [row.updated_at.toISOString(), row.id]

/** `%` and `_` in what a person types stand for themselves. */
const pattern = (search: string): string => `%${search.replace(/[\\%_]/g, (c) => `\\${c}`)}%`

/** One contact by your own id or ours. @throws ProblemError 404 */
export async function viewContact(ctx: Scope, input: { id: string }): Promise<ContactView> {
  const id = await findSubjectId(ctx, 'contact', input.id)
  if (id === null) throw notFound('contact', input.id)
  const row = await contactQuery(ctx).where('id', '=', id).executeTakeFirstOrThrow()
  const identities = await ctx.db
    .selectFrom('identities')
    .select(['kind', 'value'])
    .where('workspace_id', '=', ctx.workspaceId)
    .where('contact_id', '=', id)
    .orderBy('created_at')
    .execute()
  const accounts = await accountsOf(ctx, [id])
  return { ...contactRowOf(row, accounts), ...(await subjectPageOf(ctx, 'contact', row)), identities }
}

/** One account by your own id or ours. @throws ProblemError 404 */
export async function viewAccount(ctx: Scope, input: { id: string }): Promise<AccountView> {
  const id = await findSubjectId(ctx, 'account', input.id)
  if (id === null) throw notFound('account', input.id)
  const row = await accountQuery(ctx).where('accounts.id', '=', id).executeTakeFirstOrThrow()
  const members = await ctx.db
    .selectFrom('account_contacts')
    .innerJoin('contacts', (join) =>
      join
        .onRef('contacts.workspace_id', '=', 'account_contacts.workspace_id')
        .onRef('contacts.id', '=', 'account_contacts.contact_id'),
    )
    .select(['contacts.id', 'contacts.external_id as externalId', 'contacts.email', 'contacts.name'])
    .where('account_contacts.workspace_id', '=', ctx.workspaceId)
    .where('account_contacts.account_id', '=', id)
    .orderBy('contacts.id')
    .limit(MEMBERS)
    .execute()
  return {
    ...accountRowOf(row),
    ...(await subjectPageOf(ctx, 'account', { ...row, email: null })),
    members: members.map((member) => view('contact', member)),
  }
}

function contactRowOf(row: QueriedContact, accounts: Map<string, ContactRow['accounts']>): ContactRow {
  return {
    ...view('contact', { ...row, externalId: row.external_id }),
    email: row.email,
    name: row.name,
    accounts: accounts.get(row.id) ?? [],
    createdAt: row.created_at.toISOString(),
    updatedAt: row.updated_at.toISOString(),
  }
}

const accountRowOf = (row: QueriedAccount): AccountRow => ({
  ...view('account', { ...row, externalId: row.external_id }),
  name: row.name,
  contacts: Number(row.contacts ?? 0),
  createdAt: row.created_at.toISOString(),
  updatedAt: row.updated_at.toISOString(),
})

async function accountsOf({ db, workspaceId }: Scope, contactIds: string[]) {
  const found = new Map<string, ContactRow['accounts']>()
  if (contactIds.length === 0) return found
  const rows = await db
    .selectFrom('account_contacts')
    .innerJoin('accounts', (join) =>
      join
        .onRef('accounts.workspace_id', '=', 'account_contacts.workspace_id')
        .onRef('accounts.id', '=', 'account_contacts.account_id'),
    )
    .select(['account_contacts.contact_id', 'accounts.id', 'accounts.external_id as externalId', 'accounts.name'])
    .where('account_contacts.workspace_id', '=', workspaceId)
    .where('account_contacts.contact_id', 'in', contactIds)
    .execute()
  for (const row of rows) found.set(row.contact_id, [...(found.get(row.contact_id) ?? []), view('account', row)])
  return found
}

interface PageSubject {
  id: string
  email: string | null
  name: string | null
  properties: Json
  links: Json
}

async function subjectPageOf(ctx: Scope, kind: Kind, row: PageSubject): Promise<SubjectPage> {
  const { db, workspaceId } = ctx
  const memberships = await db
    .selectFrom('audience_members')
    .innerJoin('audiences', (join) =>
      join
        .onRef('audiences.workspace_id', '=', 'audience_members.workspace_id')
        .onRef('audiences.id', '=', 'audience_members.audience_id'),
    )
    .select(['audiences.kind', 'audiences.slug', 'audiences.name', 'audience_members.since'])
    .where('audience_members.workspace_id', '=', workspaceId)
    .where('audience_members.subject_id', '=', row.id)
    .where('is_member', '=', true)
    .orderBy('audience_members.since', 'desc')
    .execute()
  const runs = await db
    .selectFrom('runs')
    .innerJoin('playbooks', (join) =>
      join.onRef('playbooks.workspace_id', '=', 'runs.workspace_id').onRef('playbooks.id', '=', 'runs.playbook_id'),
    )
    .select(['runs.id', 'runs.status', 'runs.created_at', 'runs.ended_at', 'playbooks.slug', 'playbooks.name'])
    .where('runs.workspace_id', '=', workspaceId)
    .where('runs.subject_id', '=', row.id)
    .orderBy('runs.created_at', 'desc')
    .limit(LATEST)
    .execute()
  return {
    properties: withNamed({ email: row.email, name: row.name, properties: asObject(row.properties) }),
    links: asObject(row.links),
    memberships: memberships.map((m) => ({ kind: m.kind, slug: m.slug, name: m.name, since: m.since.toISOString() })),
    events: await eventsOf(ctx, { kind, id: row.id, most: LATEST }),
    runs: runs.map((run) => ({
      id: run.id,
      playbook: { slug: run.slug, name: run.name },
      status: run.status,
      createdAt: run.created_at.toISOString(),
      endedAt: run.ended_at?.toISOString() ?? null,
    })),
  }
}

const asObject = (value: Json): { [name: string]: Json } =>
  value !== null && typeof value === 'object' && !Array.isArray(value) ? value : {}
