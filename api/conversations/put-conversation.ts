import type { Scoped } from '../context.ts'
import { findSubjectId } from '../customers/find-subject.ts'
import {
  changeConversation,
  findConversation,
  onlyAccountOf,
  openConversation,
  type StoredConversation,
  writeMessages,
} from '../db/conversation-store.ts'
import type { Identity } from '../db/contact-store.ts'
import { newId } from '../db/new-id.ts'
import { holdContact } from '../identity/hold-contact.ts'
import { matchContact, participantKeys } from '../identity/match-contact.ts'
import { emailIdentity } from '../identity/shared-mailbox.ts'
import type { Ingest } from '../ingest/ingest.ts'
import { SUPPRESSED } from '../ingest/screen-message.ts'
import { notFound, problem } from '../problem.ts'
import type { ConversationInput, ConversationView } from './conversation-schemas.ts'
import { viewConversation } from './read-conversations.ts'

type Stored = Omit<StoredConversation, 'messages'>

type Teller = Scoped & { ingest: Pick<Ingest, 'isSuppressed'> }

/**
 * Takes over what another system says of a conversation. Told twice it is one conversation and each message once; told
 * out of order the newest state stays.
 * @throws ProblemError 400, 404, 422 SUPPRESSED where it is with somebody who was deleted and asked to stay so
 */
export async function putConversation(ctx: Teller, input: ConversationInput): Promise<ConversationView> {
  if (await ctx.ingest.isSuppressed(ctx.workspaceId, namedIn(input)))
    throw problem(422, SUPPRESSED.code, SUPPRESSED.reason)
  const id = await ctx.db.transaction().execute((trx) => put({ ...ctx, db: trx }, input))
  return viewConversation(ctx, id)
}

async function put(ctx: Scoped, input: ConversationInput): Promise<string> {
  const known = await findConversation(ctx, input).executeTakeFirst()
  // The contact before the conversation, as a merge takes them.
  const whose = await whoseIs(ctx, known ?? null, input)
  const { row, isNew } = await openConversation(ctx, {
    id: newId(ctx.now),
    app: input.app,
    externalId: input.externalId,
    openedAt: known?.opened_at ?? openedAt(input),
  })
  const told = new Date(input.updatedAt ?? ctx.now)
  const isNewest = isNew || told >= row.updated_at
  await changeConversation(ctx, row.id, { ...whose, ...(isNewest ? { ...fieldsOf(input), updated_at: told } : {}) })
  await writeMessages(
    ctx,
    row.id,
    input.messages.map(({ externalId, author, body, at }) => ({
      externalId,
      authorKind: author.kind,
      author: author.name ?? null,
      body,
      at: new Date(at),
    })),
  )
  return row.id
}

function namedIn({ app, contact }: ConversationInput): Identity[] {
  const { vendorId, userId, email } = contact ?? {}
  const address = email === undefined ? null : emailIdentity(email)
  return [
    ...(vendorId === undefined ? [] : [{ kind: 'vendor_id', value: `${app}:${vendorId}` } as const]),
    ...(userId === undefined ? [] : [{ kind: 'user_id', value: userId } as const]),
    ...(address === null ? [] : [{ kind: 'email', value: address } as const]),
  ]
}

function openedAt(input: ConversationInput): Date {
  const times = [...(input.openedAt === undefined ? [] : [input.openedAt]), ...input.messages.map(({ at }) => at)]
  const [first] = times.map((at) => Date.parse(at)).sort((a, b) => a - b)
  if (first === undefined)
    throw problem(400, 'INPUT_INVALID', {
      detail: 'The conversation is new: say when it was opened, by openedAt or by its messages.',
      problems: [{ path: 'openedAt', message: 'Say when it was opened.', code: 'invalid' }],
    })
  return input.openedAt === undefined ? new Date(first) : new Date(input.openedAt)
}

function fieldsOf(input: ConversationInput): Partial<Stored> {
  const { title, state, assignee, tags, rating, url, closedAt } = input
  return {
    ...(title === undefined ? {} : { title }),
    ...(state === undefined ? {} : { state }),
    ...(assignee === undefined ? {} : { assignee }),
    ...(tags === undefined ? {} : { tags }),
    ...(rating === undefined ? {} : { rating }),
    ...(url === undefined ? {} : { url }),
    ...(closedAt === undefined ? {} : { closed_at: closedAt === null ? null : new Date(closedAt) }),
    ...(input.openedAt === undefined ? {} : { opened_at: new Date(input.openedAt) }),
  }
}

/** Whose conversation it is. Who was found once stays, until another one is named. */
async function whoseIs(ctx: Scoped, row: Stored | null, input: ConversationInput): Promise<Partial<Stored>> {
  const told = input.contact !== undefined
  const keys = told ? await participantKeys(ctx, { app: input.app, ...input.contact }) : (row?.participant ?? [])
  const before = row?.contact_id ?? null
  const matched = told || before === null ? await matchContact(ctx, keys) : before
  const contactId = matched === null ? before : await holdContact(ctx, matched)
  return { participant: keys, contact_id: contactId, account_id: await accountOf(ctx, { row, input, contactId }) }
}

async function accountOf(
  ctx: Scoped,
  { row, input, contactId }: { row: Stored | null; input: ConversationInput; contactId: string | null },
): Promise<string | null> {
  if (input.account !== undefined) {
    const id = await findSubjectId(ctx, 'account', input.account)
    if (id === null) throw notFound('account', input.account)
    return id
  }
  return row?.account_id ?? (contactId === null ? null : onlyAccountOf(ctx, contactId))
}
