import type { FastifyInstance } from 'fastify'
import type { Sandbox } from '../../sandbox/app.ts'
import type { RecordBody } from '../../sandbox/store.ts'
import { checkAttributes } from './attributes.ts'
import { contactOf, contactOut, saveContact, asContact } from './contact-store.ts'
import { numberedPage } from './paging.ts'
import { bodyOf, hexId, isObject, onlyKnown, seconds, textOf, WORKSPACE_ID } from './values.ts'
import { badParameter, companyNotFound, missingParameter } from './vendor-error.ts'
import { announce } from './webhooks.ts'

/** A company as the stand-in keeps it: `tags` are tag ids, `plan` is a name. */
export type Company = RecordBody & { id: string; company_id: string; name: string | null; tags: string[] }

type WithId = { Params: { id: string } }
type Paged = { Querystring: { [name: string]: string | undefined } }

const WRITABLE = new Set([
  'company_id',
  'name',
  'plan',
  'size',
  'website',
  'industry',
  'monthly_spend',
  'remote_created_at',
  'custom_attributes',
])

export const asCompany = (body: RecordBody): Company => body as Company

export function saveCompany({ store }: Sandbox, company: Company): void {
  store.put('companies', { id: company.id, body: company }, companyKeys(company))
}

export const companyKeys = ({ company_id, name }: Company) => ({ company_id, name })

/** Creates, or updates the one with the same `company_id`. @throws VendorError */
export function upsertCompany(sandbox: Sandbox, body: RecordBody): { company: Company; created: boolean } {
  onlyKnown(body, WRITABLE)
  const now = seconds(sandbox.now())
  const companyId = textOf(body, 'company_id')
  const found = sandbox.store
    .find('companies', 'company_id', companyId ?? '')
    .map((record) => asCompany(record.body))
    .find((company) => company.company_id === companyId)
  const id = hexId(sandbox.now())
  const before: Company = found ?? {
    type: 'company',
    id,
    // Without a company_id every call makes a new one.
    company_id: companyId ?? id,
    app_id: WORKSPACE_ID,
    name: null,
    plan: null,
    size: null,
    website: null,
    industry: null,
    monthly_spend: 0,
    remote_created_at: null,
    created_at: now,
    updated_at: now,
    custom_attributes: {},
    tags: [],
  }
  const company = changed(sandbox, before, body)
  saveCompany(sandbox, company)
  return { company, created: !found }
}

function changed(sandbox: Sandbox, before: Company, body: RecordBody): Company {
  const next: Company = { ...before, updated_at: seconds(sandbox.now()) }
  for (const name of ['name', 'plan', 'website', 'industry'])
    if (body[name] !== undefined) next[name] = textOf(body, name) ?? null
  for (const name of ['size', 'monthly_spend', 'remote_created_at']) {
    const value = body[name]
    if (value === undefined) continue
    if (value !== null && typeof value !== 'number') throw badParameter(`${name} must be a number`)
    if (typeof value === 'number' && Math.abs(value) > 2 ** 31 - 1) throw badParameter(`${name} is too large`)
    next[name] = value === null ? null : Math.trunc(value)
  }
  if (body.custom_attributes !== undefined) {
    if (!isObject(body.custom_attributes)) throw badParameter('custom_attributes must be an object')
    checkAttributes(sandbox, { model: 'company', values: body.custom_attributes })
    next.custom_attributes = {
      ...(isObject(before.custom_attributes) ? before.custom_attributes : {}),
      ...body.custom_attributes,
    }
  }
  return next
}

export function companyOut(company: Company, { store }: Sandbox): RecordBody {
  const { tags, plan, ...plain } = company
  return {
    ...plain,
    plan: typeof plan === 'string' ? { type: 'plan', id: plan, name: plan } : {},
    session_count: 0,
    user_count: attached({ store } as Sandbox, company.id).length,
    last_request_at: null,
    tags: {
      type: 'tag.list',
      tags: tags.map((id) => ({ type: 'tag', id, name: store.get('tags', id)?.name ?? null })),
    },
    segments: { type: 'segment.list', segments: [] },
  }
}

const attached = ({ store }: Sandbox, companyId: string) =>
  store
    .list('contacts')
    .map((record) => asContact(record.body))
    .filter((contact) => contact.company_ids.includes(companyId) && !contact.archived)

function companyOf({ store }: Sandbox, id: string): Company {
  const body = store.get('companies', id)
  if (!body) throw companyNotFound()
  return asCompany(body)
}

