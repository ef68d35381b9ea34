import type { ConversationInput } from '../conversations/conversation-schemas.ts'

/**
 * What a notification of Intercom says of a conversation; null when it is about none, or says no more than its id.
 * @see https://developers.intercom.com/docs/references/webhooks/webhook-models : conversation.* topics carry the
 * conversation with the parts that are new
 */
export function intercomConversation(notification: { [name: string]: unknown }): ConversationInput | null {
  const topic = text(notification['topic'])
  const item = fields(fields(notification['data'])['item'])
  const externalId = text(item['id'])
  const created = instant(item['created_at'])
  if (topic === null || externalId === null || created === null) return null
  if (!topic.startsWith('conversation.') || item['type'] !== 'conversation') return null
  const state = stateOf(item)
  const title = text(item['title']) ?? text(fields(item['source'])['subject'])
  const url = text(fields(item['source'])['url'])
  const rating = fields(item['conversation_rating'])['rating']
  const closed = instant(fields(item['statistics'])['last_close_at'])
  return {
    app: 'intercom',
    externalId,
    contact: contactOf(item),
    title: title === null ? null : plain(title),
    state,
    assignee: assigneeOf(item),
    tags: list(fields(item['tags'])['tags']).flatMap((tag) => text(tag['name']) ?? []),
    rating: typeof rating === 'number' && Number.isInteger(rating) && rating >= 1 && rating <= 5 ? rating : null,
    url: url !== null && /^https?:\/\//.test(url) ? url : null,
    openedAt: created,
    closedAt: state === 'closed' ? (closed ?? instant(item['updated_at'])) : null,
    // Seconds: of two notifications within one, the later arrival is the newer.
    updatedAt: instant(item['updated_at']) ?? created,
    messages: messagesOf(item, created),
  }
}

type Fields = { [name: string]: unknown }
type Message = ConversationInput['messages'][number]

const fields = (value: unknown): Fields =>
  value !== null && typeof value === 'object' && !Array.isArray(value) ? (value as Fields) : {}
const list = (value: unknown): Fields[] => (Array.isArray(value) ? value.map(fields) : [])
const text = (value: unknown): string | null =>
  typeof value === 'string' && value !== '' ? value : typeof value === 'number' ? String(value) : null

/** Seconds since 1970, as Intercom writes every time. */
function instant(value: unknown): string | null {
  if (typeof value !== 'number' || !Number.isFinite(value) || value <= 0 || value > 1e11) return null
  return new Date(value * 1000).toISOString()
}

function stateOf(item: Fields): 'open' | 'snoozed' | 'closed' {
  const { state } = item
  if (state === 'closed' || state === 'snoozed') return state
  return item['open'] === false ? 'closed' : 'open'
}

function contactOf(item: Fields): ConversationInput['contact'] {
  const [contact = {}] = list(fields(item['contacts'])['contacts'])
  const author = fields(fields(item['source'])['author'])
  const vendorId = text(contact['id']) ?? (isContact(author) ? text(author['id']) : null)
  const userId = text(contact['external_id'])
  // Only where the author is that contact: else it is the teammate's address.
  const email = isContact(author) && text(author['id']) === vendorId ? text(author['email']) : null
  return {
    ...(vendorId === null ? {} : { vendorId }),
    ...(userId === null ? {} : { userId }),
    ...(email === null ? {} : { email }),
  }
}

const isContact = (author: Fields): boolean => ['user', 'lead', 'contact', 'visitor'].includes(String(author['type']))

function assigneeOf(item: Fields): string | null {
  const id = text(item['admin_assignee_id'])
  const name = list(fields(item['teammates'])['admins']).find((admin) => text(admin['id']) === id)?.['name']
  return text(name) ?? id
}

/** The opening message is the source and no part. Notes are the team's own and no message; a part may have no words. */
function messagesOf(item: Fields, opened: string): Message[] {
  const source = fields(item['source'])
  const parts = list(fields(item['conversation_parts'])['conversation_parts'])
  return [
    ...messageOf({ ...source, created_at: item['created_at'] }, opened),
    ...parts.filter((part) => part['part_type'] !== 'note').flatMap((part) => messageOf(part, opened)),
  ]
}

function messageOf(part: Fields, opened: string): Message[] {
  const externalId = text(part['id'])
  const body = typeof part['body'] === 'string' ? plain(part['body']) : ''
  if (externalId === null || body === '') return []
  const author = fields(part['author'])
  const name = text(author['name']) ?? text(author['email'])
  return [{ externalId, author: { kind: authorKind(author), name }, body, at: instant(part['created_at']) ?? opened }]
}

function authorKind(author: Fields): Message['author']['kind'] {
  if (isContact(author)) return 'contact'
  // Fin and the operator write as bots; some workspaces see them as an admin that is marked.
  return author['type'] === 'bot' || author['type'] === 'operator' || author['from_ai_agent'] === true
    ? 'bot'
    : 'teammate'
}

const ENTITIES: { [name: string]: string } = { amp: '&', lt: '<', gt: '>', quot: '"', apos: "'", nbsp: ' ' }

/** The words of a body in HTML, or of plain text; without what the database cannot keep. */
function plain(body: string): string {
  return body
    .replaceAll(/<(?:br|\/p|\/div|\/li|\/h[1-6])\b[^>]*>/gi, '\n')
    .replaceAll(/<[a-z/!][^>]*>/gi, '')
    .replaceAll(/&(?:#(\d{1,7})|([a-z]+));/gi, (whole, code: string | undefined, name: string | undefined) =>
      code === undefined ? (ENTITIES[name ?? ''] ?? whole) : codePoint(Number(code), whole),
    )
    .replaceAll('\u0000', '')
    .toWellFormed()
    .trim()
}

const codePoint = (code: number, otherwise: string): string =>
  code <= 0x10ffff ? String.fromCodePoint(code) : otherwise
