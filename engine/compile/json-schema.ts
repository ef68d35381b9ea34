import type { Json, JsonSchema } from '../../nodes/manifest.ts'
import { isTemplate } from '../expression/template.ts'
import type { ValueType } from '../expression/type-of.ts'
import { sameJson } from '../model/path.ts'

/**
 * The part of JSON Schema that the manifest uses, checked by hand: a generated validator would need `eval`, which the
 * editor's content security policy forbids.
 */
export interface SchemaIssue {
  path: string[]
  message: string
}

/** A text with `{{ }}` where it stands, and the schema its value has to meet. */
export interface TemplateUse {
  path: string[]
  text: string
  schema: JsonSchema
}

export interface Checked {
  issues: SchemaIssue[]
  templates: TemplateUse[]
}

/** @param templates whether texts may hold `{{ }}`; those are handed back rather than checked */
export function checkValue(schema: JsonSchema, value: Json, templates: boolean): Checked {
  const checked: Checked = { issues: [], templates: [] }
  check(schema, value, { path: [], templates, checked })
  return checked
}

interface Place {
  path: string[]
  templates: boolean
  checked: Checked
}

function check(schema: JsonSchema, value: Json, place: Place): void {
  if (typeof value === 'string' && place.templates && isTemplate(value)) {
    place.checked.templates.push({ path: place.path, text: value, schema })
    return
  }
  const variants = variantsOf(schema)
  if (variants) return checkVariants(variants, value, place)
  const types = typesOf(schema)
  if (types !== null && !types.some((type) => isOfType(value, type)))
    return say(place, `must be ${types.map((type) => TYPE_WORDS[type] ?? type).join(' or ')}, not ${kindOf(value)}`)
  if ('const' in schema && !sameJson(value, schema.const ?? null))
    return say(place, `must be ${JSON.stringify(schema.const)}`)
  if (Array.isArray(schema.enum) && !schema.enum.some((option) => sameJson(option, value)))
    return say(place, `must be one of ${schema.enum.map(String).join(', ')}`)
  if (typeof value === 'string') return checkText(schema, value, place)
  if (typeof value === 'number') return checkNumber(schema, value, place)
  if (Array.isArray(value)) return checkList(schema, value, place)
  if (value !== null && typeof value === 'object') checkObject(schema, value, place)
}

function variantsOf(schema: JsonSchema): JsonSchema[] | null {
  const variants = schema.anyOf ?? schema.oneOf
  return Array.isArray(variants) ? variants.filter(isSchema) : null
}

function checkVariants(variants: JsonSchema[], value: Json, place: Place): void {
  let nearest: Checked | null = null
  for (const variant of variants) {
    const checked: Checked = { issues: [], templates: [] }
    check(variant, value, { ...place, checked })
    if (nearest === null || checked.issues.length < nearest.issues.length) nearest = checked
    if (checked.issues.length === 0) break
  }
  if (nearest === null) return
  place.checked.issues.push(...nearest.issues)
  place.checked.templates.push(...nearest.templates)
}

function checkText(schema: JsonSchema, value: string, place: Place): void {
  const { minLength, maxLength, pattern, format } = schema
  if (typeof minLength === 'number' && value.length < minLength)
    say(place, minLength === 1 ? 'must not be empty' : `must have at least ${minLength} characters`)
  else if (typeof maxLength === 'number' && value.length > maxLength)
    say(place, `may have ${maxLength} characters, not ${value.length}`)
  else if (typeof pattern === 'string' && !patternOf(pattern).test(value))
    say(place, 'does not have the form asked for')
  else if (format === 'date-time' && Number.isNaN(Date.parse(value))) say(place, 'must be a date-time')
}

const patterns = new Map<string, RegExp>()
function patternOf(source: string): RegExp {
  const known = patterns.get(source)
  if (known) return known
  const made = new RegExp(source, 'u')
  patterns.set(source, made)
  return made
}

function checkNumber(schema: JsonSchema, value: number, place: Place): void {
  const { minimum, maximum, exclusiveMinimum, exclusiveMaximum, multipleOf } = schema
  if (typeof minimum === 'number' && value < minimum) say(place, `must be at least ${minimum}`)
  else if (typeof maximum === 'number' && value > maximum) say(place, `must be at most ${maximum}`)
  else if (typeof exclusiveMinimum === 'number' && value <= exclusiveMinimum)
    say(place, `must be more than ${exclusiveMinimum}`)
  else if (typeof exclusiveMaximum === 'number' && value >= exclusiveMaximum)
    say(place, `must be less than ${exclusiveMaximum}`)
  else if (typeof multipleOf === 'number' && !isMultiple(value, multipleOf))
    say(place, `must be a multiple of ${multipleOf}`)
}

/** 0.07 is 7.000000000000001 times 0.01: what binary fractions add is forgiven. */
const isMultiple = (value: number, of: number): boolean => {
  const times = value / of
  return Math.abs(times - Math.round(times)) < 1e-6
}