export function companyRoutes(scope: FastifyInstance, sandbox: Sandbox): void {
  const { store } = sandbox
  const out = (company: Company) => companyOut(company, sandbox)
  scope.post('/companies', ({ body }) => {
    const { company, created } = store.transaction(() => upsertCompany(sandbox, bodyOf(body)))
    announce(sandbox, { topic: created ? 'company.created' : 'company.updated', item: out(company) })
    return out(company)
  })
  scope.put<WithId>('/companies/:id', ({ params, body }) => {
    const given = bodyOf(body)
    for (const fixed of ['company_id', 'remote_created_at'])
      if (fixed in given) throw badParameter(`${fixed} cannot be changed`)
    onlyKnown(given, WRITABLE)
    const company = changed(sandbox, companyOf(sandbox, params.id), given)
    saveCompany(sandbox, company)
    announce(sandbox, { topic: 'company.updated', item: out(company) })
    return out(company)
  })
  scope.get<WithId>('/companies/:id', ({ params }) => out(companyOf(sandbox, params.id)))
  scope.get<Paged>('/companies', ({ query }) => {
    for (const key of ['company_id', 'name'] as const) {
      const value = query[key]
      if (value === undefined) continue
      const [found] = store.find('companies', key, value)
      if (!found) throw companyNotFound()
      return out(asCompany(found.body))
    }
    return listed(sandbox, query)
  })
  scope.post('/companies/list', ({ body, query }) => listed(sandbox, { ...(query as object), ...bodyOf(body) }))
  scope.delete<WithId>('/companies/:id', ({ params }) => {
    const { id } = companyOf(sandbox, params.id)
    store.remove('companies', id)
    announce(sandbox, { topic: 'company.deleted', item: { type: 'company', id } })
    return { id, object: 'company', deleted: true }
  })
  attachRoutes(scope, sandbox)
}

/** A company without a contact is in no list, as at Intercom. */
function listed(sandbox: Sandbox, query: { page?: unknown; per_page?: unknown }): RecordBody {
  const { slice, pages } = numberedPage(query)
  const used = new Set(sandbox.store.list('contacts').flatMap(({ body }) => asContact(body).company_ids))
  const all = sandbox.store.list('companies').filter(({ id }) => used.has(id))
  return {
    type: 'list',
    data: slice(all).map(({ body }) => companyOut(asCompany(body), sandbox)),
    total_count: all.length,
    pages: pages(`${sandbox.url()}/companies`, all.length),
  }
}

function attachRoutes(scope: FastifyInstance, sandbox: Sandbox): void {
  scope.post<WithId>('/contacts/:id/companies', ({ params, body }) => {
    const contact = contactOf(sandbox, params.id)
    const id = textOf(bodyOf(body), 'id')
    if (!id) throw missingParameter('company not specified')
    const company = companyOf(sandbox, id)
    if (!contact.company_ids.includes(id)) {
      saveContact(sandbox, { ...contact, company_ids: [...contact.company_ids, id] })
      announce(sandbox, { topic: 'company.contact.attached', item: companyOut(company, sandbox) })
    }
    return companyOut(company, sandbox)
  })
  scope.delete<{ Params: { id: string; company: string } }>('/contacts/:id/companies/:company', ({ params }) => {
    const contact = contactOf(sandbox, params.id)
    const company = companyOf(sandbox, params.company)
    if (!contact.company_ids.includes(company.id)) throw companyNotFound()
    saveContact(sandbox, { ...contact, company_ids: contact.company_ids.filter((id) => id !== company.id) })
    announce(sandbox, { topic: 'company.contact.detached', item: companyOut(company, sandbox) })
    return companyOut(company, sandbox)
  })
  scope.get<WithId>('/contacts/:id/companies', ({ params }) => {
    const { company_ids: ids } = contactOf(sandbox, params.id)
    const data = ids.map((id) => companyOut(companyOf(sandbox, id), sandbox))
    return { type: 'list', data, total_count: data.length, pages: { type: 'pages', page: 1, next: null } }
  })
  scope.get<WithId>('/companies/:id/contacts', ({ params }) => {
    const data = attached(sandbox, companyOf(sandbox, params.id).id).map((contact) => contactOut(contact, sandbox))
    return { type: 'list', data, total_count: data.length, pages: { type: 'pages', page: 1, next: null } }
  })
}
