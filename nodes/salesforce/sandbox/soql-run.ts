import type { Json } from '../../manifest.ts'
import type { RecordBody } from '../../sandbox/store.ts'
import { refuse } from './errors.ts'
import { fieldOf, objectOfId, type Org } from './org.ts'
import type { FieldSpec, ObjectSpec } from './schema.ts'
import type { Condition, Literal, Operator, SoqlQuery } from './soql-parse.ts'
import { textOf } from './text-of.ts'

interface Scope {
  org: Org
  object: ObjectSpec
}

/** A row's value as it is compared: text in lower case, dates in ms. */
type Comparable = string | number | boolean | null

/**
 * Runs a query over the stored records.
 * @returns one object per row, its fields in the order of SELECT
 * @throws SalesforceError as Salesforce refuses unknown objects and fields
 */
export function runSoql(org: Org, query: SoqlQuery, more: { deleted: boolean; version: string }): RecordBody[] {
  const rows = matchingRows(org, query, more.deleted)
  const object = org.findObject(query.object)
  if (!object || query.fields === null) return rows
  const fields = query.fields.map((path) => expectField({ org, object }, path, 'SELECT'))
  return rows.map((row) => project({ org, object }, row, { fields, version: more.version }))
}

/** The rows a query is about, whole: also what COUNT() counts. */
function matchingRows(org: Org, query: SoqlQuery, deleted: boolean): RecordBody[] {
  const object = org.findObject(query.object)
  if (!object)
    throw refuse(
      'INVALID_TYPE',
      `sObject type '${query.object}' is not supported. If you are attempting to use a custom object, be sure to append the '__c' after the entity name.`,
    )
  const scope = { org, object }
  if (query.where) checkCondition(scope, query.where)
  const order = query.orderBy.map((by) => ({ ...by, field: expectField(scope, by.field, 'ORDER BY') }))
  const rows = candidates(scope, query.where, deleted)
    .filter((row) => deleted || row['IsDeleted'] !== true)
    .filter((row) => query.where === null || holds(scope, query.where, row))
  rows.sort((left, right) => {
    for (const { field, descending, nullsLast } of order) {
      const [a, b] = [valueAt(scope, field, left), valueAt(scope, field, right)]
      if (a === b) continue
      if (a === null || b === null) return (a === null) === nullsLast ? 1 : -1
      return a < b === descending ? 1 : -1
    }
    return 0
  })
  return rows.slice(query.offset, query.limit === null ? undefined : query.offset + query.limit)
}

type Path = { parent: FieldSpec | null; field: FieldSpec }

function findField({ org, object }: Scope, path: string): Path | null {
  const [first = '', second, ...rest] = path.split('.')
  if (second === undefined) {
    const field = fieldOf(object, first)
    return field ? { parent: null, field } : null
  }
  const parent = object.fields.find((field) => field.relationshipName?.toLowerCase() === first.toLowerCase())
  const target = parent?.referenceTo[0] === undefined ? null : org.findObject(parent.referenceTo[0])
  const field = target && rest.length === 0 ? fieldOf(target, second) : undefined
  return parent && field ? { parent, field } : null
}

function expectField(scope: Scope, path: string, where: string): Path {
  const found = findField(scope, path)
  if (found) return found
  throw refuse(
    'INVALID_FIELD',
    `\n${where} ${path}\n^\nERROR at Row:1:Column:1\nNo such column '${path}' on entity '${scope.object.name}'. If you are attempting to use a custom field, be sure to append the '__c' after the custom field name. Please reference your WSDL or the describe call for the appropriate names.`,
  )
}

function checkCondition(scope: Scope, condition: Condition): void {
  if (condition.kind === 'not') return checkCondition(scope, condition.part)
  if (condition.kind !== 'compare') return condition.parts.forEach((part) => checkCondition(scope, part))
  const { field } = expectField(scope, condition.field, 'WHERE')
  if (field.type === 'textarea')
    throw refuse('INVALID_FIELD', `field '${field.name}' can not be filtered in a query call`)
  for (const value of condition.values) checkLiteral(field, value)
}

function checkLiteral(field: FieldSpec, value: Literal): void {
  if (value.kind === 'null') return
  const wanted = literalKind(field)
  if (value.kind === wanted) return
  const quotes = wanted === 'text' ? 'should be enclosed in quotes' : 'should not be enclosed in quotes'
  throw refuse(
    'INVALID_FIELD',
    `value of filter criterion for field '${field.name}' must be of type ${field.type} and ${quotes}`,
  )
}

function literalKind(field: FieldSpec): Literal['kind'] {
  if (field.type === 'boolean') return 'boolean'
  if (field.type === 'int' || field.type === 'currency' || field.type === 'percent') return 'number'
  if (field.type === 'date' || field.type === 'datetime') return field.type
  return 'text'
}

