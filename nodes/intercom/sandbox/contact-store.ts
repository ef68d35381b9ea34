import type { Sandbox } from '../../sandbox/app.ts'
import type { RecordBody } from '../../sandbox/store.ts'
import { checkAttributes } from './attributes.ts'
import { hexId, isObject, listOf, onlyKnown, seconds, textOf, WORKSPACE_ID } from './values.ts'
import { badParameter, missingParameter, userNotFound, VendorError } from './vendor-error.ts'

export interface Attached {
  id: string
  name: string
  applied_at: number
}

/**
 * A contact as the stand-in keeps it. Names with `_` are its own and never shown.
 * `tags` and `company_ids` are the truth of what is attached.
 */
export type Contact = RecordBody & {
  id: string
  role: string
  external_id: string | null
  email: string | null
  archived: boolean
  created_at: number
  updated_at: number
  tags: Array<Attached & RecordBody>
  company_ids: string[]
  merged_into: string | null
  _born: number
}

const WRITABLE = new Set([
  'role',
  'external_id',
  'email',
  'email_verified',
  'phone',
  'name',
  'avatar',
  'signed_up_at',
  'last_seen_at',
  'owner_id',
  'unsubscribed_from_emails',
  'language_override',
  'custom_attributes',
])
const TEXTS = ['external_id', 'email', 'phone', 'name', 'avatar', 'language_override']
const TIMES = ['signed_up_at', 'last_seen_at']
const TYPE = 'contacts'

export const asContact = (body: RecordBody): Contact => body as Contact

export function saveContact({ store }: Sandbox, contact: Contact): void {
  store.put(TYPE, { id: contact.id, body: contact }, contactKeys(contact))
}

export const contactKeys = (contact: Contact) =>
  contact.merged_into === null ? { external_id: contact.external_id, email: contact.email } : {}

/** A contact that can be written to. @throws VendorError 404, or 410 with the surviving contact's place */
export function contactOf(sandbox: Sandbox, id: string): Contact {
  const contact = anyContactOf(sandbox, id)
  if (contact.archived) throw userNotFound()
  return contact
}

/** Also an archived one. @throws VendorError 404 or 410 */
export function anyContactOf({ store }: Sandbox, id: string): Contact {
  const body = store.get(TYPE, id)
  if (!body) throw userNotFound()
  const contact = asContact(body)
  if (contact.merged_into !== null)
    throw new VendorError(410, 'contact_merged', {
      message: 'This contact has been merged into another contact',
      headers: { link: `</contacts/${contact.merged_into}>; rel="canonical"` },
    })
  return contact
}

/** Creates as POST /contacts does. @throws VendorError */
export function createContact(sandbox: Sandbox, body: RecordBody): Contact {
  const contact = contactRecord(sandbox, body)
  saveContact(sandbox, contact)
  return contact
}

/** A new contact, not saved yet. @throws VendorError */
export function contactRecord(sandbox: Sandbox, body: RecordBody): Contact {
  const now = sandbox.now()
  const blank: Contact = {
    type: 'contact',
    id: hexId(now),
    workspace_id: WORKSPACE_ID,
    external_id: null,
    role: 'user',
    email: null,
    phone: null,
    name: null,
    avatar: null,
    owner_id: null,
    signed_up_at: null,
    last_seen_at: null,
    unsubscribed_from_emails: false,
    language_override: null,
    created_at: seconds(now),
    updated_at: seconds(now),
    custom_attributes: {},
    archived: false,
    tags: [],
    company_ids: [],
    merged_into: null,
    _born: now,
  }
  return changed(sandbox, blank, body)
}

/** Updates as PUT /contacts/{id} does: fields given are replaced, custom attributes merged by name. @throws VendorError */
export function updateContact(sandbox: Sandbox, contact: Contact, body: RecordBody): Contact {
  const next = { ...changed(sandbox, contact, body), updated_at: seconds(sandbox.now()) }
  saveContact(sandbox, next)
  return next
}

