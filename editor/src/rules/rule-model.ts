import type { Rule } from '../../../engine/model/rule.ts'
import type { DataGroup, DataType } from '../document/upstream-data.ts'
import type { Json } from '../../../nodes/manifest.ts'

/** Something of the workspace that a rule names by its slug. */
export interface Named {
  slug: string
  name: string
  subject: 'contact' | 'account'
}

export interface NamedScore extends Named {
  bands: string[]
  stages: string[]
}

/** A property that events of a name had lately. */
export interface EventProperty {
  path: string
  type: DataType
  sample: Json
}

/** What a rule can be built from. */
export interface RuleWorld {
  subject: 'contact' | 'account'
  groups: DataGroup[]
  eventNames: string[]
  /** By the name of the event. */
  eventProperties: ReadonlyMap<string, EventProperty[]>
  segments: Named[]
  signals: Named[]
  scores: NamedScore[]
  /** Of the workspace, as an IANA name: what a new calendar window begins with. */
  timeZone: string
  /** What a rule about the subject's contacts, or accounts, can be built from. Null inside of such a rule. */
  related: RuleWorld | null
}

/** A rule as the builder draws it: groups of conditions, and conditions. The rule itself stays the only state. */
export type GroupKind = 'all' | 'any' | 'none'
export interface Group {
  kind: GroupKind
  children: Rule[]
  /** It stands for its one child, or that child's negation, without a group round it. */
  lone?: true
}

/** A rule as a group, or null for a condition. `not` reads as “none of”. */
export function asGroup(rule: Rule): Group | null {
  if ('all' in rule) return { kind: 'all', children: rule.all }
  if ('any' in rule) return { kind: 'any', children: rule.any }
  if (!('not' in rule)) return null
  return 'any' in rule.not
    ? { kind: 'none', children: rule.not.any }
    : { kind: 'none', children: [rule.not], lone: true }
}

export function fromGroup({ kind, children, lone }: Group): Rule {
  const [only] = children
  if (lone === true && only !== undefined && children.length === 1) return kind === 'none' ? { not: only } : only
  if (kind === 'all') return { all: children }
  if (kind === 'any') return { any: children }
  return { not: { any: children } }
}

/** What the builder shows at the top: a lone condition stands in a group of one, so that another can be added. */
export const rootGroup = (rule: Rule | undefined): Group =>
  rule === undefined ? { kind: 'all', children: [] } : (asGroup(rule) ?? { kind: 'all', children: [rule], lone: true })

/** The same children, combined otherwise. */
export const withKind = ({ children }: Group, kind: GroupKind): Group => ({ kind, children })

export function replaceChild(group: Group, index: number, child: Rule | null): Group {
  const children = group.children.flatMap((old, at) => (at !== index ? [old] : child === null ? [] : [child]))
  // `not` over `any` means another thing than `not` over the group that `any` became.
  if (group.lone === true && group.kind === 'none' && child !== null && 'any' in child)
    return { kind: 'none', children }
  return { ...group, children }
}

export const addChild = (group: Group, child: Rule): Group => ({ ...group, children: [...group.children, child] })

/** Where a child of the group stands in its rule, as `checkRule` writes it. */
export function childPath(group: Group, index: number): string {
  if (group.lone === true) return group.kind === 'none' ? 'not' : ''
  return group.kind === 'none' ? `not.any.${index}` : `${group.kind}.${index}`
}

export const joinPath = (a: string, b: string): string => (a === '' || b === '' ? a + b : `${a}.${b}`)