function checkList(schema: JsonSchema, value: Json[], place: Place): void {
  const { minItems, maxItems, items } = schema
  if (typeof minItems === 'number' && value.length < minItems) say(place, `must have at least ${minItems} items`)
  if (typeof maxItems === 'number' && value.length > maxItems) say(place, `may have ${maxItems} items`)
  for (const [i, item] of value.entries()) check(isSchema(items) ? items : {}, item, inside(place, String(i)))
}

function checkObject(schema: JsonSchema, value: { [key: string]: Json }, place: Place): void {
  const properties = isSchema(schema.properties) ? schema.properties : {}
  for (const name of Array.isArray(schema.required) ? schema.required : [])
    if (typeof name === 'string' && !Object.hasOwn(value, name)) say(inside(place, name), 'is missing')
  for (const [name, inner] of Object.entries(value)) {
    const known = Object.hasOwn(properties, name) ? properties[name] : undefined
    if (known === undefined && schema.additionalProperties === false) {
      say(inside(place, name), `is unknown here; known: ${Object.keys(properties).join(', ') || 'none'}`)
      continue
    }
    const names = schema.propertyNames
    if (isSchema(names)) check(names, name, { ...inside(place, name), templates: false })
    const open = isSchema(schema.additionalProperties) ? schema.additionalProperties : {}
    check(isSchema(known) ? known : open, inner, inside(place, name))
  }
}

/** What a path of a schema leads to. `open`: the schema does not say, so anything may be there. */
export type Found = { kind: 'schema'; schema: JsonSchema } | { kind: 'open' } | { kind: 'missing'; known: string[] }

export function schemaAt(schema: JsonSchema, path: readonly string[]): Found {
  const [name, ...rest] = path
  if (name === undefined) return { kind: 'schema', schema }
  if (variantsOf(schema)) return { kind: 'open' }
  const types = typesOf(schema)
  if (types === null) return { kind: 'open' }
  if (types.includes('array')) {
    if (!/^\d+$/.test(name)) return { kind: 'missing', known: ['0', '1', '…'] }
    return isSchema(schema.items) ? schemaAt(schema.items, rest) : { kind: 'open' }
  }
  if (!types.includes('object')) return { kind: 'missing', known: [] }
  const properties = isSchema(schema.properties) ? schema.properties : {}
  const known = Object.hasOwn(properties, name) ? properties[name] : undefined
  if (isSchema(known)) return schemaAt(known, rest)
  if (schema.additionalProperties === false) return { kind: 'missing', known: Object.keys(properties) }
  return isSchema(schema.additionalProperties) ? schemaAt(schema.additionalProperties, rest) : { kind: 'open' }
}

/** The type of values of a schema, as far as it is one. */
export function typeOfSchema(schema: JsonSchema): ValueType {
  const types = typesOf(schema)
  const [type] = types ?? []
  return types?.length === 1 && type !== undefined ? (VALUE_TYPES[type] ?? 'unknown') : 'unknown'
}

/** Whether a value of that type can meet the schema. What is not known may. */
export function takes(schema: JsonSchema, type: ValueType): boolean {
  if (type === 'unknown') return true
  const variants = variantsOf(schema)
  if (variants) return variants.some((variant) => takes(variant, type))
  const types = typesOf(schema)
  // A time is written out as ISO text.
  return types === null || types.some((name) => VALUE_TYPES[name] === (type === 'time' ? 'string' : type))
}

/** `a number`, `a text or null`: what the schema takes, for messages. */
export function wordsOf(schema: JsonSchema): string {
  const variants = variantsOf(schema)
  if (variants) return variants.map(wordsOf).join(' or ')
  return (typesOf(schema) ?? []).map((type) => TYPE_WORDS[type] ?? type).join(' or ') || 'any value'
}

function typesOf(schema: JsonSchema): string[] | null {
  const { type } = schema
  if (typeof type === 'string') return [type]
  return Array.isArray(type) ? type.filter((name) => typeof name === 'string') : null
}

const VALUE_TYPES: { [type: string]: ValueType | undefined } = {
  string: 'string',
  number: 'number',
  integer: 'number',
  boolean: 'boolean',
  array: 'list',
  object: 'object',
  null: 'null',
}

const TYPE_WORDS: { [type: string]: string | undefined } = {
  string: 'a text',
  number: 'a number',
  integer: 'a whole number',
  boolean: 'true or false',
  array: 'a list',
  object: 'an object',
  null: 'null',
}

function isOfType(value: Json, type: string): boolean {
  if (type === 'integer') return typeof value === 'number' && Number.isInteger(value)
  if (type === 'number') return typeof value === 'number' && Number.isFinite(value)
  return typeOfValue(value) === type
}

function typeOfValue(value: Json): string {
  if (value === null) return 'null'
  return Array.isArray(value) ? 'array' : typeof value
}

const kindOf = (value: Json): string => TYPE_WORDS[typeOfValue(value)] ?? 'something else'
export const isSchema = (value: Json | undefined): value is JsonSchema =>
  value !== null && typeof value === 'object' && !Array.isArray(value)
const inside = (place: Place, name: string): Place => ({ ...place, path: [...place.path, name] })
const say = ({ path, checked }: Place, message: string): void => {
  checked.issues.push({ path, message })
}
