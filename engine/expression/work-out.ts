import type { Json } from '../../nodes/manifest.ts'
import type { ParsedExpression } from './parse.ts'

export type WorkedOut =
  | { ok: true; value: Json }
  | { ok: false; why: string; missing?: { path: string; fallback: string } }

/**
 * Works an expression out. Nothing that is missing becomes blank silently.
 * @returns its value, or why there is none, as words that go on after the expression: `: contact.name is not there. …`
 */
export function workOut(expression: ParsedExpression<string>, scope: { [name: string]: unknown }): WorkedOut {
  let value: unknown
  try {
    value = expression.run(scope)
  } catch (error) {
    return explain(expression, error, scope)
  }
  const json = toJson(value)
  return json === undefined ? { ok: false, why: ' gives a value that JSON cannot hold.' } : { ok: true, value: json }
}

/** Names the path that is missing, since the parser only says the last key. */
function explain(expression: ParsedExpression<string>, error: unknown, scope: { [name: string]: unknown }): WorkedOut {
  for (const read of expression.reads) {
    if (read.optional) continue
    const missing = firstMissing([read.root, ...read.path], scope)
    if (missing === null) continue
    const fallback = withFallback([read.root, ...read.path])
    const why = `: ${missing} is not there. Fill it, or give a fallback: {{ ${fallback} }}.`
    return { ok: false, why, missing: { path: missing, fallback } }
  }
  const first = error instanceof Error ? (error.message.split('\n')[0] ?? '') : String(error)
  return { ok: false, why: `: ${first}.` }
}

function firstMissing(path: string[], scope: { [name: string]: unknown }): string | null {
  let at: unknown = scope
  for (const [depth, part] of path.entries()) {
    if (at === null || typeof at !== 'object' || !Object.hasOwn(at, part)) return path.slice(0, depth + 1).join('.')
    at = (at as { [key: string]: unknown })[part]
  }
  return null
}

function withFallback(path: string[]): string {
  const [root = 'contact', ...rest] = path
  const keys = rest.map((key, i) => {
    const optional = i === 0 ? '?' : ''
    return /^[A-Za-z_]\w*$/.test(key) ? `.${optional}${key}` : `[${optional}${JSON.stringify(key)}]`
  })
  return `${root}${keys.join('')}.orValue("…")`
}

/** CEL's values as JSON; undefined where there is no faithful form. */
function toJson(value: unknown): Json | undefined {
  if (value === null || typeof value === 'string' || typeof value === 'boolean') return value
  if (typeof value === 'number') return Number.isFinite(value) ? value : undefined
  if (typeof value === 'bigint') return Number.isSafeInteger(Number(value)) ? Number(value) : undefined
  if (value instanceof Date) return Number.isNaN(value.getTime()) ? undefined : value.toISOString()
  if (Array.isArray(value)) {
    const items = value.map(toJson)
    return items.some((item) => item === undefined) ? undefined : items.filter((item) => item !== undefined)
  }
  if (value instanceof Map) return entriesToJson([...value.entries()])
  if (typeof value === 'object' && isPlain(value)) return entriesToJson(Object.entries(value))
  return undefined
}

function isPlain(value: object): boolean {
  const prototype: unknown = Object.getPrototypeOf(value)
  return prototype === Object.prototype || prototype === null
}

function entriesToJson(entries: Array<[unknown, unknown]>): Json | undefined {
  const made: Array<[string, Json]> = []
  for (const [key, value] of entries) {
    const json = toJson(value)
    if (json === undefined) return undefined
    made.push([String(key), json])
  }
  return Object.fromEntries(made)
}
