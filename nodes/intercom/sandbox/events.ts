import type { FastifyInstance } from 'fastify'
import type { Json } from '../../manifest.ts'
import type { Sandbox } from '../../sandbox/app.ts'
import type { RecordBody } from '../../sandbox/store.ts'
import { asContact, type Contact, contactOf } from './contact-store.ts'
import { bodyOf, isObject, onlyKnown, textOf } from './values.ts'
import { badParameter, missingParameter, userNotFound } from './vendor-error.ts'
import { announce } from './webhooks.ts'

const KNOWN = new Set(['event_name', 'created_at', 'user_id', 'email', 'id', 'metadata'])
const MOST_METADATA = 10
const KEPT_DAYS = 90

interface Identity {
  id?: string | undefined
  user_id?: string | undefined
  email?: string | undefined
}

export function eventRoutes(scope: FastifyInstance, sandbox: Sandbox): void {
  const { store } = sandbox
  scope.post('/events', ({ body }, reply) => {
    const event = store.transaction(() => track(sandbox, bodyOf(body)))
    if (event) announce(sandbox, { topic: 'event.created', item: event })
    return reply.code(202).send()
  })
  scope.get<{ Querystring: { [name: string]: string | undefined } }>('/events', ({ query }) => {
    const { type, user_id, email, intercom_user_id: id } = query
    if (type !== 'user') throw badParameter('type must be user')
    const contact = identified(sandbox, { id, user_id, email })
    const oldest = sandbox.now() / 1000 - KEPT_DAYS * 86_400
    const events = store
      .find('events', 'contact', contact.id)
      .map((record) => record.body)
      .filter((event) => Number(event.created_at) >= oldest)
    if (query.summary === 'true') return summary(contact, events)
    return { type: 'event.list', events: events.toReversed(), pages: { type: 'pages', per_page: 50, next: null } }
  })
}

/** Keeps the event, or answers undefined for one that is there already. @throws VendorError */
function track({ store, ...sandbox }: Sandbox, body: RecordBody): RecordBody | undefined {
  onlyKnown(body, KNOWN)
  const name = textOf(body, 'event_name')
  if (!name) throw missingParameter('event_name is required')
  if (!Number.isInteger(body.created_at)) throw badParameter('created_at must be a UNIX timestamp in seconds')
  const contact = identified(
    { store, ...sandbox },
    { id: textOf(body, 'id'), user_id: textOf(body, 'user_id'), email: textOf(body, 'email') },
  )
  // Intercom's own rule: the same contact, name and second are the same event. Names compare without case.
  const identity = `${contact.external_id ?? contact.id}|${name}|${String(body.created_at)}`
  if (store.find('events', 'identity', identity).length > 0) return undefined
  const event: RecordBody = {
    type: 'event',
    id: String(store.next('event')),
    event_name: name,
    created_at: body.created_at ?? null,
    user_id: contact.external_id,
    email: contact.email,
    intercom_user_id: contact.id,
    metadata: metadata(body.metadata),
  }
  store.put('events', { id: String(event.id), body: event }, { contact: contact.id, identity })
  return event
}

function metadata(given: Json | undefined): RecordBody {
  if (given === undefined || given === null) return {}
  if (!isObject(given)) throw badParameter('metadata must be an object')
  for (const [name, value] of Object.entries(given)) {
    if (typeof value === 'string' && value.length > 255)
      throw badParameter(`metadata ${name} is longer than 255 characters`)
    if (Array.isArray(value)) throw badParameter(`metadata ${name} cannot be a list`)
  }
  // More than 10 names are no error: the rest is left out, in order of arrival.
  return Object.fromEntries(Object.entries(given).slice(0, MOST_METADATA))
}

function identified(sandbox: Sandbox, { id, user_id: userId, email }: Identity): Contact {
  if (id !== undefined) return contactOf(sandbox, id)
  const [key, value] = userId !== undefined ? (['external_id', userId] as const) : (['email', email] as const)
  if (value === undefined) throw missingParameter('One of user_id, email or id is required')
  const found = sandbox.store
    .find('contacts', key, value)
    .map((record) => asContact(record.body))
    .find((contact) => !contact.archived && (key === 'email' || contact.external_id === value))
  if (!found) throw userNotFound()
  return found
}

function summary(contact: Contact, events: RecordBody[]): RecordBody {
  const names = new Map<string, { name: string; times: number[] }>()
  for (const event of events) {
    const name = String(event.event_name)
    const known = names.get(name.toLowerCase()) ?? { name, times: [] }
    known.times.push(Number(event.created_at))
    names.set(name.toLowerCase(), known)
  }
  const text = (time: number) => new Date(time * 1000).toISOString()
  return {
    type: 'event.summary',
    email: contact.email,
    intercom_user_id: contact.id,
    user_id: contact.external_id,
    events: [...names.values()].map(({ name, times }) => ({
      name,
      first: text(Math.min(...times)),
      last: text(Math.max(...times)),
      count: times.length,
      description: null,
    })),
  }
}
