import type { Json } from '../../manifest.ts'
import type { RecordBody } from '../../sandbox/store.ts'
import { type ApiError, SalesforceError } from './errors.ts'
import { normalizeId } from './ids.ts'
import { fieldOf, objectOfId, type Org } from './org.ts'
import { type FieldSpec, type ObjectSpec, STAGES } from './schema.ts'
import { textOf } from './text-of.ts'

type Checked = { value: Json } | { error: ApiError }

const fail = (code: string, message: string, field: FieldSpec): Checked => ({
  error: { code, message, fields: [field.name] },
})

/**
 * The values of a create or update as they will be stored.
 * @param trusted lets read-only fields through: for records put as they are
 * @throws SalesforceError with every refusal of the same kind, in Salesforce's order: unknown fields, then values
 */
export function checkValues(
  org: Org,
  object: ObjectSpec,
  more: { given: RecordBody; operation: 'create' | 'update'; trusted?: boolean },
): RecordBody {
  const fields = Object.entries(more.given)
    .filter(([name]) => name !== 'attributes')
    .map(([name, value]) => resolveField(org, object, { name, value }))
  if (!more.trusted) refuseReadOnly(fields, more.operation)
  const values: RecordBody = {}
  const errors: ApiError[] = []
  for (const { field, value } of fields) {
    const checked = checkValue(org, field, value)
    if ('error' in checked) errors.push(checked.error)
    else values[field.name] = checked.value
  }
  if (errors.length > 0) throw new SalesforceError(400, errors)
  return values
}

/** @throws SalesforceError REQUIRED_FIELD_MISSING naming all */
export function checkRequired(object: ObjectSpec, body: RecordBody): void {
  const missing = object.fields
    .filter((field) => !field.nillable && field.createable && (body[field.name] ?? null) === null)
    .map((field) => field.name)
  if (missing.length === 0) return
  const message = `Required fields are missing: [${missing.join(', ')}]`
  throw new SalesforceError(400, [{ code: 'REQUIRED_FIELD_MISSING', message, fields: missing }])
}

/** What Salesforce works out itself from the values of a record. */
export function derived(object: ObjectSpec, body: RecordBody): RecordBody {
  if (object.name === 'Opportunity') {
    const stage = STAGES[textOf(body['StageName'])] ?? { probability: 0, closed: false, won: false }
    return { Probability: body['Probability'] ?? stage.probability, IsClosed: stage.closed, IsWon: stage.won }
  }
  if (object.name === 'Task') return { IsClosed: body['Status'] === 'Completed' }
  if (fieldOf(object, 'FirstName'))
    return { Name: [body['FirstName'], body['LastName']].filter((part) => typeof part === 'string').join(' ') }
  return {}
}

function resolveField(org: Org, object: ObjectSpec, { name, value }: { name: string; value: Json }) {
  const field = fieldOf(object, name)
  if (field) return { field, value }
  const parent = object.fields.find((candidate) => candidate.relationshipName?.toLowerCase() === name.toLowerCase())
  if (parent && isRecord(value)) return { field: parent, value: parentId(org, parent, value) }
  throw new SalesforceError(400, [
    { code: 'INVALID_FIELD', message: `No such column '${name}' on sobject of type ${object.name}`, fields: undefined },
  ])
}

/** `{"Account":{"Legacy_Id__c":"v"}}` names a parent by its external id. */
function parentId(org: Org, parent: FieldSpec, value: RecordBody): string {
  const target = org.object(parent.referenceTo[0] ?? '')
  const [[name, wanted] = ['', null]] = Object.entries(value).filter(([key]) => key !== 'attributes')
  const field = fieldOf(target, name)
  const found = field?.externalId ? org.sandbox.store.find(target.name, field.name, textOf(wanted)) : []
  const [only, ...others] = found
  if (only && others.length === 0) return only.id
  throw new SalesforceError(400, [
    {
      code: 'INVALID_FIELD',
      message: `Foreign key external ID: ${textOf(wanted).toLowerCase()} not found for field ${name} in entity ${target.name}`,
      fields: undefined,
    },
  ])
}

function refuseReadOnly(fields: Array<{ field: FieldSpec }>, operation: 'create' | 'update'): void {
  const locked = fields
    .filter(({ field }) => (operation === 'create' ? !field.createable : !field.updateable))
    .map(({ field }) => field.name)
  if (locked.length === 0) return
  const message = `Unable to create/update fields: ${locked.join(', ')}. Please check the security settings of this field and verify that it is read/write for your profile or permission set.`
  throw new SalesforceError(400, [{ code: 'INVALID_FIELD_FOR_INSERT_UPDATE', message, fields: locked }])
}

