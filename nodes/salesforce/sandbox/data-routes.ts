import type { FastifyInstance, FastifyReply, FastifyRequest } from 'fastify'
import type { RecordBody } from '../../sandbox/store.ts'
import { describeBrief, describeFull } from './describe.ts'
import { refuse, SalesforceError } from './errors.ts'
import { ADMIN_ID, ORGANIZATION_ID } from './grants.ts'
import { fieldOf, type Org, recordOf } from './org.ts'
import { createRecord, deleteRecord, findByExternalId, MultipleMatches, updateRecord, upsertRecord } from './records.ts'
import type { ObjectSpec } from './schema.ts'
import { attributesOf } from './soql-run.ts'
import { requireCustomize } from './tooling-routes.ts'

const FOR_ADMINISTRATORS = new Set(['PermissionSet', 'PermissionSetAssignment', 'FieldPermissions'])

type Row = { Params: { version: string; object: string; id: string }; Querystring: { fields?: string } }
type ByExternalId = {
  Params: { version: string; object: string; field: string; value: string }
  Querystring: { updateOnly?: string; fields?: string }
}

/** Single records and what describes them. `scope` stands at /services/data/v:version. */
export function dataRoutes(scope: FastifyInstance, org: Org): void {
  describeRoutes(scope, org)
  scope.post<Row>('/sobjects/:object', (request, reply) => {
    const object = org.object(request.params.object)
    if (FOR_ADMINISTRATORS.has(object.name)) requireCustomize(org.sandbox)
    const id = createRecord(org, object, { given: bodyOf(request), ...writeOptions(request) })
    return reply
      .code(201)
      .header('location', pathOf(request.params.version, object, id))
      .send({ id, success: true, errors: [] })
  })
  scope.get<Row>('/sobjects/:object/:id', ({ params, query }) => {
    const object = org.object(params.object)
    const { body } = recordOf(org, object, params.id)
    return shown(object, body, { version: params.version, fields: query.fields })
  })
  scope.patch<Row>('/sobjects/:object/:id', (request, reply) => {
    const object = org.object(request.params.object)
    updateRecord(org, object, { id: request.params.id, given: bodyOf(request), ...writeOptions(request) })
    return reply.code(204).send()
  })
  scope.delete<Row>('/sobjects/:object/:id', ({ params }, reply) => {
    deleteRecord(org, org.object(params.object), params.id)
    return reply.code(204).send()
  })
  externalIdRoutes(scope, org)
}

function describeRoutes(scope: FastifyInstance, org: Org): void {
  scope.get<Row>('/', ({ params: { version } }) => {
    const base = `/services/data/v${version}`
    return {
      tooling: `${base}/tooling`,
      sobjects: `${base}/sobjects`,
      query: `${base}/query`,
      queryAll: `${base}/queryAll`,
      composite: `${base}/composite`,
      limits: `${base}/limits`,
      identity: `${org.sandbox.url()}/id/${ORGANIZATION_ID}/${ADMIN_ID}`,
    }
  })
  scope.get<Row>('/sobjects', ({ params }) => ({
    encoding: 'UTF-8',
    maxBatchSize: 200,
    sobjects: org.objects().map((object) => describeBrief(object, params.version)),
  }))
  scope.get<Row>('/sobjects/:object', ({ params }) => {
    const object = org.object(params.object)
    return { objectDescribe: describeBrief(object, params.version), recentItems: [] }
  })
  scope.get<Row>('/sobjects/:object/describe', ({ params }) => describeFull(org.object(params.object), params.version))
}

function externalIdRoutes(scope: FastifyInstance, org: Org): void {
  scope.patch<ByExternalId>('/sobjects/:object/:field/:value', (request, reply) => {
    const { version, object: name, field, value } = request.params
    const object = org.object(name)
    const given = bodyOf(request)
    if (field in given) throw refuse('INVALID_FIELD', `The ${field} field should not be specified in the sobject data.`)
    return multiple(reply, version, () => {
      const updateOnly = request.query.updateOnly === 'true'
      const { id, created } = upsertRecord(org, object, { field, value, given, updateOnly, ...writeOptions(request) })
      return reply.code(created ? 201 : 200).send({ id, success: true, errors: [], created })
    })
  })
  scope.get<ByExternalId>('/sobjects/:object/:field/:value', ({ params, query }, reply) => {
    const object = org.object(params.object)
    return multiple(reply, params.version, () => {
      const { ids } = findByExternalId(org, object, params)
      const [first, ...others] = ids
      if (first === undefined) throw refuse('NOT_FOUND', 'The requested resource does not exist', { status: 404 })
      if (others.length > 0) throw new MultipleMatches(object, ids)
      const { body } = recordOf(org, object, first)
      return reply.send(shown(object, body, { version: params.version, fields: query.fields }))
    })
  })
}

function multiple(reply: FastifyReply, version: string, work: () => FastifyReply): FastifyReply {
  try {
    return work()
  } catch (error) {
    if (!(error instanceof MultipleMatches)) throw error
    return reply.code(300).send(error.ids.map((id) => `/services/data/v${version}/sobjects/${error.object}/${id}`))
  }
}

/** @throws SalesforceError JSON_PARSER_ERROR for a body that is no object */
export function bodyOf(request: FastifyRequest): RecordBody {
  const { body } = request
  if (!isObject(body))
    throw refuse('JSON_PARSER_ERROR', 'The HTTP entity body is required, but this request has no entity body.')
  return body
}

/** What the headers of a write ask for. */
export function writeOptions(request: FastifyRequest): { allowDuplicates: boolean } {
  const header = String(request.headers['sforce-duplicate-rule-header'] ?? '')
  return { allowDuplicates: /allowSave\s*=\s*true/i.test(header) }
}

function shown(
  object: ObjectSpec,
  body: RecordBody,
  more: { version: string; fields: string | undefined },
): RecordBody {
  const attributes = attributesOf(object, body, more.version)
  const names = more.fields === undefined ? object.fields.map(({ name }) => name) : more.fields.split(',')
  const record: RecordBody = { attributes }
  for (const name of names) {
    const field = fieldOf(object, name.trim())
    if (!field)
      throw new SalesforceError(400, [
        { code: 'INVALID_FIELD', message: `No such column '${name}' on sobject of type ${object.name}` },
      ])
    record[field.name] = body[field.name] ?? null
  }
  return record
}

const pathOf = (version: string, object: ObjectSpec, id: string) =>
  `/services/data/v${version}/sobjects/${object.name}/${id}`

const isObject = (value: unknown): value is RecordBody =>
  typeof value === 'object' && value !== null && !Array.isArray(value)