/** Rows by an index where the condition allows it, else all: a query for one key must not read the whole org. */
function candidates({ org, object }: Scope, where: Condition | null, deleted: boolean): RecordBody[] {
  const { store } = org.sandbox
  // Deleted records stand in no index.
  const lookups = where && !deleted ? indexLookups(object, where) : null
  if (!lookups) return store.list(object.name).map(({ body }) => body)
  const found = new Map<string, RecordBody>()
  for (const { field, value } of lookups) {
    const rows =
      field === 'Id' ? [{ id: value, body: store.get(object.name, value) }] : store.find(object.name, field, value)
    for (const { id, body } of rows) if (body) found.set(id, body)
  }
  return [...found.values()].sort((left, right) => (textOf(left['Id']) < textOf(right['Id']) ? -1 : 1))
}

type Lookup = { field: string; value: string }

function indexLookups(object: ObjectSpec, condition: Condition): Lookup[] | null {
  if (condition.kind === 'not') return null
  if (condition.kind === 'and') {
    for (const part of condition.parts) {
      const found = indexLookups(object, part)
      if (found) return found
    }
    return null
  }
  if (condition.kind === 'or') {
    const all = condition.parts.map((part) => indexLookups(object, part))
    return all.every((found) => found !== null) ? all.flat() : null
  }
  if (condition.operator !== '=' && condition.operator !== 'in') return null
  const field = fieldOf(object, condition.field)
  if (!field || !(field.name === 'Id' || object.indexed.includes(field.name))) return null
  return condition.values.every((value) => value.kind === 'text' && value.value !== '')
    ? condition.values.map((value) => ({ field: field.name, value: String(value.value) }))
    : null
}

function holds(scope: Scope, condition: Condition, row: RecordBody): boolean {
  if (condition.kind === 'not') return !holds(scope, condition.part, row)
  if (condition.kind === 'and') return condition.parts.every((part) => holds(scope, part, row))
  if (condition.kind === 'or') return condition.parts.some((part) => holds(scope, part, row))
  const path = expectField(scope, condition.field, 'WHERE')
  const value = valueAt(scope, path, row)
  return compares(value, condition.operator, condition.values.map(comparable))
}

function compares(value: Comparable, operator: Operator, wanted: Comparable[]): boolean {
  const [first = null] = wanted
  if (operator === 'in') return wanted.includes(value)
  if (operator === 'not in') return !wanted.includes(value)
  if (operator === '=') return value === first
  if (operator === '!=') return value !== first
  if (value === null || first === null) return false
  if (operator === 'like') return likePattern(String(first)).test(String(value))
  if (operator === '<') return value < first
  if (operator === '>') return value > first
  return operator === '<=' ? value <= first : value >= first
}

function likePattern(pattern: string): RegExp {
  const source = pattern.replace(/\\[_%]|[\s\S]/g, (piece) => {
    if (piece === '%') return '[\\s\\S]*'
    if (piece === '_') return '[\\s\\S]'
    return piece.slice(-1).replace(/[\\^$.*+?()[\]{}|/-]/g, '\\$&')
  })
  return new RegExp(`^${source}$`, 'i')
}

const comparable = (literal: Literal): Comparable =>
  // Salesforce keeps no empty text: '' asks for what has none.
  literal.kind === 'text' ? (literal.value === '' ? null : literal.value.toLowerCase()) : literal.value

function valueAt(scope: Scope, path: Path, row: RecordBody): Comparable {
  const holder = path.parent ? parentOf(scope, path.parent, row) : row
  const value = holder?.[path.field.name] ?? null
  if (typeof value !== 'string') return typeof value === 'object' ? null : value
  if (path.field.type === 'date' || path.field.type === 'datetime') return Date.parse(value)
  return value.toLowerCase()
}

function parentOf({ org }: Scope, parent: FieldSpec, row: RecordBody): RecordBody | undefined {
  const id = row[parent.name]
  const object = typeof id === 'string' ? objectOfId(id) : undefined
  return object && org.sandbox.store.get(object.name, textOf(id))
}

function project(scope: Scope, row: RecordBody, { fields, version }: { fields: Path[]; version: string }): RecordBody {
  const out: RecordBody = { attributes: attributesOf(scope.object, row, version) }
  for (const { parent, field } of fields) {
    if (!parent) {
      out[field.name] = row[field.name] ?? null
      continue
    }
    const name = parent.relationshipName ?? parent.name
    const holder = parentOf(scope, parent, row)
    const target = scope.org.findObject(parent.referenceTo[0] ?? '')
    const known = out[name]
    const so = typeof known === 'object' && known !== null && !Array.isArray(known) ? known : null
    out[name] =
      holder && target
        ? { ...(so ?? { attributes: attributesOf(target, holder, version) }), [field.name]: holder[field.name] ?? null }
        : null
  }
  return out
}

export const attributesOf = (object: ObjectSpec, row: RecordBody, version: string): Json => ({
  type: object.name,
  url: `/services/data/v${version}/sobjects/${object.name}/${textOf(row['Id'])}`,
})
