import type { FastifyInstance } from 'fastify'
import type { Sandbox } from '../../sandbox/app.ts'
import type { RecordBody } from '../../sandbox/store.ts'
import { contactOf } from './contact-store.ts'
import { cursorPage, pagesOf } from './paging.ts'
import { predicate, type SearchFields, sorted } from './search.ts'
import { bodyOf, isObject, paragraph, seconds, textOf } from './values.ts'
import { missingParameter, VendorError } from './vendor-error.ts'
import { announce } from './webhooks.ts'

const TIMES = ['created_at', 'updated_at', 'waiting_since', 'snoozed_until']
const FIELDS: SearchFields = {
  known: new Set([
    ...TIMES,
    'id',
    'open',
    'read',
    'state',
    'priority',
    'contact_ids',
    'admin_assignee_id',
    'team_assignee_id',
    'tag_ids',
    'source.body',
    'source.subject',
  ]),
  dates: new Set(TIMES),
  wholeDays: false,
  read: (conversation, field) => {
    if (field.startsWith('source.'))
      return isObject(conversation.source) ? conversation.source[field.slice('source.'.length)] : undefined
    if (field === 'contact_ids') return contactIds(conversation)
    return conversation[field]
  },
}

function contactIds(conversation: RecordBody): string[] {
  const { contacts } = isObject(conversation.contacts) ? conversation.contacts : {}
  return Array.isArray(contacts) ? contacts.map((contact) => (isObject(contact) ? String(contact.id) : '')) : []
}

/** Enough to be read and to open one; replies and parts come with the conversation features. */
export function conversationRoutes(scope: FastifyInstance, sandbox: Sandbox): void {
  const { store } = sandbox
  const all = () => store.list('conversations').map((record) => record.body)
  const listed = (found: RecordBody[], page: { per_page?: unknown; starting_after?: unknown }): RecordBody => {
    const cursor = cursorPage(page, 20)
    const conversations = found
      .slice(cursor.offset, cursor.offset + cursor.perPage)
      .map(({ conversation_parts: _parts, ...conversation }) => conversation)
    return {
      type: 'conversation.list',
      conversations,
      total_count: found.length,
      pages: pagesOf(cursor, found.length),
    }
  }
  scope.get<{ Querystring: { per_page?: string; starting_after?: string } }>('/conversations', ({ query }) =>
    listed(sorted(all(), { field: 'updated_at' }), query),
  )
  scope.post('/conversations/search', ({ body }) => {
    const given = bodyOf(body)
    const found = all().filter(predicate(given.query, FIELDS))
    return listed(sorted(found, given.sort), isObject(given.pagination) ? given.pagination : {})
  })
  scope.get<{ Params: { id: string } }>('/conversations/:id', ({ params }) => {
    const conversation = store.get('conversations', params.id)
    if (!conversation) throw new VendorError(404, 'conversation_not_found', { message: 'Conversation not found' })
    return conversation
  })
  scope.post('/conversations', ({ body }) => {
    const given = bodyOf(body)
    const text = textOf(given, 'body')
    if (!text) throw missingParameter('Body is required')
    const contact = contactOf(sandbox, isObject(given.from) ? (textOf(given.from, 'id') ?? '') : '')
    const conversation = completeConversation(sandbox, {
      source: {
        type: 'conversation',
        id: String(store.next('message')),
        delivered_as: 'customer_initiated',
        subject: null,
        body: paragraph(text),
        author: { type: 'user', id: contact.id, name: contact.name ?? null, email: contact.email },
        attachments: [],
        url: null,
      },
      contacts: {
        type: 'contact.list',
        contacts: [{ type: 'contact', id: contact.id, external_id: contact.external_id }],
      },
    })
    store.put('conversations', { id: String(conversation.id), body: conversation })
    announce(sandbox, { topic: 'conversation.user.created', item: conversation })
    // Intercom answers the message, not the conversation.
    return {
      type: 'user_message',
      id: isObject(conversation.source) ? (conversation.source.id ?? null) : null,
      created_at: conversation.created_at ?? null,
      body: text,
      message_type: 'inapp',
      conversation_id: conversation.id ?? null,
    }
  })
}

/** Fills in what every conversation has. */
export function completeConversation({ store, now }: Sandbox, given: RecordBody): RecordBody {
  const time = seconds(now())
  return {
    type: 'conversation',
    id: String(given.id ?? store.next('conversation')),
    title: null,
    created_at: time,
    updated_at: time,
    waiting_since: time,
    snoozed_until: null,
    open: true,
    state: 'open',
    read: false,
    priority: 'none',
    admin_assignee_id: null,
    team_assignee_id: null,
    company: null,
    tags: { type: 'tag.list', tags: [] },
    contacts: { type: 'contact.list', contacts: [] },
    teammates: { type: 'admin.list', admins: [] },
    custom_attributes: {},
    conversation_rating: null,
    statistics: null,
    ai_agent: null,
    conversation_parts: { type: 'conversation_part.list', conversation_parts: [], total_count: 0 },
    ...given,
  }
}
