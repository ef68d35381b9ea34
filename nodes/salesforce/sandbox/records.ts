import type { Json } from '../../manifest.ts'
import type { RecordBody, RecordKeys } from '../../sandbox/store.ts'
import { checkDuplicateRules } from './duplicate-rules.ts'
import { refuse, SalesforceError } from './errors.ts'
import { makeId } from './ids.ts'
import { datetimeText, fieldOf, type Org, recordOf } from './org.ts'
import type { ObjectSpec } from './schema.ts'
import { checkRequired, checkValues, derived } from './values.ts'
import { textOf } from './text-of.ts'

export interface WriteOptions {
  /** `allowSave` of the duplicate rule header: overrides rules that only alert. */
  allowDuplicates: boolean
}

/** @throws SalesforceError as Salesforce refuses the values */
export function createRecord(org: Org, object: ObjectSpec, more: { given: RecordBody } & WriteOptions): string {
  if (!object.createable)
    throw refuse('INVALID_TYPE_FOR_OPERATION', `entity type ${object.name} does not support create`)
  if ('Id' in more.given || 'id' in more.given)
    throw refuse('INVALID_FIELD_FOR_INSERT_UPDATE', 'cannot specify Id in an insert call', { fields: ['Id'] })
  const values = checkValues(org, object, { given: more.given, operation: 'create' })
  return insert(org, object, { values, ...more })
}

/** @throws SalesforceError also for deleted records and converted leads */
export function updateRecord(
  org: Org,
  object: ObjectSpec,
  more: { id: string; given: RecordBody } & WriteOptions,
): void {
  const { id, body } = recordOf(org, object, more.id)
  if (body['IsConverted'] === true) throw refuse('CANNOT_UPDATE_CONVERTED_LEAD', 'cannot reference converted lead')
  const values = checkValues(org, object, { given: more.given, operation: 'update' })
  const merged: RecordBody = { ...body, ...values, ...stamps(org) }
  // A new stage brings its own probability, unless the call names one.
  if ('StageName' in values && !('Probability' in values)) delete merged['Probability']
  const next = { ...merged, ...derived(object, merged) }
  checkRules(object, next)
  checkUnique(org, object, next)
  checkDuplicateRules(org, object, { body: next, allowed: more.allowDuplicates })
  org.sandbox.store.put(object.name, { id, body: next }, keysOf(object, next))
}

export function deleteRecord(org: Org, object: ObjectSpec, id: string): void {
  const record = recordOf(org, object, id)
  // Into the recycle bin: out of every index, and found by queryAll only.
  const body = { ...record.body, ...stamps(org), IsDeleted: true }
  org.sandbox.store.put(object.name, { id: record.id, body }, {})
}

/**
 * Inserts or updates by an external id.
 * @throws SalesforceError 404 for a field that is no external id, 300 where several records match
 */
export function upsertRecord(
  org: Org,
  object: ObjectSpec,
  more: { field: string; value: string; given: RecordBody; updateOnly?: boolean } & WriteOptions,
): { id: string; created: boolean } {
  const found = findByExternalId(org, object, more)
  const [first, ...others] = found.ids
  if (others.length > 0) throw new MultipleMatches(object, found.ids)
  if (first !== undefined) {
    updateRecord(org, object, { id: first, given: more.given, allowDuplicates: more.allowDuplicates })
    return { id: first, created: false }
  }
  if (more.updateOnly) throw refuse('NOT_FOUND', 'The requested resource does not exist', { status: 404 })
  const given = { ...more.given, [found.field]: more.value }
  return { id: createRecord(org, object, { given, allowDuplicates: more.allowDuplicates }), created: true }
}

/** @throws SalesforceError 404 for a field that is no external id */
export function findByExternalId(
  org: Org,
  object: ObjectSpec,
  wanted: { field: string; value: string },
): { field: string; ids: string[] } {
  const field = fieldOf(object, wanted.field)
  if (!field || !(field.externalId || field.name === 'Id'))
    throw refuse('NOT_FOUND', `Provided external ID field does not exist or is not accessible: ${wanted.field}`, {
      status: 404,
    })
  const ids = org.sandbox.store.find(object.name, field.name, wanted.value).map(({ id }) => id)
  return { field: field.name, ids }
}

