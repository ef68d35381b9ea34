import { sql } from 'kysely'
import type { Db } from '../db/database.ts'
import { hashToken } from './inside.ts'

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
    .select(sql<boolean>`runs.ended_at IS NULL AND asks.step = ANY (runs.at_steps)`.as('awaited'))

export type StoredAsk = Awaited<ReturnType<ReturnType<typeof askQuery>['executeTakeFirstOrThrow']>>

export const findAsk = (db: Db, { workspaceId, id }: { workspaceId: string; id: string }) =>
  askQuery(db).where('asks.workspace_id', '=', workspaceId).where('asks.id', '=', id).executeTakeFirst()

/** Open ones and the newest of the others. Who may answer is asked of each. */
export const listAsks = (db: Db, workspaceId: string, { now, open }: { now: number; open: boolean }) =>
  askQuery(db)
    .where('asks.workspace_id', '=', workspaceId)
    .$if(open, (query) =>
      query
        .where('asks.decided_at', 'is', null)
        .where('asks.expires_at', '>', new Date(now))
        .where(sql<boolean>`runs.ended_at IS NULL AND asks.step = ANY (runs.at_steps)`),
    )
    .$if(!open, (query) => query.where('asks.decided_at', 'is not', null))
    .orderBy('asks.asked_at', 'desc')
    .limit(200)
    .execute()

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
