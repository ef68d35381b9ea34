import { problem } from '../problem.ts'
import type { Masks } from './masks.ts'

/** Stands where a value is that the asker may not see. */
export const MASKED = '•••'

type Fields = { [name: string]: unknown }

/** What stands under these is somebody's properties, by their names: `contact.mrr` in the columns of a list. */
const OPEN = new Set(['properties', 'traits', 'data', 'cells', 'values', 'provenance'])
/** What stands under these is text or values that a playbook or rule made of properties. */
const MADE = new Set([
  'input',
  'output',
  'before',
  'actual',
  'note',
  'text',
  'label',
  'message',
  'reason',
  'fault',
  'cause',
  'trigger',
  'facts',
  'data',
  'properties',
  'cells',
  'title',
  'refusal',
  'why',
])
/** Beside the name of a property: what it is, was, or becomes. */
const VALUES = ['value', 'before', 'after', 'actual', 'values', 'sample', 'samples', 'examples']
/** A shorter value is in everything. */
const TELLING_LENGTH = 3

/**
 * An answer as somebody may see it: values of masked properties, wherever they stand by their name, and wherever they
 * were written into something else in the same answer.
 */
export function maskAnswer<T>(answer: T, masks: Masks): T {
  const seen = new Set<string>()
  const masked = byName(answer, { masks, seen, open: false, of: null })
  // The same answer with texts where values were; what is drawn from it shows them as they are.
  return (seen.size === 0 ? masked : byValue(masked, wordsOf(seen), false)) as T
}

interface Place {
  masks: Masks
  /** Values that were masked, as text. */
  seen: Set<string>
  /** Whether the fields of this object are properties. */
  open: boolean
  /** Whose they are, where that is known. */
  of: 'contact' | 'account' | null
}

function byName(value: unknown, place: Place): unknown {
  if (Array.isArray(value)) return value.map((item) => byName(item, place))
  if (!isFields(value)) return value
  const hides = hiddenIn(value, place)
  return Object.fromEntries(
    Object.entries(value).map(([name, field]) => {
      if (hides(name)) return [name, hide(field, place.seen)]
      const of = name === 'contact' || name === 'account' ? name : place.of
      return [name, byName(field, { ...place, open: OPEN.has(name), of })]
    }),
  )
}

/** Which fields of an object are masked. */
function hiddenIn(fields: Fields, { masks, open, of }: Place): (name: string) => boolean {
  const { property, rule } = fields
  if (typeof rule === 'string' && ('actual' in fields || 'children' in fields) && mentions(rule, masks))
    return (name) => name === 'actual' || name === 'note'
  if (typeof property === 'string' && isMasked(property, masks, of)) return (name) => VALUES.includes(name)
  if (fields.kind === 'email' && typeof fields.value === 'string' && masks.contact.has('email'))
    return (name) => name === 'value'
  if (open) return (name) => isMasked(name, masks, of)
  // What every contact and account has beside its properties.
  if ('externalId' in fields || 'label' in fields) {
    const kind =
      fields.kind === 'account' || fields.kind === 'contact' ? fields.kind : 'email' in fields ? 'contact' : of
    return (name) => (name === 'email' || name === 'name') && isMasked(name, masks, kind)
  }
  return () => false
}

/** A structured property is masked with all its parts: `address` hides `contact.address.city`. */
export function isMasked(path: string, masks: Masks, of: 'contact' | 'account' | null): boolean {
  const named = /^(contact|account)\.(.+)$/s.exec(path)
  const holds = (names: ReadonlySet<string>, name: string): boolean =>
    names.has(name) || names.has(name.split('.')[0] ?? '')
  if (named !== null) return holds(masks[named[1] as 'contact' | 'account'], named[2] ?? '')
  return of === null ? holds(masks.contact, path) || holds(masks.account, path) : holds(masks[of], path)
}

const mentions = (text: string, masks: Masks): boolean =>
  [...masks.contact, ...masks.account].some((name) => hasWord(text, name))