function changed(sandbox: Sandbox, before: Contact, body: RecordBody): Contact {
  onlyKnown(body, WRITABLE)
  const next: Contact = { ...before }
  for (const name of TEXTS) if (name in body) next[name] = textOf(body, name) ?? null
  for (const name of TIMES) {
    const value = body[name]
    if (value === undefined) continue
    if (value !== null && !Number.isInteger(value)) throw badParameter(`${name} must be a UNIX timestamp`)
    next[name] = value
  }
  if (body.role !== undefined) {
    if (body.role !== 'user' && body.role !== 'lead') throw badParameter('role must be user or lead')
    next.role = body.role
  }
  if (body.unsubscribed_from_emails !== undefined) {
    if (typeof body.unsubscribed_from_emails !== 'boolean')
      throw badParameter('unsubscribed_from_emails must be a boolean')
    next.unsubscribed_from_emails = body.unsubscribed_from_emails
  }
  if (body.owner_id !== undefined) next.owner_id = owner(sandbox, body)
  if (body.custom_attributes !== undefined) {
    const given = body.custom_attributes
    if (!isObject(given)) throw badParameter('custom_attributes must be an object')
    checkAttributes(sandbox, { model: 'contact', values: given })
    next.custom_attributes = { ...(isObject(before.custom_attributes) ? before.custom_attributes : {}), ...given }
  }
  checkWhole(next)
  refuseDouble(sandbox, next)
  return next
}

function owner({ store }: Sandbox, body: RecordBody): number | null {
  const id = textOf(body, 'owner_id')
  if (id === undefined) return null
  if (!store.get('admins', id)) throw badParameter('The owner specified is not a member of the workspace')
  return Number(id)
}

function checkWhole(contact: Contact): void {
  if (contact.email !== null && !/^[^\s@]+@[^\s@]+$/.test(contact.email)) throw badParameter('email is invalid')
  if (contact.role === 'lead' && contact.external_id !== null)
    throw badParameter('external_id cannot be set for a lead')
  if (contact.role === 'user' && contact.external_id === null && contact.email === null)
    throw missingParameter('A user needs an email or an external_id')
}

/**
 * External ids are unique. An e-mail is unique among users, except that users with external ids of their own may
 * share one; leads may share freely.
 */
function refuseDouble({ store }: Sandbox, contact: Contact): void {
  const others = (key: 'external_id' | 'email') =>
    (contact[key] === null ? [] : store.find(TYPE, key, contact[key]))
      .map((record) => asContact(record.body))
      .filter((other) => other.id !== contact.id)
  const double =
    others('external_id').find((other) => other.external_id === contact.external_id) ??
    others('email').find(
      (other) =>
        contact.role === 'user' &&
        other.role === 'user' &&
        (contact.external_id === null || other.external_id === null),
    )
  if (!double) return
  const what = double.archived ? 'An archived contact' : 'A contact'
  throw new VendorError(409, 'conflict', {
    message: `${what} matching those details already exists with id=${double.id}`,
  })
}

/** A contact in Intercom's shape. */
export function contactOut(contact: Contact, { store }: Sandbox): RecordBody {
  const { archived: _archived, company_ids, merged_into: _merged, tags, _born: _, ...plain } = contact
  const url = `/contacts/${contact.id}`
  const companies = company_ids.map((id) => ({ type: 'company', id, url: `/companies/${id}` }))
  const notes = store.find('notes', 'contact', contact.id).map(({ id }) => ({ type: 'note', id, url: `/notes/${id}` }))
  return {
    ...plain,
    avatar: typeof contact.avatar === 'string' ? { type: 'avatar', image_url: contact.avatar } : null,
    email_domain: contact.email === null ? null : contact.email.slice(contact.email.indexOf('@') + 1),
    has_hard_bounced: false,
    marked_email_as_spam: false,
    last_replied_at: null,
    last_contacted_at: null,
    last_email_opened_at: null,
    last_email_clicked_at: null,
    browser: null,
    browser_version: null,
    browser_language: null,
    os: null,
    location: { type: 'location', country: null, region: null, city: null, country_code: null, continent_code: null },
    social_profiles: { type: 'list', data: [] },
    tags: listOf(
      tags.map(({ id }) => ({ type: 'tag', id, url: `/tags/${id}` })),
      `${url}/tags`,
    ),
    notes: listOf(notes, `${url}/notes`),
    companies: listOf(companies, `${url}/companies`),
  }
}
