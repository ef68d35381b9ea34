import type { Json } from '../../manifest.ts'
import type { RecordBody } from '../../sandbox/store.ts'
import { isObject } from './values.ts'
import { badParameter, VendorError } from './vendor-error.ts'

const OPERATORS = new Set(['=', '!=', 'IN', 'NIN', '>', '<', '>=', '<=', '~', '!~', '^', '$'])
const DAY = 86_400
const MOST_FILTERS = 15
const MOST_LEVELS = 2

type Filter = { field: string; operator: string; value: Json }
type Query = Filter | { operator: 'AND' | 'OR'; value: Query[] }

export interface SearchFields {
  /** Fields one may search by; `custom_attributes.x` is always allowed. */
  known: Set<string>
  /** Times in seconds. */
  dates: Set<string>
  /** Contacts: dates match whole days (UTC here); conversations: seconds. */
  wholeDays: boolean
  read(record: RecordBody, field: string): Json | undefined
}

/** Compiles Intercom's query object to a predicate. @throws VendorError 400 in Intercom's words */
export function predicate(query: Json | undefined, fields: SearchFields): (record: RecordBody) => boolean {
  const checked = check(query, { fields, level: 1 })
  return (record) => matches(checked, record, fields)
}

/** The value of a plain `field = value` query, so that a look-up by key needs no scan. */
export function equalityOf(query: Json | undefined, field: string): string | undefined {
  if (!isObject(query) || query.field !== field || query.operator !== '=') return undefined
  return typeof query.value === 'string' ? query.value : undefined
}

/** Sorts as the body's `sort` asks; newest first by default. @throws VendorError 400 invalid_sort_order */
export function sorted(records: RecordBody[], sort: Json | undefined): RecordBody[] {
  const { field = 'created_at', order = 'descending' } = isObject(sort) ? sort : {}
  if (order !== 'ascending' && order !== 'descending')
    throw new VendorError(400, 'invalid_sort_order', { message: 'Sort order must be ascending or descending' })
  const sign = order === 'ascending' ? 1 : -1
  return records.toSorted((a, b) => sign * compare(a[String(field)] ?? null, b[String(field)] ?? null))
}

function check(query: Json | undefined, { fields, level }: { fields: SearchFields; level: number }): Query {
  if (!isObject(query)) throw badParameter('query must be an object')
  const { operator, value, field } = query
  if (operator === 'AND' || operator === 'OR') {
    if (level > MOST_LEVELS) throw badParameter('Queries can be nested 2 levels deep at most')
    if (!Array.isArray(value)) throw badParameter('value must be an array of filters')
    if (value.length > MOST_FILTERS) throw badParameter('A group can have 15 filters at most')
    return { operator, value: value.map((inner) => check(inner, { fields, level: level + 1 })) }
  }
  if (typeof field !== 'string' || !(fields.known.has(field) || field.startsWith('custom_attributes.')))
    throw badParameter(`Invalid field: ${String(field)}`)
  if (typeof operator !== 'string' || !OPERATORS.has(operator))
    throw badParameter(`Invalid operator: ${String(operator)}`)
  if (field === 'tag_id' && operator !== '=' && operator !== '!=') throw badParameter(`Invalid operator for ${field}`)
  if (fields.wholeDays && fields.dates.has(field) && !['=', '>', '<'].includes(operator))
    throw badParameter(`Invalid operator for ${field}`)
  if ((operator === 'IN' || operator === 'NIN') && !Array.isArray(value))
    throw badParameter(`${operator} needs an array of values`)
  return { field, operator, value: value ?? null }
}

function matches(query: Query, record: RecordBody, fields: SearchFields): boolean {
  if (!('field' in query))
    return query.operator === 'AND'
      ? query.value.every((inner) => matches(inner, record, fields))
      : query.value.some((inner) => matches(inner, record, fields))
  const actual = fields.read(record, query.field) ?? null
  if (fields.wholeDays && fields.dates.has(query.field)) return matchesDay(actual, query)
  return test(actual, query)
}

function matchesDay(actual: Json, { operator, value }: Filter): boolean {
  if (typeof actual !== 'number') return false
  const day = Math.floor(actual / DAY)
  const wanted = Math.floor(Number(value) / DAY)
  if (operator === '=') return day === wanted
  return operator === '>' ? day > wanted : day < wanted
}

function test(actual: Json, { operator, value }: Filter): boolean {
  const any = Array.isArray(actual) ? actual : [actual]
  switch (operator) {
    case '=':
      return any.some((one) => same(one, value))
    case '!=':
      return !any.some((one) => same(one, value))
    case 'IN':
      return (value as Json[]).some((wanted) => any.some((one) => same(one, wanted)))
    case 'NIN':
      return !(value as Json[]).some((wanted) => any.some((one) => same(one, wanted)))
    case '~':
      return lower(actual).includes(lower(value))
    case '!~':
      return !lower(actual).includes(lower(value))
    case '^':
      return lower(actual).startsWith(lower(value))
    case '$':
      return lower(actual).endsWith(lower(value))
    case '>':
      return actual !== null && compare(actual, value) > 0
    case '<':
      return actual !== null && compare(actual, value) < 0
    case '>=':
      return actual !== null && compare(actual, value) >= 0
    default:
      return actual !== null && compare(actual, value) <= 0
  }
}

const lower = (value: Json): string => (value === null ? '' : String(value).toLowerCase())
const same = (a: Json, b: Json): boolean => a === b || (a !== null && b !== null && lower(a) === lower(b))

function compare(a: Json, b: Json): number {
  const [x, y] = [Number(a), Number(b)]
  if (Number.isFinite(x) && Number.isFinite(y)) return x - y
  return lower(a) < lower(b) ? -1 : Number(lower(a) > lower(b))
}
