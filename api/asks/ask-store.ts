import { sql } from 'kysely'
import type { Actor } from '../auth/scopes.ts'
import { page, readCursor } from '../db/cursor.ts'
import type { Db } from '../db/database.ts'
import { hashToken } from './inside.ts'
import { rolesAskedOf } from './may-answer.ts'

const awaited = sql<boolean>`(runs.ended_at IS NULL AND asks.step = ANY (runs.at_steps))`

/** Asks with the run and playbook they come from. `awaited`: its run is still at the step. */
const askQuery = (db: Db) =>
  db
    .selectFrom('asks')
    .innerJoin('runs', (join) =>
      join.onRef('runs.workspace_id', '=', 'asks.workspace_id').onRef('runs.id', '=', 'asks.run_id'),
    )
    .innerJoin('playbooks', (join) =>
      join.onRef('playbooks.workspace_id', '=', 'runs.workspace_id').onRef('playbooks.id', '=', 'runs.playbook_id'),
    )
    .selectAll('asks')
    .select(['runs.subject_kind', 'runs.subject_id', 'playbooks.slug', 'playbooks.name'])
    .select(awaited.as('awaited'))

export type StoredAsk = Awaited<ReturnType<ReturnType<typeof askQuery>['executeTakeFirstOrThrow']>>

export const findAsk = (db: Db, { workspaceId, id }: { workspaceId: string; id: string }) =>
  askQuery(db).where('asks.workspace_id', '=', workspaceId).where('asks.id', '=', id).executeTakeFirst()

export type AskState = 'open' | 'answered' | 'over'

export interface AskFilter {
  workspaceId: string
  state: AskState
  now: number
  /** Only what they may answer. */
  askedOf?: Actor | undefined
}

/** The same as `mayAnswer` says of one. */
function isAskedOf(actor: Actor) {
  if (actor.kind !== 'user') return sql<boolean>`false`
  const roles = rolesAskedOf(actor.role)
  return sql<boolean>`CASE WHEN asks.people = '{}' THEN asks.who = ANY (${roles}::text[])
    ELSE ${actor.email.toLowerCase()} = ANY (asks.people) END`
}

const filtered = (db: Db, { workspaceId, state, now, askedOf }: AskFilter) =>
  askQuery(db)
    .where('asks.workspace_id', '=', workspaceId)
    .where('asks.decided_at', state === 'answered' ? 'is not' : 'is', null)
    .$if(state === 'open', (query) => query.where('asks.expires_at', '>', new Date(now)).where(awaited))
    .$if(state === 'over', (query) =>
      query.where((eb) => eb.or([eb('asks.expires_at', '<=', new Date(now)), eb.not(awaited)])),
    )
    .where(askedOf === undefined ? sql<boolean>`true` : isAskedOf(askedOf))

/** The newest first: what was answered by when it was, the others by when they were asked. */
export async function listAsks(
  db: Db,
  filter: AskFilter,
  { cursor, limit }: { cursor?: string | null | undefined; limit: number },
): Promise<{ data: StoredAsk[]; nextCursor: string | null }> {
  const by = filter.state === 'answered' ? 'asks.decided_at' : 'asks.asked_at'
  let query = filtered(db, filter)
    .orderBy(by, 'desc')
    .orderBy('asks.id', 'desc')
    .limit(limit + 1)
  if (cursor) {
    const [at = '', id = ''] = readCursor(cursor, ['instant', 'uuid'])
    query = query.where((eb) =>
      eb.or([eb(by, '<', new Date(at)), eb.and([eb(by, '=', new Date(at)), eb('asks.id', '<', id)])]),
    )
  }
  return page(await query.execute(), limit, (ask) => [(ask.decided_at ?? ask.asked_at).toISOString(), ask.id])
}

export async function countAsks(db: Db, filter: AskFilter): Promise<number> {
  const { n } = await filtered(db, filter)
    .clearSelect()
    .select(sql<number>`count(*)::int`.as('n'))
    .executeTakeFirstOrThrow()
  return n
}

/** Whom it is asked of now; nobody passes it on or answers it until the transaction is over. */
export const lockAsk = (trx: Db, { workspaceId, id }: { workspaceId: string; id: string }) =>
  trx
    .selectFrom('asks')
    .select(['who', 'people', 'by_link', 'decided_at'])
    .where('workspace_id', '=', workspaceId)
    .where('id', '=', id)
    .forUpdate()
    .executeTakeFirstOrThrow()

/** What a link leads to; `passedOn`: it does no more, because somebody else was asked in its place. */
export async function findByToken(
  db: Db,
  token: string,
): Promise<{ ask: StoredAsk; passedOn: { at: Date; by: string; to: string } | null } | null> {
  const link = await db
    .selectFrom('ask_links')
    .selectAll()
    .where('token_hash', '=', hashToken(token))
    .executeTakeFirst()
  const ask = link && (await findAsk(db, { workspaceId: link.workspace_id, id: link.ask_id }))
  if (ask === undefined) return null
  const { passed_on_at: at, passed_on_by: by, passed_on_to: to } = link ?? {}
  return { ask, passedOn: at && by && to ? { at, by, to } : null }
}

export type AskStatus = 'open' | 'answered' | 'expired' | 'over'

/** `over`: its run went on or ended without the answer. */
export function statusOf(ask: StoredAsk, now: number): AskStatus {
  if (ask.decided_at !== null) return 'answered'
  if (ask.expires_at.getTime() <= now) return 'expired'
  return ask.awaited ? 'open' : 'over'
}
