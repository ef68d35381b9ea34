import { type ParsedExpression, parseExpression } from './parse.ts'
import { remembered } from './remembered.ts'

/** A text with `{{ expressions }}`. One that is nothing but a single expression keeps that expression's type. */
export interface Template {
  parts: TemplatePart[]
  /** Whether the whole text is one expression. */
  whole: boolean
}

export type TemplatePart = { kind: 'text'; text: string } | { kind: 'expression'; expression: ParsedExpression }

export type ParsedTemplate = { ok: true; template: Template } | { ok: false; message: string }

/** Long enough for a mail, short enough that parsing stays far below a millisecond. */
const MOST_CHARACTERS = 32_000
const MOST_EXPRESSIONS = 100

export const isTemplate = (text: string): boolean => text.includes('{{')

const REMEMBERED = 4_000

/** Splits a text into what stands there and what is worked out. Expressions may hold braces and quoted `}}`. */
export const parseTemplate = remembered(REMEMBERED, parseNew)

function parseNew(text: string): ParsedTemplate {
  if (text.length > MOST_CHARACTERS)
    return {
      ok: false,
      message: `A text with expressions may have ${MOST_CHARACTERS} characters; this has ${text.length}.`,
    }
  const parts: TemplatePart[] = []
  let at = 0
  for (let open = text.indexOf('{{'); open >= 0; open = text.indexOf('{{', at)) {
    if (open > at) parts.push({ kind: 'text', text: text.slice(at, open) })
    const close = findClose(text, open + 2)
    if (close < 0) return { ok: false, message: `"${shorten(text.slice(open))}" is never closed: end it with }}.` }
    const parsed = parseExpression(text.slice(open + 2, close).trim())
    if (!parsed.ok) return parsed
    parts.push({ kind: 'expression', expression: parsed.expression })
    at = close + 2
  }
  if (at < text.length) parts.push({ kind: 'text', text: text.slice(at) })
  const count = parts.filter((part) => part.kind === 'expression').length
  if (count > MOST_EXPRESSIONS)
    return { ok: false, message: `A text may hold ${MOST_EXPRESSIONS} expressions; this holds ${count}.` }
  return { ok: true, template: { parts, whole: parts.length === 1 && count === 1 } }
}

/** Index of the `}}` that ends an expression begun before `from`, or -1. Quotes and inner braces do not count. */
function findClose(text: string, from: number): number {
  const nearest = text.indexOf('}}', from)
  // Nearly always: nothing in between could hide it.
  if (nearest < 0 || !/["'{]/.test(text.slice(from, nearest))) return nearest
  let depth = 0
  let quote: string | null = null
  for (let i = from; i < text.length; i += 1) {
    const char = text[i]
    if (quote !== null) {
      if (char === '\\') i += 1
      else if (char === quote) quote = null
    } else if (char === '"' || char === "'") quote = char
    else if (char === '{') depth += 1
    else if (char === '}' && depth > 0) depth -= 1
    else if (char === '}' && text[i + 1] === '}') return i
  }
  return -1
}

const shorten = (text: string): string => (text.length > 40 ? `${text.slice(0, 40)}…` : text)