function checkValue(org: Org, field: FieldSpec, value: Json): Checked {
  // An empty text clears the field, as null does.
  if (value === null || value === '') return clear(field)
  if (field.type === 'boolean') return typeof value === 'boolean' ? { value } : unreadable(field, value)
  if (field.type === 'int' || field.type === 'currency' || field.type === 'percent') return checkNumber(field, value)
  if (typeof value === 'object') return unreadable(field, value)
  const text = String(value)
  if (field.type === 'date' || field.type === 'datetime') return checkTime(field, text)
  if (field.type === 'reference') return checkReference(org, field, text)
  return checkText(field, text)
}

function clear(field: FieldSpec): Checked {
  if (field.nillable) return { value: null }
  return fail('REQUIRED_FIELD_MISSING', `Required fields are missing: [${field.name}]`, field)
}

function checkText(field: FieldSpec, text: string): Checked {
  if (text.length > field.length)
    return fail(
      'STRING_TOO_LONG',
      `${field.label}: data value too large: ${text.slice(0, 255)} (max length=${field.length})`,
      field,
    )
  if (field.type === 'email' && !/^[^\s@]+@[^\s@]+\.[^\s@]+$/.test(text))
    return fail('INVALID_EMAIL_ADDRESS', `${field.label}: invalid email address: ${text}`, field)
  if (field.restricted && !field.picklist.includes(text))
    return fail(
      'INVALID_OR_NULL_FOR_RESTRICTED_PICKLIST',
      `${field.label}: bad value for restricted picklist field: ${text}`,
      field,
    )
  return { value: text }
}

function checkNumber(field: FieldSpec, value: Json): Checked {
  const number = typeof value === 'string' ? Number(value) : value
  if (typeof number !== 'number' || Number.isNaN(number)) return unreadable(field, value)
  if (field.type === 'int' && !Number.isInteger(number)) return unreadable(field, value)
  const most = field.type === 'int' ? 99_999_999 : field.type === 'percent' ? 999 : 999_999_999_999_999
  if (Math.abs(number) > most)
    return fail(
      'NUMBER_OUTSIDE_VALID_RANGE',
      `${field.label}: value outside of valid range on numeric field: ${number}`,
      field,
    )
  return { value: field.type === 'currency' ? Math.round(number * 100) / 100 : number }
}

function checkTime(field: FieldSpec, text: string): Checked {
  const ms = /^\d{4}-\d\d-\d\d/.test(text) ? Date.parse(text) : Number.NaN
  // 2026-02-31 parses as the 3rd of March: the day must come back as it went in.
  const real =
    !Number.isNaN(ms) && new Date(Date.parse(text.slice(0, 10))).toISOString().slice(0, 10) === text.slice(0, 10)
  if (!real) return unreadable(field, text)
  return { value: field.type === 'date' ? text.slice(0, 10) : new Date(ms).toISOString().replace('Z', '+0000') }
}

function checkReference(org: Org, field: FieldSpec, text: string): Checked {
  const id = normalizeId(text)
  const target = id === null ? undefined : objectOfId(id)
  if (id === null || !target || !field.referenceTo.includes(target.name))
    return fail('MALFORMED_ID', `${field.label}: id value of incorrect type: ${text}`, field)
  const record = org.sandbox.store.get(target.name, id)
  if (!record) return fail('INVALID_CROSS_REFERENCE_KEY', 'invalid cross reference id', field)
  if (record['IsDeleted'] === true) return fail('ENTITY_IS_DELETED', 'entity is deleted', field)
  if (target.name === 'User' && record['IsActive'] === false)
    return fail('INACTIVE_OWNER_OR_USER', `Operation performed with inactive user [${id}] as owner`, field)
  return { value: id }
}

function unreadable(field: FieldSpec, value: Json): Checked {
  const kind = typeof value === 'string' ? 'VALUE_STRING' : typeof value === 'object' ? 'START_OBJECT' : 'VALUE_NUMBER'
  const type = field.type === 'currency' || field.type === 'percent' ? 'double' : field.type
  return fail(
    'JSON_PARSER_ERROR',
    `Cannot deserialize instance of ${type} from ${kind} value ${typeof value === 'object' ? '' : String(value)} or request may be missing a required field`,
    field,
  )
}

const isRecord = (value: Json): value is RecordBody =>
  typeof value === 'object' && value !== null && !Array.isArray(value)
