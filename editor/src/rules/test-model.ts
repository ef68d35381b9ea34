import type { PropertyOp } from '../../../engine/model/rule.ts'
import type { Json } from '../../../nodes/manifest.ts'
import { type DataType, typeOfValue } from '../document/upstream-data.ts'

/** A comparison as rules and filters hold it. */
export interface Test {
  op: PropertyOp
  value?: Json
}

const TEXT: PropertyOp[] = ['eq', 'ne', 'contains', 'notContains', 'startsWith', 'endsWith', 'in', 'notIn']
const NUMBER: PropertyOp[] = ['eq', 'ne', 'gt', 'gte', 'lt', 'lte', 'in', 'notIn']
const BOOLEAN: PropertyOp[] = ['eq', 'ne']
const DATE: PropertyOp[] = [
  'before',
  'after',
  'withinLast',
  'withinNext',
  'moreThanAgo',
  'moreThanAhead',
  'withinPeriod',
]
const LIST: PropertyOp[] = ['contains', 'notContains', 'containsAny', 'containsAll', 'notContainsAny']
const ANY: PropertyOp[] = ['exists', 'empty']

const BY_TYPE: { [type in DataType]: PropertyOp[] } = {
  text: [...TEXT, 'containsAny', 'containsAll', 'notContainsAny', ...ANY],
  number: [...NUMBER, ...ANY],
  boolean: [...BOOLEAN, ...ANY],
  date: [...DATE, ...ANY],
  list: [...LIST, ...ANY],
  object: ANY,
  unknown: [...new Set([...TEXT, ...NUMBER, ...DATE, ...LIST, ...ANY])],
}

/** Comparisons that make sense for a type, of those there are; one in use stays in the list even where it does not. */
export function opsFor(type: DataType, current: PropertyOp, allowed?: readonly PropertyOp[]): PropertyOp[] {
  const ops = allowed ?? BY_TYPE[type]
  return ops.includes(current) ? [...ops] : [current, ...ops]
}

/** What kind of value a comparison takes. */
export type ValueKind = 'none' | 'text' | 'number' | 'boolean' | 'time' | 'duration' | 'list' | 'period' | 'json'

const KIND_OF: { [op in PropertyOp]: ValueKind | null } = {
  exists: 'none',
  empty: 'none',
  in: 'list',
  notIn: 'list',
  containsAny: 'list',
  containsAll: 'list',
  notContainsAny: 'list',
  before: 'time',
  after: 'time',
  withinLast: 'duration',
  withinNext: 'duration',
  moreThanAgo: 'duration',
  moreThanAhead: 'duration',
  withinPeriod: 'period',
  gt: 'number',
  gte: 'number',
  lt: 'number',
  lte: 'number',
  startsWith: 'text',
  endsWith: 'text',
  // With a value of any type: nothing is converted, so that the type is part of the question.
  eq: null,
  ne: null,
  contains: null,
  notContains: null,
}

/** Whether the value's type is part of the question. */
export const takesAnyType = (op: PropertyOp): boolean => KIND_OF[op] === null

/** @param value what stands there now: its own type counts before the property's */
export function valueKindOf(op: PropertyOp, type: DataType, value?: Json): ValueKind {
  const fixed = KIND_OF[op]
  if (fixed !== null) return fixed
  if (value !== undefined) return kindOfValue(value)
  return type === 'number' || type === 'boolean' ? type : 'text'
}

function kindOfValue(value: Json): ValueKind {
  const type = typeOfValue(value)
  if (type === 'date') return 'text'
  return type === 'text' || type === 'number' || type === 'boolean' ? type : 'json'
}

const FITS: { [kind in ValueKind]: (value: Json) => boolean } = {
  none: () => false,
  text: (value) => typeof value === 'string',
  number: (value) => typeof value === 'number',
  boolean: (value) => typeof value === 'boolean',
  time: (value) => typeof value === 'string' && (value === 'now' || /^\d{4}-\d\d-\d\d/.test(value)),
  duration: (value) => typeof value === 'string' && value.startsWith('P'),
  list: (value) => Array.isArray(value),
  period: (value) => value !== null && typeof value === 'object' && 'calendar' in value,
  json: () => true,
}