function hide(value: unknown, seen: Set<string>): unknown {
  if (value === null || value === undefined) return value
  gather(value, seen)
  return MASKED
}

function gather(value: unknown, seen: Set<string>): void {
  if (typeof value === 'string' || typeof value === 'number') seen.add(String(value))
  else if (Array.isArray(value)) for (const item of value) gather(item, seen)
  else if (isFields(value)) for (const field of Object.values(value)) gather(field, seen)
}

const wordsOf = (seen: Set<string>): string[] => [...seen].filter((value) => value.length >= TELLING_LENGTH)

function byValue(value: unknown, words: string[], made: boolean): unknown {
  if (Array.isArray(value)) return value.map((item) => byValue(item, words, made))
  if (isFields(value))
    return Object.fromEntries(
      Object.entries(value).map(([name, field]) => [name, byValue(field, words, made || MADE.has(name))]),
    )
  if (!made) return value
  if (typeof value === 'number') return words.includes(String(value)) ? MASKED : value
  return typeof value === 'string' && words.some((word) => hasWord(value, word)) ? MASKED : value
}

/** Whole words only: "pro" is not in "product". */
function hasWord(text: string, word: string): boolean {
  for (let at = text.indexOf(word); at !== -1; at = text.indexOf(word, at + 1))
    if (!isLetter(text[at - 1]) && !isLetter(text[at + word.length])) return true
  return false
}

const isLetter = (character: string | undefined): boolean => character !== undefined && /[\p{L}\p{N}_]/u.test(character)

/**
 * Refuses to filter, sort or compute by what the asker may not see: from who is left, or who stands first, the value
 * could be told.
 * @throws ProblemError 403 PROPERTY_MASKED
 */
export function refuseMasked(input: unknown, masks: Masks): void {
  const found = maskedIn(input, masks)
  if (found === null) return
  throw problem(403, 'PROPERTY_MASKED', {
    detail: `The values of “${found}” are masked for you, so nothing can be filtered, sorted or computed by it. Leave it out, or ask an owner.`,
    problems: [{ path: found, message: 'Masked.', code: 'masked' }],
  })
}

const SORTS = new Set(['sort', 'order', 'orderBy', 'by'])
const FORMULAS = new Set(['formula', 'expression'])

function maskedIn(value: unknown, masks: Masks): string | null {
  if (typeof value === 'string') return /^\s*[{[]/.test(value) ? maskedIn(parsed(value), masks) : null
  if (Array.isArray(value)) return first(value, (item) => maskedIn(item, masks))
  if (!isFields(value)) return null
  // What is read of events: elsewhere `of` says which part of a score.
  const ofEvents = ['aggregate', 'trend', 'first', 'last', 'figure'].some((name) => name in value)
  return first(Object.entries(value), ([name, field]) => {
    if (typeof field === 'string' && isNamedBy(name === 'of' && ofEvents ? 'property' : name, field, masks))
      return field
    // Searched for by a part of it, an address can be told letter by letter.
    if (name === 'search' && field !== '' && field !== undefined && hidesNames(masks)) return name
    return maskedIn(field, masks)
  })
}

function isNamedBy(name: string, text: string, masks: Masks): boolean {
  if (name === 'property' || name === 'changed') return isMasked(text, masks, null)
  if (text.includes('{{')) return mentions(text, masks)
  if (SORTS.has(name)) return isMasked(text.replace(/^-|[ :](asc|desc)$/g, ''), masks, null)
  return FORMULAS.has(name) && mentions(text, masks)
}

const hidesNames = ({ contact, account }: Masks): boolean =>
  contact.has('email') || contact.has('name') || account.has('name')

function parsed(text: string): unknown {
  try {
    return JSON.parse(text)
  } catch {
    // No JSON: then it is a text like any other.
    return null
  }
}

function first<T>(items: readonly T[], look: (item: T) => string | null): string | null {
  for (const item of items) {
    const found = look(item)
    if (found !== null) return found
  }
  return null
}

const isFields = (value: unknown): value is Fields =>
  typeof value === 'object' && value !== null && !Array.isArray(value) && !(value instanceof Date)
