import type { Json } from '../../nodes/manifest.ts'
import type { SubjectFacts } from './rule.ts'

/** Among what is read: the time zone of the workspace. No rule or template can name it. */
export const WORKSPACE_ZONE = 'workspace.timeZone'

/** Where a path of a rule begins. */
export const ROOTS = ['contact', 'account', 'trigger', 'steps', 'vars', 'item'] as const
export type Root = (typeof ROOTS)[number]

export type ParsedPath =
  | { root: 'contact' | 'account'; name: string }
  | { root: 'trigger'; path: string[] }
  | { root: 'vars'; path: string[] }
  | { root: 'item'; path: string[] }
  | { root: 'steps'; step: string; path: string[] }

/** `contact.mrr`, `trigger.properties.plan`, `steps.tag.id`, `vars.discount`, `item.sku`, `item`. @returns null where it is no such path */
export function parsePath(text: string): ParsedPath | null {
  const [root, ...rest] = text.split('.')
  if (rest.some((part) => part === '')) return null
  // A list may hold plain values: the item itself is meant.
  if (root === 'item') return { root, path: rest }
  if (rest.length === 0) return null
  if (root === 'contact' || root === 'account') return { root, name: rest.join('.') }
  if (root === 'trigger' || root === 'vars') return { root, path: rest }
  const step = rest[0]
  if (root !== 'steps' || step === undefined) return null
  return { root, step, path: rest.slice(1) }
}

/** Own properties only, so that no path reaches a prototype. Numbers index arrays. */
export function readPath(value: Json | undefined, path: readonly string[]): Json | undefined {
  let at: Json | undefined = value
  for (const part of path) {
    if (at === null || typeof at !== 'object') return undefined
    if (!Object.hasOwn(at, part)) return undefined
    at = Array.isArray(at) ? (/^\d+$/.test(part) ? at[Number(part)] : undefined) : at[part]
  }
  return at
}

/** Fields of a subject that are not properties. */
export const SUBJECT_FIELDS = ['id', 'externalId'] as const

/** A property by its exact name, else as a path into a structured property. */
export function readProperty(subject: SubjectFacts | null, name: string): Json | undefined {
  if (subject === null) return undefined
  if (name === 'id') return subject.id
  if (name === 'externalId') return subject.externalId
  if (Object.hasOwn(subject.properties, name)) return subject.properties[name]
  return name.includes('.') ? readPath(subject.properties, name.split('.')) : undefined
}

/** Deep equality of JSON without coercion; the order of keys does not matter. */
export function sameJson(a: Json, b: Json): boolean {
  if (a === b) return true
  if (a === null || b === null || typeof a !== 'object' || typeof b !== 'object') return false
  if (Array.isArray(a) || Array.isArray(b)) {
    if (!Array.isArray(a) || !Array.isArray(b) || a.length !== b.length) return false
    return a.every((item, i) => sameJson(item, b[i] ?? null))
  }
  const keys = Object.keys(a)
  if (keys.length !== Object.keys(b).length) return false
  return keys.every((key) => Object.hasOwn(b, key) && sameJson(a[key] ?? null, b[key] ?? null))
}
