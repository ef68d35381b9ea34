import { sql } from 'kysely'
import { sameJson } from '../../engine/model/path.ts'
import type { Json } from '../../nodes/manifest.ts'
import type { Context } from '../context.ts'
import { accountsOf, lastSeen } from '../customers/row-cells.ts'
import { view } from '../customers/subject-view.ts'
import { type MergeContact, openRunsOf } from '../db/merge-store.ts'
import { onPool } from '../db/sql.ts'
import { withNamed } from '../dispatch/world.ts'
import { problem } from '../problem.ts'
import type { ComparedContact, Comparison, MergeInput } from './identity-schemas.ts'
import { runsToEnd, staysBefore, takeOver } from './merge-contacts.ts'
import { namedPair } from './merge-requests.ts'

type Stored = Omit<MergeContact, 'mergedInto'>

/**
 * Two contacts beside each other, and what a merge would make of them by the rules a merge goes by, keeping nothing.
 * @throws ProblemError 404, 409 where both are one
 */
export async function compareContacts(ctx: Context, input: MergeInput): Promise<Comparison> {
  const ids = await namedPair(ctx, input.contacts)
  const [one, other] = await storedPair(ctx, ids)
  if (one === undefined || other === undefined)
    throw problem(409, 'TRY_AGAIN', 'One of the two was merged at the same moment. Load them again.')
  const [winner, loser] = staysBefore(one, other) ? [one, other] : [other, one]
  const has = await around(ctx, ids)
  const [own, brought] = [withNamed(winner), withNamed(loser)]
  const both = Object.keys(brought).filter((name) => Object.hasOwn(own, name))
  return {
    contacts: [comparedOf(winner, has), comparedOf(loser, has)],
    stays:
      (winner.externalId === null) !== (loser.externalId === null)
        ? 'named'
        : winner.createdAt === loser.createdAt
          ? 'id'
          : 'older',
    takes: Object.keys(takeOver(winner, loser).properties).sort(),
    differ: both.filter((name) => !sameJson(own[name] ?? null, brought[name] ?? null)).sort(),
    same: both.filter((name) => sameJson(own[name] ?? null, brought[name] ?? null)).length,
  }
}

async function storedPair({ db, workspaceId }: Context, ids: string[]): Promise<Stored[]> {
  const rows = await db
    .selectFrom('contacts')
    .select(['id', 'external_id as externalId', 'email', 'name', 'properties', 'links'])
    .select(sql<number>`(extract(epoch FROM created_at) * 1000)::float8`.as('createdAt'))
    .where('workspace_id', '=', workspaceId)
    .where('id', 'in', ids)
    .where('merged_into', 'is', null)
    .execute()
  return rows.map((row) => ({ ...row, properties: fieldsOf(row.properties), links: fieldsOf(row.links) }))
}

// Both columns hold objects, by every writer.
const fieldsOf = (value: Json): { [name: string]: Json } => value as { [name: string]: Json }

async function around(ctx: Context, ids: [string, string]) {
  const { db, workspaceId } = ctx
  const identities = await db
    .selectFrom('identities')
    .select(['kind', 'value', 'contact_id'])
    .where('workspace_id', '=', workspaceId)
    .where('contact_id', 'in', ids)
    .orderBy('created_at')
    .orderBy('value')
    .execute()
  const open = await openRunsOf(onPool(ctx.pool), workspaceId, ids)
  const playbooks = await db
    .selectFrom('playbooks')
    .select(['id', 'slug', 'name'])
    .where('workspace_id', '=', workspaceId)
    .where((eb) => eb('id', '=', eb.fn.any(eb.val(open.map(({ playbookId }) => playbookId)))))
    .execute()
  return {
    identities,
    open,
    ends: new Set(runsToEnd(open)),
    playbooks: new Map(playbooks.map(({ id, slug, name }) => [id, { slug, name }])),
    accounts: await accountsOf(ctx, ids),
    seen: await lastSeen(ctx, 'contact', ids),
  }
}

function comparedOf(contact: Stored, has: Awaited<ReturnType<typeof around>>): ComparedContact {
  const { id } = contact
  return {
    ...view('contact', contact),
    properties: withNamed(contact),
    identities: has.identities
      .filter(({ contact_id }) => contact_id === id)
      .map(({ kind, value }) => ({ kind, value })),
    accounts: has.accounts.get(id) ?? [],
    createdAt: new Date(contact.createdAt).toISOString(),
    lastSeenAt: has.seen.get(id) ?? null,
    openRuns: has.open
      .filter(({ subjectId }) => subjectId === id)
      .map((run) => ({
        id: run.id,
        playbook: has.playbooks.get(run.playbookId) ?? { slug: '', name: 'A deleted playbook' },
        ends: has.ends.has(run.id),
      })),
  }
}