/** HTTP 300 of the single call; DUPLICATE_EXTERNAL_ID in a collection. */
export class MultipleMatches extends SalesforceError {
  readonly object: string
  readonly ids: string[]
  constructor(object: ObjectSpec, ids: string[]) {
    const message = `More than one record found for external id field: [${ids.join(', ')}]`
    super(300, [{ code: 'DUPLICATE_EXTERNAL_ID', message, fields: [] }])
    this.name = 'MultipleMatches'
    this.object = object.name
    this.ids = ids
  }
}

/** A record put as it is, through the control path: values are checked, who may write them is not. */
export function putRecord(
  org: Org,
  object: ObjectSpec,
  given: RecordBody,
): { id: string; body: RecordBody; keys: RecordKeys } {
  const values = checkValues(org, object, { given, operation: 'create', trusted: true })
  const body = fresh(org, object, values)
  checkRequired(object, body)
  checkUnique(org, object, body)
  return { id: textOf(body['Id']), body, keys: keysOf(object, body) }
}

function insert(org: Org, object: ObjectSpec, more: { values: RecordBody } & WriteOptions): string {
  const body = fresh(org, object, more.values)
  checkRequired(object, body)
  checkRules(object, body)
  checkUnique(org, object, body)
  checkDuplicateRules(org, object, { body, allowed: more.allowDuplicates })
  const id = textOf(body['Id'])
  org.sandbox.store.put(object.name, { id, body }, keysOf(object, body))
  return id
}

/** A new record's body: every field of the schema, so that people see the record whole. */
function fresh(org: Org, object: ObjectSpec, values: RecordBody): RecordBody {
  const given = values['Id']
  const id = typeof given === 'string' ? given : makeId(object.keyPrefix, org.sandbox.store.next(object.name))
  const body: RecordBody = { Id: id }
  for (const field of object.fields) {
    if (field.name === 'Id') continue
    const fallback: Json = field.name === 'OwnerId' || field.name === 'CreatedById' ? org.userId : field.defaultValue
    body[field.name] = values[field.name] ?? fallback
  }
  const whole = { ...body, ...stamps(org), CreatedDate: values['CreatedDate'] ?? datetimeText(org.sandbox.now()) }
  return { ...whole, ...derived(object, whole) }
}

function stamps(org: Org): RecordBody {
  const now = datetimeText(org.sandbox.now())
  return { LastModifiedDate: now, SystemModstamp: now, LastModifiedById: org.userId }
}

function keysOf(object: ObjectSpec, body: RecordBody): RecordKeys {
  return Object.fromEntries(
    object.indexed.map((name) => {
      const value = body[name]
      return [name, typeof value === 'string' ? value : null]
    }),
  )
}

function checkUnique(org: Org, object: ObjectSpec, body: RecordBody): void {
  for (const field of object.fields) {
    const value = body[field.name]
    if (!field.unique || typeof value !== 'string') continue
    const other = org.sandbox.store.find(object.name, field.name, value).find(({ id }) => id !== body['Id'])
    if (other)
      throw refuse(
        'DUPLICATE_VALUE',
        `duplicate value found: ${field.name} duplicates value on record with id: ${other.id.slice(0, 15)}`,
      )
  }
}

/** Rules that no field alone can tell. */
function checkRules(object: ObjectSpec, body: RecordBody): void {
  const who = body['WhoId']
  if (object.name === 'Task' && typeof who === 'string' && who.startsWith('00Q') && (body['WhatId'] ?? null) !== null)
    throw refuse('FIELD_INTEGRITY_EXCEPTION', 'Related To ID: WhatId must be null if WhoId is a Lead', {
      fields: ['WhatId'],
    })
}
