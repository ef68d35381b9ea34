import type { FastifyInstance } from 'fastify'
import type { Json } from '../../manifest.ts'
import type { Sandbox } from '../../sandbox/app.ts'
import type { RecordBody } from '../../sandbox/store.ts'
import {
  anyContactOf,
  asContact,
  type Contact,
  contactOf,
  contactOut,
  createContact,
  saveContact,
  updateContact,
} from './contact-store.ts'
import { cursorPage, pagesOf } from './paging.ts'
import { equalityOf, predicate, type SearchFields, sorted } from './search.ts'
import { searchLagMs } from './settings.ts'
import { bodyOf, isObject, seconds, textOf } from './values.ts'
import { missingParameter, userNotFound, VendorError } from './vendor-error.ts'
import { announce } from './webhooks.ts'

type WithId = { Params: { id: string } }

const DATES = [
  'created_at',
  'updated_at',
  'signed_up_at',
  'last_seen_at',
  'last_contacted_at',
  'last_replied_at',
  'last_email_opened_at',
  'last_email_clicked_at',
]
const FIELDS: SearchFields = {
  known: new Set([
    ...DATES,
    'id',
    'role',
    'name',
    'owner_id',
    'email',
    'email_domain',
    'phone',
    'formatted_phone',
    'external_id',
    'browser',
    'os',
    'unsubscribed_from_emails',
    'has_hard_bounced',
    'segment_id',
    'tag_id',
  ]),
  dates: new Set(DATES),
  wholeDays: true,
  read: (contact, field) => {
    if (field.startsWith('custom_attributes.')) {
      const attributes = contact.custom_attributes
      return isObject(attributes) ? attributes[field.slice('custom_attributes.'.length)] : undefined
    }
    if (field === 'tag_id') return asContact(contact).tags.map((tag) => tag.id)
    if (field === 'email_domain') return String(contact.email ?? '').split('@')[1]
    return contact[field]
  },
}

export function contactRoutes(scope: FastifyInstance, sandbox: Sandbox): void {
  const { store } = sandbox
  scope.post('/contacts', ({ body }) => {
    const contact = store.transaction(() => createContact(sandbox, bodyOf(body)))
    const item = contactOut(contact, sandbox)
    announce(sandbox, { topic: `contact.${contact.role}.created`, item })
    return item
  })
  scope.put<WithId>('/contacts/:id', ({ params, body }) => {
    const contact = store.transaction(() => updateContact(sandbox, contactOf(sandbox, params.id), bodyOf(body)))
    const item = contactOut(contact, sandbox)
    announce(sandbox, { topic: `contact.${contact.role}.updated`, item })
    return item
  })
  scope.get<WithId>('/contacts/:id', ({ params }) => contactOut(anyContactOf(sandbox, params.id), sandbox))
  scope.get<WithId>('/contacts/find_by_external_id/:id', ({ params }) => {
    const found = store
      .find('contacts', 'external_id', params.id)
      .map((record) => asContact(record.body))
      .find((contact) => contact.external_id === params.id && contact.role === 'user' && !contact.archived)
    if (!found) throw userNotFound()
    return contactOut(found, sandbox)
  })
  scope.get<{ Querystring: { per_page?: string; starting_after?: string } }>('/contacts', ({ query }) =>
    listed(sandbox, visible(sandbox).toReversed(), query),
  )
  scope.post('/contacts/search', ({ body }) => search(sandbox, bodyOf(body)))
  lifecycleRoutes(scope, sandbox)
  noteRoutes(scope, sandbox)
}

/** Archived and merged contacts are in no list; new ones come into the search after the lag. */
function visible({ store }: Sandbox): RecordBody[] {
  return store
    .list('contacts')
    .map((record) => record.body)
    .filter((body) => isVisible(asContact(body)))
}

const isVisible = (contact: Contact): boolean => !contact.archived && contact.merged_into === null

function search(sandbox: Sandbox, body: RecordBody): RecordBody {
  const { store, now } = sandbox
  const fits = predicate(body.query, FIELDS)
  const indexedUntil = now() - searchLagMs(sandbox)
  const email = equalityOf(body.query, 'email')
  const externalId = equalityOf(body.query, 'external_id')
  const pool = (
    email !== undefined
      ? store.find('contacts', 'email', email)
      : externalId !== undefined
        ? store.find('contacts', 'external_id', externalId)
        : store.list('contacts')
  ).map((record) => record.body)
  const found = pool.filter(
    (contact) => isVisible(asContact(contact)) && asContact(contact)._born <= indexedUntil && fits(contact),
  )
  const page = isObject(body.pagination) ? body.pagination : {}
  return listed(sandbox, sorted(found, body.sort), page)
}

