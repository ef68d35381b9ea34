import { sql } from 'kysely'
import type { Db } from './database.ts'

/** Conversations in connected systems and what was written in them. */

interface Scope {
  db: Db
  workspaceId: string
}

export interface StoredMessage {
  externalId: string
  authorKind: 'contact' | 'teammate' | 'bot'
  author: string | null
  body: string
  at: Date
}

const COLUMNS = [
  'id',
  'contact_id',
  'account_id',
  'app',
  'external_id',
  'title',
  'state',
  'assignee',
  'tags',
  'rating',
  'url',
  'opened_at',
  'closed_at',
  'updated_at',
  'participant',
] as const

export const conversationQuery = ({ db, workspaceId }: Scope) =>
  db
    .selectFrom('conversations')
    .select(COLUMNS)
    .select((eb) =>
      eb
        .selectFrom('conversation_messages')
        .select((inner) => inner.fn.countAll<string>().as('n'))
        .where('conversation_messages.workspace_id', '=', workspaceId)
        .whereRef('conversation_messages.conversation_id', '=', 'conversations.id')
        .as('messages'),
    )
    .where('workspace_id', '=', workspaceId)

export type StoredConversation = Awaited<ReturnType<ReturnType<typeof conversationQuery>['executeTakeFirstOrThrow']>>

/** The conversation, locked until the transaction ends; made with these fields when there is none. */
export async function openConversation(
  { db, workspaceId }: Scope,
  made: { id: string; app: string; externalId: string; openedAt: Date },
): Promise<{ row: Omit<StoredConversation, 'messages'>; isNew: boolean }> {
  const inserted = await db
    .insertInto('conversations')
    .values({
      workspace_id: workspaceId,
      id: made.id,
      app: made.app,
      external_id: made.externalId,
      state: 'open',
      opened_at: made.openedAt,
      updated_at: made.openedAt,
    })
    .onConflict((conflict) => conflict.doNothing())
    .returning('id')
    .executeTakeFirst()
  const row = await findConversation({ db, workspaceId }, made).forUpdate().executeTakeFirstOrThrow()
  return { row, isNew: inserted !== undefined }
}

export const findConversation = ({ db, workspaceId }: Scope, place: { app: string; externalId: string }) =>
  db
    .selectFrom('conversations')
    .select(COLUMNS)
    .where('workspace_id', '=', workspaceId)
    .where('app', '=', place.app)
    .where('external_id', '=', place.externalId)

export async function changeConversation(
  { db, workspaceId }: Scope,
  id: string,
  change: Partial<Omit<StoredConversation, 'id' | 'messages'>>,
): Promise<void> {
  if (Object.keys(change).length === 0) return
  await db
    .updateTable('conversations')
    .set(change)
    .where('workspace_id', '=', workspaceId)
    .where('id', '=', id)
    .execute()
}

/** Adds messages; one that is known by its id is replaced. */
export async function writeMessages({ db, workspaceId }: Scope, id: string, messages: StoredMessage[]): Promise<void> {
  // Of two with one id the later in the list counts; one statement cannot change a row twice.
  const unique = [...new Map(messages.map((message) => [message.externalId, message])).values()]
  if (unique.length === 0) return
  await db
    .insertInto('conversation_messages')
    .values(
      unique.map((message) => ({
        workspace_id: workspaceId,
        conversation_id: id,
        external_id: message.externalId,
        author_kind: message.authorKind,
        author: message.author,
        body: message.body,
        at: message.at,
      })),
    )
    .onConflict((conflict) =>
      conflict.columns(['workspace_id', 'conversation_id', 'external_id']).doUpdateSet((eb) => ({
        author_kind: eb.ref('excluded.author_kind'),
        author: eb.ref('excluded.author'),
        body: eb.ref('excluded.body'),
        at: eb.ref('excluded.at'),
      })),
    )
    .execute()
}

/** The oldest first. */
export async function readMessages({ db, workspaceId }: Scope, id: string): Promise<StoredMessage[]> {
  const rows = await db
    .selectFrom('conversation_messages')
    .select(['external_id', 'author_kind', 'author', 'body', 'at'])
    .where('workspace_id', '=', workspaceId)
    .where('conversation_id', '=', id)
    .orderBy('at')
    .orderBy('external_id')
    .execute()
  return rows.map((row) => ({
    externalId: row.external_id,
    authorKind: row.author_kind,
    author: row.author,
    body: row.body,
    at: row.at,
  }))
}

/** The contact's account where it has exactly one. */
export async function onlyAccountOf({ db, workspaceId }: Scope, contactId: string): Promise<string | null> {
  const rows = await db
    .selectFrom('account_contacts')
    .select('account_id')
    .where('workspace_id', '=', workspaceId)
    .where('contact_id', '=', contactId)
    .limit(2)
    .execute()
  return rows.length === 1 ? (rows[0]?.account_id ?? null) : null
}

/** The last changed first, from after a place on. */
export async function listedConversations(
  scope: Scope,
  wanted: {
    contactId: string | null
    accountId: string | null
    state: StoredConversation['state'] | null
    after: [at: string, id: string] | null
    most: number
  },
): Promise<StoredConversation[]> {
  const { contactId, accountId, state, after } = wanted
  let query = conversationQuery(scope).orderBy('updated_at', 'desc').orderBy('id').limit(wanted.most)
  if (contactId !== null || accountId !== null)
    query = query.where((eb) =>
      eb.or([
        ...(contactId === null ? [] : [eb('contact_id', '=', contactId)]),
        ...(accountId === null ? [] : [eb('account_id', '=', accountId)]),
      ]),
    )
  if (state !== null) query = query.where('state', '=', state)
  if (after !== null)
    query = query.where(
      sql<boolean>`(updated_at < ${after[0]}::timestamptz OR (updated_at = ${after[0]}::timestamptz AND id > ${after[1]}::uuid))`,
    )
  return query.execute()
}
