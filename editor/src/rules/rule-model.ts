import type { PropertyOp, PropertyRule, Rule } from '../../../engine/model/rule.ts'
import type { Json } from '../../../nodes/manifest.ts'
import type { DataGroup, DataType } from '../document/upstream-data.ts'

/** What a rule can be built from. */
export interface RuleWorld {
  groups: DataGroup[]
  eventNames: string[]
  segments: Array<{ slug: string; name: string }>
  signals: Array<{ slug: string; name: string }>
}

/** A rule as the builder draws it: groups of conditions, and conditions. The rule itself stays the only state. */
export type GroupKind = 'all' | 'any' | 'none'
export interface Group {
  kind: GroupKind
  children: Rule[]
}

/** A rule as a group, or null for a condition. `not` reads as “none of”. */
export function asGroup(rule: Rule): Group | null {
  if ('all' in rule) return { kind: 'all', children: rule.all }
  if ('any' in rule) return { kind: 'any', children: rule.any }
  if (!('not' in rule)) return null
  return { kind: 'none', children: 'any' in rule.not ? rule.not.any : [rule.not] }
}

export function fromGroup({ kind, children }: Group): Rule {
  if (kind === 'all') return { all: children }
  if (kind === 'any') return { any: children }
  return { not: { any: children } }
}

/** What the builder shows at the top: a lone condition stands in a group of one, so that another can be added. */
export const rootGroup = (rule: Rule | undefined): Group =>
  rule === undefined ? { kind: 'all', children: [] } : (asGroup(rule) ?? { kind: 'all', children: [rule] })

export const replaceChild = (group: Group, index: number, child: Rule | null): Group => ({
  ...group,
  children: group.children.flatMap((old, at) => (at !== index ? [old] : child === null ? [] : [child])),
})

export const addChild = (group: Group, child: Rule): Group => ({ ...group, children: [...group.children, child] })

const TEXT: PropertyOp[] = ['eq', 'ne', 'contains', 'notContains', 'startsWith', 'endsWith', 'in', 'notIn']
const NUMBER: PropertyOp[] = ['eq', 'ne', 'gt', 'gte', 'lt', 'lte', 'in', 'notIn']
const BOOLEAN: PropertyOp[] = ['eq', 'ne']
const DATE: PropertyOp[] = ['before', 'after', 'withinLast', 'withinNext']
const LIST: PropertyOp[] = ['contains', 'notContains']
const ANY: PropertyOp[] = ['exists', 'empty']

const BY_TYPE: { [type in DataType]: PropertyOp[] } = {
  text: [...TEXT, ...ANY],
  number: [...NUMBER, ...ANY],
  boolean: [...BOOLEAN, ...ANY],
  date: [...DATE, ...ANY],
  list: [...LIST, ...ANY],
  object: ANY,
  unknown: [...new Set([...TEXT, ...NUMBER, ...DATE, ...ANY])],
}

/** Comparisons that make sense for a type; one in use stays in the list even where it does not. */
export function opsFor(type: DataType, current: PropertyOp): PropertyOp[] {
  const ops = BY_TYPE[type]
  return ops.includes(current) ? ops : [current, ...ops]
}

/** What kind of value a comparison takes. */
export type ValueKind = 'none' | 'text' | 'number' | 'boolean' | 'date' | 'duration' | 'list'

export function valueKindOf(op: PropertyOp, type: DataType): ValueKind {
  if (op === 'exists' || op === 'empty') return 'none'
  if (op === 'in' || op === 'notIn') return 'list'
  if (op === 'before' || op === 'after') return 'date'
  if (op === 'withinLast' || op === 'withinNext') return 'duration'
  if (op === 'gt' || op === 'gte' || op === 'lt' || op === 'lte') return 'number'
  return type === 'number' || type === 'boolean' ? type : 'text'
}

const FITS: { [kind in ValueKind]: (value: Json | undefined) => boolean } = {
  none: (value) => value === undefined,
  text: (value) => typeof value === 'string',
  number: (value) => typeof value === 'number',
  boolean: (value) => typeof value === 'boolean',
  date: (value) => typeof value === 'string' && /^\d{4}-\d\d-\d\d/.test(value),
  duration: (value) => typeof value === 'string' && value.startsWith('P'),
  list: (value) => Array.isArray(value),
}
const START: { [kind in ValueKind]: Json | undefined } = {
  none: undefined,
  text: '',
  number: undefined,
  boolean: true,
  date: undefined,
  duration: 'P7D',
  list: [],
}

/** A condition with another comparison: the value stays where it still fits, else begins anew. */
export function withOp(rule: PropertyRule, op: PropertyOp, type: DataType): PropertyRule {
  const kind = valueKindOf(op, type)
  const value = FITS[kind](rule.value) ? rule.value : START[kind]
  return value === undefined ? { property: rule.property, op } : { property: rule.property, op, value }
}

/** A condition on another property: the comparison stays where its type knows it. */
export function withProperty(rule: PropertyRule, property: string, type: DataType): PropertyRule {
  const ops = BY_TYPE[type]
  const op = ops.includes(rule.op) ? rule.op : (ops[0] ?? 'eq')
  return withOp({ ...rule, property }, op, type)
}

/** A list as it is typed: numbers for a number property, texts otherwise. Null where a part is no number. */
export function listValue(parts: readonly string[], type: DataType): Json[] | null {
  if (type !== 'number') return [...parts]
  const numbers = parts.map(Number)
  return numbers.every(Number.isFinite) ? numbers : null
}

export type ConditionKind = 'property' | 'event' | 'segment' | 'signal'

export const kindOf = (rule: Rule): ConditionKind =>
  'event' in rule ? 'event' : 'segment' in rule ? 'segment' : 'signal' in rule ? 'signal' : 'property'

/** A fresh condition of a kind, as near to complete as can be. */
export function newCondition(kind: ConditionKind): Rule {
  if (kind === 'event') return { event: '', count: { op: 'gte', value: 1 }, within: 'P7D' }
  if (kind === 'segment') return { segment: '', is: 'in' }
  if (kind === 'signal') return { signal: '', is: 'set' }
  return { property: '', op: 'eq', value: '' }
}