function listed(
  sandbox: Sandbox,
  contacts: RecordBody[],
  page: { per_page?: unknown; starting_after?: unknown },
): RecordBody {
  const cursor = cursorPage(page)
  const data: Json[] = contacts
    .slice(cursor.offset, cursor.offset + cursor.perPage)
    .map((contact) => contactOut(asContact(contact), sandbox))
  return { type: 'list', data, total_count: contacts.length, pages: pagesOf(cursor, contacts.length) }
}

function lifecycleRoutes(scope: FastifyInstance, sandbox: Sandbox): void {
  const { store } = sandbox
  const short = (contact: Contact, more: RecordBody): RecordBody => ({
    id: contact.id,
    type: 'contact',
    external_id: contact.external_id,
    ...more,
  })
  const setArchived = (id: string, archived: boolean) => {
    const contact = anyContactOf(sandbox, id)
    saveContact(sandbox, { ...contact, archived, updated_at: seconds(sandbox.now()) })
    const item = short(contact, { archived })
    // "unarchive" without a d: Intercom's own name of the topic.
    announce(sandbox, { topic: archived ? 'contact.archived' : 'contact.unarchive', item })
    return item
  }
  scope.post<WithId>('/contacts/:id/archive', ({ params }) => setArchived(params.id, true))
  scope.post<WithId>('/contacts/:id/unarchive', ({ params }) => setArchived(params.id, false))
  scope.post<WithId>('/contacts/:id/block', ({ params }) => short(contactOf(sandbox, params.id), { blocked: true }))
  scope.delete<WithId>('/contacts/:id', ({ params }) => {
    const contact = anyContactOf(sandbox, params.id)
    store.remove('contacts', contact.id)
    const item = short(contact, { deleted: true })
    announce(sandbox, { topic: 'contact.deleted', item })
    return item
  })
  scope.post('/contacts/merge', ({ body }) => merge(sandbox, bodyOf(body)))
}

function merge(sandbox: Sandbox, body: RecordBody): RecordBody {
  const [from, into] = [textOf(body, 'from'), textOf(body, 'into')]
  if (!from || !into) throw missingParameter('from and into are required')
  const [lead, user] = [contactOf(sandbox, from), contactOf(sandbox, into)]
  const refuse = (message: string) => new VendorError(400, 'invalid_merge', { message })
  if (lead.role !== 'lead' || user.role !== 'user') throw refuse('A lead can be merged into a user only')
  const shared = ['email', 'phone'].some((name) => lead[name] !== null && lead[name] === user[name])
  if (!shared && body.skip_duplicate_validation !== true)
    throw refuse('Contacts must share an email or a phone number to be merged')
  const survivor = sandbox.store.transaction(() => {
    const tags = [...user.tags, ...lead.tags.filter((tag) => !user.tags.some((own) => own.id === tag.id))]
    const next = { ...user, tags, updated_at: seconds(sandbox.now()) }
    saveContact(sandbox, next)
    saveContact(sandbox, { ...lead, merged_into: user.id })
    return next
  })
  const item = contactOut(survivor, sandbox)
  announce(sandbox, { topic: 'contact.merged', item: { ...item, merged_from: { type: 'contact', id: lead.id } } })
  return item
}

function noteRoutes(scope: FastifyInstance, sandbox: Sandbox): void {
  const { store } = sandbox
  scope.post<WithId>('/contacts/:id/notes', ({ params, body }) => {
    const contact = contactOf(sandbox, params.id)
    const given = bodyOf(body)
    const [text, adminId] = [textOf(given, 'body'), textOf(given, 'admin_id')]
    if (!text) throw missingParameter('Body is required')
    const admin = adminId === undefined ? undefined : store.get('admins', adminId)
    if (adminId !== undefined && !admin) throw new VendorError(404, 'admin_not_found', { message: 'Admin not found' })
    const note: RecordBody = {
      type: 'note',
      id: String(store.next('note')),
      created_at: seconds(sandbox.now()),
      contact: { type: 'contact', id: contact.id },
      author: admin
        ? { type: 'admin', id: adminId ?? null, name: admin.name ?? null, email: admin.email ?? null }
        : null,
      body: text.startsWith('<') ? text : `<p>${text}</p>`,
    }
    store.put('notes', { id: String(note.id), body: note }, { contact: contact.id })
    return note
  })
  scope.get<WithId>('/contacts/:id/notes', ({ params }) => {
    const contact = contactOf(sandbox, params.id)
    const data = store.find('notes', 'contact', contact.id).map((record) => record.body)
    return {
      type: 'list',
      data: data.toReversed(),
      total_count: data.length,
      pages: pagesOf({ perPage: 50, offset: 0 }, 0),
    }
  })
}
