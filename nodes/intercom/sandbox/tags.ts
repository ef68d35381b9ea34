import type { FastifyInstance } from 'fastify'
import type { Json } from '../../manifest.ts'
import type { Sandbox } from '../../sandbox/app.ts'
import type { RecordBody } from '../../sandbox/store.ts'
import { asCompany, saveCompany } from './companies.ts'
import { type Contact, contactOf, contactOut, saveContact } from './contact-store.ts'
import { bodyOf, isObject, seconds, textOf } from './values.ts'
import { companyNotFound, missingParameter, resourceNotFound, VendorError } from './vendor-error.ts'
import { announce } from './webhooks.ts'

const tagNotFound = () => new VendorError(404, 'tag_not_found', { message: 'Tag not found' })

/** Creates the tag or answers the one of that name, whatever its case. */
export function tagNamed({ store }: Sandbox, name: string): RecordBody {
  const [found] = store.find('tags', 'name', name)
  if (found) return found.body
  const tag: RecordBody = { type: 'tag', id: String(store.next('tag')), name }
  store.put('tags', { id: String(tag.id), body: tag }, { name })
  return tag
}

export function tagRoutes(scope: FastifyInstance, sandbox: Sandbox): void {
  const { store } = sandbox
  scope.post('/tags', ({ body }) => store.transaction(() => postTag(sandbox, bodyOf(body))))
  scope.get('/tags', () => ({ type: 'list', data: store.list('tags').map((record) => record.body) }))
  scope.get<{ Params: { id: string } }>('/tags/:id', ({ params }) => {
    const tag = store.get('tags', params.id)
    if (!tag) throw resourceNotFound()
    return tag
  })
  scope.delete<{ Params: { id: string } }>('/tags/:id', ({ params }, reply) => {
    store.transaction(() => {
      if (!store.remove('tags', params.id)) throw resourceNotFound()
      for (const { body } of store.list('contacts')) {
        const contact = body as Contact
        if (contact.tags.some((tag) => tag.id === params.id)) saveContact(sandbox, without(contact, params.id))
      }
    })
    return reply.code(200).send()
  })
  taggingRoutes(scope, sandbox)
}

const without = (contact: Contact, tagId: string): Contact => ({
  ...contact,
  tags: contact.tags.filter((tag) => tag.id !== tagId),
})

function taggingRoutes(scope: FastifyInstance, sandbox: Sandbox): void {
  const { store } = sandbox
  const say = (contact: Contact, tag: RecordBody, what: 'created' | 'deleted') =>
    announce(sandbox, {
      topic: `contact.${contact.role}.tag.${what}`,
      item: { type: 'contact_tag', created_at: seconds(sandbox.now()), tag, contact: contactOut(contact, sandbox) },
    })
  scope.post<{ Params: { id: string } }>('/contacts/:id/tags', ({ params, body }) => {
    const contact = contactOf(sandbox, params.id)
    const id = textOf(bodyOf(body), 'id')
    if (!id) throw missingParameter('tag id is required')
    const tag = store.get('tags', id)
    if (!tag) throw tagNotFound()
    const next = tagged(sandbox, contact, tag)
    if (next !== contact) say(next, tag, 'created')
    return { ...tag, ...appliedBy(next, id) }
  })
  scope.delete<{ Params: { id: string; tag: string } }>('/contacts/:id/tags/:tag', ({ params }) => {
    const contact = contactOf(sandbox, params.id)
    const tag = store.get('tags', params.tag)
    // A second detach answers 404 as every second DELETE does.
    if (!tag || !contact.tags.some((one) => one.id === params.tag)) throw tagNotFound()
    const next = { ...without(contact, params.tag), updated_at: seconds(sandbox.now()) }
    saveContact(sandbox, next)
    say(next, tag, 'deleted')
    return tag
  })
  scope.get<{ Params: { id: string } }>('/contacts/:id/tags', ({ params }) => {
    const contact = contactOf(sandbox, params.id)
    const data: Json[] = contact.tags.map((tag) => ({ type: 'tag', ...tag }))
    return { type: 'list', data }
  })
}

function appliedBy(contact: Contact, tagId: string): RecordBody {
  const tag = contact.tags.find((one) => one.id === tagId)
  return { applied_at: tag?.applied_at ?? null, applied_by: { type: 'admin', id: '1' } }
}

/** Attaching twice changes nothing. */
function tagged(sandbox: Sandbox, contact: Contact, tag: RecordBody): Contact {
  const id = String(tag.id)
  if (contact.tags.some((one) => one.id === id)) return contact
  const now = seconds(sandbox.now())
  const next = { ...contact, updated_at: now, tags: [...contact.tags, { id, name: String(tag.name), applied_at: now }] }
  saveContact(sandbox, next)
  return next
}

function postTag(sandbox: Sandbox, body: RecordBody): RecordBody {
  const { store } = sandbox
  const [id, name] = [textOf(body, 'id'), textOf(body, 'name')]
  if (!name) throw missingParameter('name is required')
  if (id !== undefined) {
    const tag = store.get('tags', id)
    if (!tag) throw resourceNotFound()
    const next = { ...tag, name }
    store.put('tags', { id, body: next }, { name })
    return next
  }
  const tag = tagNamed(sandbox, name)
  for (const user of Array.isArray(body.users) ? body.users : []) {
    const contact = contactOf(sandbox, isObject(user) ? (textOf(user, 'id') ?? '') : '')
    if (isObject(user) && user.untag === true) saveContact(sandbox, without(contact, String(tag.id)))
    else tagged(sandbox, contact, tag)
  }
  for (const given of Array.isArray(body.companies) ? body.companies : []) {
    if (!isObject(given)) throw companyNotFound()
    const found =
      given.id === undefined
        ? store.find('companies', 'company_id', textOf(given, 'company_id') ?? '')[0]?.body
        : store.get('companies', String(given.id))
    if (!found) throw companyNotFound()
    const company = asCompany(found)
    const others = company.tags.filter((one) => one !== tag.id)
    saveCompany(sandbox, { ...company, tags: given.untag === true ? others : [...others, String(tag.id)] })
  }
  return tag
}
