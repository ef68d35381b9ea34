import type { FastifyInstance, FastifyRequest } from 'fastify'
import type { Json } from '../../manifest.ts'
import type { RecordBody } from '../../sandbox/store.ts'
import { bodyOf, writeOptions } from './data-routes.ts'
import { refuse, resultErrors, SalesforceError } from './errors.ts'
import { normalizeId } from './ids.ts'
import { objectOfId, type Org } from './org.ts'
import { createRecord, deleteRecord, findByExternalId, updateRecord, upsertRecord } from './records.ts'
import { textOf } from './text-of.ts'

const MOST = 200

type Saved = { id: string; created?: boolean }
type Upsert = { Params: { object: string; field: string } }

/** Up to 200 records a call: HTTP 200 whatever becomes of each, and a result per record in the order asked. */
export function collectionRoutes(scope: FastifyInstance, org: Org): void {
  scope.post('/composite/sobjects', (request) =>
    eachRecord(org, request, (record) => ({
      id: createRecord(org, org.object(typeOf(record)), { given: withoutAttributes(record), ...writeOptions(request) }),
    })),
  )
  scope.patch('/composite/sobjects', (request) =>
    eachRecord(org, request, (record) => {
      const { Id, id = Id, ...given } = withoutAttributes(record)
      if (typeof id !== 'string') throw refuse('MISSING_ARGUMENT', 'Id not specified in an update call')
      updateRecord(org, org.object(typeOf(record)), { id, given, ...writeOptions(request) })
      return { id: normalizeId(id) ?? id }
    }),
  )
  scope.patch<Upsert>('/composite/sobjects/:object/:field', (request) => upsertAll(org, request))
  scope.delete<{ Querystring: { ids?: string; allOrNone?: string } }>('/composite/sobjects', ({ query }) => {
    const records = (query.ids ?? '').split(',').map((id) => ({ id }))
    return inOrder(org, { records, allOrNone: query.allOrNone === 'true' }, ({ id }) => {
      const object = objectOfId(id)
      if (!object) throw refuse('MALFORMED_ID', `malformed id ${id}`)
      deleteRecord(org, object, id)
      return { id: normalizeId(id) ?? id }
    })
  })
}

function upsertAll(org: Org, request: FastifyRequest<Upsert>): Json {
  const { params } = request
  const object = org.object(params.object)
  // The field is part of the path: when it is no external id, the whole call is refused.
  findByExternalId(org, object, { field: params.field, value: '' })
  const counts = new Map<string, number>()
  for (const record of recordsOf(request).records) {
    const value = textOf(record[params.field]).toLowerCase()
    counts.set(value, (counts.get(value) ?? 0) + 1)
  }
  return eachRecord(org, request, (record) => {
    const { [params.field]: value, ...given } = withoutAttributes(record)
    if (value === undefined || value === null || value === '')
      throw refuse('MISSING_ARGUMENT', `${params.field} not specified`, { fields: [params.field] })
    if ((counts.get(textOf(value).toLowerCase()) ?? 0) > 1)
      throw refuse('DUPLICATE_VALUE', `Duplicate external id specified: ${textOf(value)}`, { fields: [params.field] })
    return upsertRecord(org, object, { field: params.field, value: textOf(value), given, ...writeOptions(request) })
  })
}

function eachRecord(org: Org, request: FastifyRequest, work: (record: RecordBody) => Saved): Json {
  return inOrder(org, recordsOf(request), work)
}

function inOrder<R>(
  org: Org,
  { records, allOrNone }: { records: R[]; allOrNone: boolean },
  work: (record: R) => Saved,
): Json {
  if (records.length > MOST)
    throw refuse('LIMIT_EXCEEDED', `record limit reached. cannot submit more than ${MOST} records into this call`)
  if (!allOrNone)
    return records.map((record) => attempt(() => org.sandbox.store.transaction(() => work(record))).result)
  return allTogether(org, records, work)
}

function allTogether<R>(org: Org, records: R[], work: (record: R) => Saved): Json {
  let results: Array<{ result: Json; failed: boolean }> = []
  try {
    return org.sandbox.store.transaction(() => {
      results = records.map((record) => attempt(() => work(record)))
      if (results.some(({ failed }) => failed)) throw new RolledBack()
      return results.map(({ result }) => result)
    })
  } catch (error) {
    if (!(error instanceof RolledBack)) throw error
    const rolledBack = {
      code: 'ALL_OR_NONE_OPERATION_ROLLED_BACK',
      message: 'Record rolled back because not all records were valid and the request was using AllOrNone header',
    }
    return results.map(({ result, failed }) =>
      failed ? result : { success: false, errors: resultErrors([rolledBack]) },
    )
  }
}

class RolledBack extends Error {}

function attempt(work: () => Saved): { result: Json; failed: boolean } {
  try {
    return { result: { ...work(), success: true, errors: [] }, failed: false }
  } catch (error) {
    if (!(error instanceof SalesforceError)) throw error
    return { result: { success: false, errors: resultErrors(error.errors) }, failed: true }
  }
}

function recordsOf(request: FastifyRequest): { records: RecordBody[]; allOrNone: boolean } {
  const { records, allOrNone } = bodyOf(request)
  if (!Array.isArray(records)) throw refuse('JSON_PARSER_ERROR', 'The records are missing.')
  const bodies = records.filter(isObject)
  if (bodies.length !== records.length) throw refuse('JSON_PARSER_ERROR', 'A record is no object.')
  return { records: bodies, allOrNone: allOrNone === true }
}

function typeOf({ attributes }: RecordBody): string {
  const type = isObject(attributes) ? attributes['type'] : undefined
  if (typeof type !== 'string') throw refuse('INVALID_TYPE', 'attributes.type is missing')
  return type
}

const withoutAttributes = ({ attributes: _attributes, ...given }: RecordBody): RecordBody => given

const isObject = (value: Json | undefined): value is RecordBody =>
  typeof value === 'object' && value !== null && !Array.isArray(value)
