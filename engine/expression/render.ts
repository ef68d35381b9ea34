import { type Fault, FaultError } from '../../nodes/fault.ts'
import type { Json } from '../../nodes/manifest.ts'
import type { ParsedExpression } from './parse.ts'
import { isTemplate, parseTemplate } from './template.ts'
import { workOut } from './work-out.ts'

/** What templates may read. Subjects are flat: `id`, `externalId` and their properties. */
export interface TemplateScope {
  contact: { [name: string]: Json } | null
  account: { [name: string]: Json } | null
  trigger: { [name: string]: Json }
  steps: { [step: string]: Json }
  vars?: { [name: string]: Json }
  /** Within a list: the item. */
  item?: Json
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
  const worked = workOut(expression, { vars: {}, item: null, ...place.scope })
  if (!worked.ok) throw failed(place, `{{ ${expression.source} }}${worked.why}`)
  return worked.value
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
