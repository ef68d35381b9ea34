import type { Scoped } from '../context.ts'
import { findSubjectId } from '../customers/find-subject.ts'
import { goneView, subjectViews } from '../customers/subject-view.ts'
import {
  conversationQuery,
  listedConversations,
  readMessages,
  type StoredConversation,
} from '../db/conversation-store.ts'
import { page, readCursor } from '../db/cursor.ts'
import { notFound } from '../problem.ts'
import type { ConversationListInput, ConversationRow, ConversationView } from './conversation-schemas.ts'

const PAGE = 50

/** The last changed first. An unknown subject has none. */
export async function listConversations(
  ctx: Scoped,
  input: ConversationListInput,
): Promise<{ data: ConversationRow[]; nextCursor: string | null }> {
  const limit = input.limit ?? PAGE
  const [at = '', id = ''] = input.cursor ? readCursor(input.cursor, ['instant', 'uuid']) : []
  const [contactId, accountId] =
    input.subject === undefined
      ? [null, null]
      : [await findSubjectId(ctx, 'contact', input.subject), await findSubjectId(ctx, 'account', input.subject)]
  if (input.subject !== undefined && contactId === null && accountId === null) return { data: [], nextCursor: null }
  const rows = await listedConversations(ctx, {
    contactId,
    accountId,
    state: input.state ?? null,
    after: input.cursor ? [at, id] : null,
    most: limit + 1,
  })
  const { data, nextCursor } = page(rows, limit, (row) => [row.updated_at.toISOString(), row.id])
  return { data: await conversationRows(ctx, data), nextCursor }
}

/** @throws ProblemError 404 */
export async function viewConversation(ctx: Scoped, id: string): Promise<ConversationView> {
  const stored = await conversationQuery(ctx).where('id', '=', id).executeTakeFirst()
  const [row] = stored === undefined ? [] : await conversationRows(ctx, [stored])
  if (row === undefined) throw notFound('conversation', id)
  const messages = await readMessages(ctx, id)
  return {
    ...row,
    thread: messages.map((message) => ({
      externalId: message.externalId,
      author: { kind: message.authorKind, name: message.author },
      body: message.body,
      at: message.at.toISOString(),
    })),
  }
}

async function conversationRows(ctx: Scoped, rows: StoredConversation[]): Promise<ConversationRow[]> {
  const ids = rows.flatMap((row) => [row.contact_id, row.account_id]).filter((id) => id !== null)
  const views = await subjectViews(ctx, ids)
  const viewOf = (kind: 'contact' | 'account', id: string | null) =>
    id === null ? null : (views.get(id) ?? goneView(kind, id))
  return rows.map((row) => ({
    id: row.id,
    app: row.app,
    externalId: row.external_id,
    contact: viewOf('contact', row.contact_id),
    account: viewOf('account', row.account_id),
    title: row.title,
    state: row.state,
    assignee: row.assignee,
    tags: row.tags,
    rating: row.rating,
    url: row.url,
    messages: Number(row.messages ?? 0),
    openedAt: row.opened_at.toISOString(),
    closedAt: row.closed_at?.toISOString() ?? null,
    updatedAt: row.updated_at.toISOString(),
  }))
}