const start = (kind: ValueKind, zone: string): Json | undefined =>
  ({
    none: undefined,
    text: '',
    number: undefined,
    boolean: true,
    time: undefined,
    duration: 'P7D',
    list: [],
    period: { calendar: 'month', zone },
    json: null,
  })[kind]

/** The rule or filter with another value; undefined leaves it out. */
export function withValue<T extends Test>(test: T, value: Json | undefined): T {
  if (value !== undefined) return { ...test, value }
  const { value: _, ...bare } = test
  // Without its value it is one that is not complete yet: `checkRule` says so.
  return bare as T
}

/** With another comparison: the value stays where it still fits, else begins anew. @param of the property's type, and the zone of periods */
export function withOp<T extends Test>(test: T, op: PropertyOp, of: { type: DataType; zone: string }): T {
  const { value } = test
  const kind = valueKindOf(op, of.type)
  const fits = value !== undefined && ((takesAnyType(op) && takesAnyType(test.op)) || FITS[kind](value))
  return withValue({ ...test, op }, fits ? value : start(kind, of.zone))
}

/** Of another type now: the comparison stays where the type knows it, the value where it is of that type. */
export function withType<T extends Test>(test: T, of: { type: DataType; zone: string }): T {
  const ops = BY_TYPE[of.type]
  const op = ops.includes(test.op) ? test.op : (ops[0] ?? 'eq')
  const { value } = test
  const kind = valueKindOf(op, of.type)
  const keep = value !== undefined && (of.type === 'unknown' ? op === test.op : FITS[kind](value))
  return withValue({ ...test, op }, keep ? value : start(kind, of.zone))
}

/** The types a value of a free comparison can be written in. */
export type WrittenType = 'text' | 'number' | 'boolean' | 'json'

/** The value in another type where its words say one, else a fresh one. */
export function valueAs(type: WrittenType, value: Json | undefined): Json | undefined {
  const words = typeof value === 'string' ? value : value === undefined ? '' : JSON.stringify(value)
  if (type === 'text') return words
  if (type === 'boolean') return words !== 'false'
  if (type === 'json') return value ?? null
  return words.trim() !== '' && Number.isFinite(Number(words)) ? Number(words) : undefined
}

/** An item of a list as it is shown: as plain as its type allows. */
function itemWords(item: Json, type: DataType): string {
  if (typeof item !== 'string') return JSON.stringify(item)
  return type !== 'text' && scalarOf(item) !== undefined ? JSON.stringify(item) : item
}

export const listWords = (list: readonly Json[], type: DataType): string[] => list.map((item) => itemWords(item, type))

/** What is no text when it stands by itself, or stands in quotes: `5`, `true`, `null`, `"5"`. */
function scalarOf(words: string): Json | undefined {
  if (/^(true|false|null|-?\d+(\.\d+)?([eE][+-]?\d+)?|".*")$/.test(words.trim()))
    try {
      return JSON.parse(words) as Json
    } catch (error) {
      if (!(error instanceof SyntaxError)) throw error
    }
  return undefined
}

/**
 * A list as it is typed. What was in it before stays what it is; what is new is of the property's type, where that is
 * not known a number where it reads as one (in quotes it stays text). Null where a part is no number and must be one.
 */
export function listValue(parts: readonly string[], type: DataType, before: readonly Json[] = []): Json[] | null {
  const left = before.map((item) => ({ words: itemWords(item, type), item }))
  const list: Json[] = []
  for (const part of parts) {
    const at = left.findIndex(({ words }) => words === part)
    const [known] = at < 0 ? [] : left.splice(at, 1)
    const item = known === undefined ? newItem(part, type) : known.item
    if (item === undefined) return null
    list.push(item)
  }
  return list
}

function newItem(part: string, type: DataType): Json | undefined {
  if (type === 'text' || type === 'date') return part
  if (type !== 'number') return scalarOf(part) ?? part
  return part.trim() !== '' && Number.isFinite(Number(part)) ? Number(part) : undefined
}
