import { type Fault, FaultError } from '../../nodes/fault.ts'
import type { Json } from '../../nodes/manifest.ts'
import type { ParsedExpression } from './parse.ts'
import { isTemplate, parseTemplate } from './template.ts'

/** What templates may read. Subjects are flat: `id`, `externalId` and their properties. */
export interface TemplateScope {
  contact: { [name: string]: Json } | null
  account: { [name: string]: Json } | null
  trigger: { [name: string]: Json }
  steps: { [step: string]: Json }
}

/** Vendors refuse far less; what is larger came from a mistake. */
const MOST_CHARACTERS = 256_000

/**
 * Works out the `{{ }}` in an action's input, at any depth. A value that is one expression keeps its type; inside a
 * text numbers and booleans are written out. Nothing is left blank silently: what is missing is a fault that names it.
 * @throws FaultError TEMPLATE_FAILED
 */
export function renderInput(input: { [field: string]: Json }, scope: TemplateScope): { [field: string]: Json } {
  const budget = { left: MOST_CHARACTERS }
  return renderObject(input, { scope, path: '', budget })
}

interface Place {
  scope: TemplateScope
  path: string
  budget: { left: number }
}

function renderObject(value: { [key: string]: Json }, place: Place): { [key: string]: Json } {
  const path = place.path === '' ? '' : `${place.path}.`
  return Object.fromEntries(
    Object.entries(value).map(([key, inner]) => [key, renderValue(inner, { ...place, path: `${path}${key}` })]),
  )
}

function renderValue(value: Json, place: Place): Json {
  if (typeof value === 'string') return isTemplate(value) ? renderText(value, place) : value
  if (value === null || typeof value !== 'object') return value
  if (Array.isArray(value)) return value.map((item, i) => renderValue(item, { ...place, path: `${place.path}.${i}` }))
  return renderObject(value, place)
}

function renderText(text: string, place: Place): Json {
  const parsed = parseTemplate(text)
  if (!parsed.ok) throw failed(place, parsed.message)
  const { parts, whole } = parsed.template
  const [first] = parts
  if (whole && first?.kind === 'expression') {
    const value = evaluate(first.expression, place)
    spend(place, typeof value === 'string' ? value : JSON.stringify(value))
    return value
  }
  return parts.map((part) => (part.kind === 'text' ? part.text : inText(part.expression, place))).join('')
}

function inText(expression: ParsedExpression, place: Place): string {
  const value = evaluate(expression, place)
  if (value === null || typeof value === 'object') {
    const found = value === null ? 'empty (null)' : Array.isArray(value) ? 'a list' : 'an object'
    const hint = Array.isArray(value) ? 'Join it: .join(", ").' : 'Read one of its values, or give a fallback.'
    throw failed(place, `{{ ${expression.source} }} is ${found} and cannot stand in a text. ${hint}`)
  }
  const text = String(value)
  spend(place, text)
  return text
}

function spend(place: Place, text: string): void {
  place.budget.left -= text.length
  if (place.budget.left < 0) throw failed(place, `The values worked out exceed ${MOST_CHARACTERS} characters.`)
}

function evaluate(expression: ParsedExpression, place: Place): Json {
  let value: unknown
  try {
    value = expression.run({ ...place.scope })
  } catch (error) {
    throw failed(place, explain(expression, error, place.scope))
  }
  const json = toJson(value)
  if (json === undefined) throw failed(place, `{{ ${expression.source} }} gives a value that JSON cannot hold.`)
  return json
}

/** Names the path that is missing, since the parser only says the last key. */
function explain(expression: ParsedExpression, error: unknown, scope: TemplateScope): string {
  for (const read of expression.reads) {
    if (read.optional) continue
    const missing = firstMissing([read.root, ...read.path], { ...scope })
    if (missing !== null)
      return (
        `{{ ${expression.source} }}: ${missing} is not there. ` +
        `Fill it, or give a fallback: {{ ${withFallback([read.root, ...read.path])} }}.`
      )
  }
  const first = error instanceof Error ? (error.message.split('\n')[0] ?? '') : String(error)
  return `{{ ${expression.source} }}: ${first}.`
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

function failed(place: Place, message: string): FaultError {
  const fault: Fault = {
    code: 'TEMPLATE_FAILED',
    who: 'user',
    message: `The field ${place.path} could not be filled: ${message}`,
    fix: 'Correct the expression in the playbook, or the data it reads, then retry the run.',
  }
  return new FaultError(fault)
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
