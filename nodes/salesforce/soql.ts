/**
 * SOQL text from values. Salesforce has no bound parameters on its REST query resource, so every value that enters a
 * statement goes through here. We do not use the SDK's escaping: it leaves the backslash alone, and `\'` then ends the
 * literal it was meant to protect.
 */

/** A name or a piece of SOQL known to be safe as it stands. Made only by `soqlName` and `soql`. */
export class SoqlFragment {
  readonly text: string
  constructor(text: string) {
    this.text = text
  }
}

export type SoqlValue = string | number | boolean | null | Date | SoqlFragment | readonly (string | number)[]

/** Salesforce refuses literals in a WHERE clause beyond this. */
const MAX_LITERAL = 4000

const ESCAPES: { [character: string]: string } = {
  '\\': '\\\\',
  "'": "\\'",
  '"': '\\"',
  '\n': '\\n',
  '\r': '\\r',
  '\t': '\\t',
  '\b': '\\b',
  '\f': '\\f',
}

/**
 * One pass over the text, so that the backslash of an escape is never escaped again: the same as escaping backslashes
 * first and quotes after.
 * @returns the literal with its quotes
 * @throws RangeError for more than 4,000 characters, Salesforce's limit for a literal
 */
export function soqlText(value: string): string {
  if (value.length > MAX_LITERAL)
    throw new RangeError(
      `A SOQL literal of ${value.length} characters exceeds Salesforce's ${MAX_LITERAL}. Search by a shorter value.`,
    )
  return `'${Array.from(value, escapeCharacter).join('')}'`
}

function escapeCharacter(character: string): string {
  const known = ESCAPES[character]
  if (known !== undefined) return known
  const code = character.codePointAt(0) ?? 0
  return code < 32 || code === 127 ? `\\u${code.toString(16).padStart(4, '0')}` : character
}

/**
 * An object or field name, which cannot be quoted in SOQL and therefore must look like one.
 * @throws TypeError for anything but letters, digits, underscores and dots
 */
export function soqlName(name: string): SoqlFragment {
  if (!/^[A-Za-z]\w*(\.[A-Za-z]\w*)*$/.test(name))
    throw new TypeError(`"${name}" is no Salesforce name. Use the API name from Object Manager, e.g. Account.`)
  return new SoqlFragment(name)
}

/**
 * A SOQL statement: names stand in the text, values in the holes. A list becomes `('a', 'b')` for IN.
 * @throws RangeError for a number that is not finite, an empty list, or a literal that is too long
 */
export function soql(parts: TemplateStringsArray, ...values: SoqlValue[]): SoqlFragment {
  const text = parts.reduce((all, part, index) => {
    const value = values[index - 1]
    return index === 0 ? part : `${all}${literal(value ?? null)}${part}`
  }, '')
  return new SoqlFragment(text)
}

function literal(value: SoqlValue): string {
  if (value === null) return 'null'
  if (value instanceof SoqlFragment) return value.text
  if (value instanceof Date) return value.toISOString()
  if (typeof value === 'string') return soqlText(value)
  if (typeof value === 'boolean') return String(value)
  if (typeof value === 'number') return soqlNumber(value)
  if (value.length === 0)
    throw new RangeError('SOQL has no empty list. Leave the query out when there is nothing to ask.')
  return `(${value.map((item) => literal(item)).join(', ')})`
}

function soqlNumber(value: number): string {
  const text = String(value)
  // SOQL has no exponents, and a number written 1e+21 would be refused with a riddle.
  if (!Number.isFinite(value) || text.includes('e')) throw new RangeError(`${value} is no number that SOQL can hold.`)
  return text
}
