import { refuse } from './errors.ts'

/** What the stand-in understands of SOQL: one object, parent fields one step up, no aggregates but COUNT(). */
export interface SoqlQuery {
  /** Field paths as written; `null` for COUNT(). */
  fields: string[] | null
  object: string
  where: Condition | null
  orderBy: Array<{ field: string; descending: boolean; nullsLast: boolean }>
  limit: number | null
  offset: number
}

export type Condition =
  | { kind: 'and'; parts: Condition[] }
  | { kind: 'or'; parts: Condition[] }
  | { kind: 'not'; part: Condition }
  | { kind: 'compare'; field: string; operator: Operator; values: Literal[] }

export type Operator = '=' | '!=' | '<' | '>' | '<=' | '>=' | 'like' | 'in' | 'not in'

export type Literal =
  | { kind: 'text'; value: string }
  | { kind: 'number'; value: number }
  | { kind: 'boolean'; value: boolean }
  | { kind: 'null'; value: null }
  /** Both in ms since 1970. */
  | { kind: 'date' | 'datetime'; value: number }

type Token = { kind: 'text' | 'word' | 'sign' | 'literal'; text: string; at: number; literal?: Literal }

const MAX_STATEMENT = 100_000
const MAX_LITERAL = 4_000
const PATTERNS: Array<{ kind: Token['kind'] | 'space' | 'datetime' | 'date' | 'number'; pattern: RegExp }> = [
  { kind: 'space', pattern: /\s+/y },
  { kind: 'text', pattern: /'(?:[^'\\]|\\.)*'/sy },
  { kind: 'datetime', pattern: /\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(?:\.\d+)?(?:Z|[+-]\d\d:?\d\d)/y },
  { kind: 'date', pattern: /\d{4}-\d\d-\d\d(?![\dT])/y },
  { kind: 'number', pattern: /-?\d+(?:\.\d+)?(?![\w.])/y },
  { kind: 'word', pattern: /[A-Za-z][\w.]*/y },
  { kind: 'sign', pattern: /<=|>=|!=|<>|[=<>(),]/y },
]

/** @throws SalesforceError MALFORMED_QUERY */
export function parseSoql(statement: string): SoqlQuery {
  if (statement.length > MAX_STATEMENT)
    throw refuse('MALFORMED_QUERY', 'SOQL statements cannot be longer than 100000 characters.')
  return new Parser(statement).query()
}

class Parser {
  readonly #statement: string
  readonly #tokens: Token[]
  #next = 0

  constructor(statement: string) {
    this.#statement = statement
    this.#tokens = tokens(statement)
  }

  query(): SoqlQuery {
    this.#keyword('SELECT')
    const fields = this.#selected()
    this.#keyword('FROM')
    const object = this.#name()
    const where = this.#isKeyword('WHERE') ? this.#condition() : null
    const orderBy = this.#isKeyword('ORDER') ? this.#order() : []
    const limit = this.#isKeyword('LIMIT') ? this.#whole() : null
    const offset = this.#isKeyword('OFFSET') ? this.#whole() : 0
    if (offset > 2_000) throw refuse('NUMBER_OUTSIDE_VALID_RANGE', 'Maximum SOQL offset allowed is 2000')
    const rest = this.#peek()
    if (rest) throw this.#unexpected(rest)
    return { fields, object, where, orderBy, limit, offset }
  }

  #selected(): string[] | null {
    const first = this.#name()
    if (first.toUpperCase() === 'COUNT' && this.#isSign('(')) {
      this.#sign(')')
      return null
    }
    const fields = [first]
    while (this.#isSign(',')) fields.push(this.#name())
    return fields
  }

  /** AND and OR may not stand side by side without parentheses: Salesforce refuses that too. */
  #condition(): Condition {
    const first = this.#operand()
    for (const kind of ['and', 'or'] as const) {
      const parts = [first]
      while (this.#isKeyword(kind.toUpperCase())) parts.push(this.#operand())
      if (parts.length > 1) return { kind, parts }
    }
    return first
  }

  #operand(): Condition {
    if (this.#isKeyword('NOT')) return { kind: 'not', part: this.#operand() }
    if (!this.#isSign('(')) return this.#comparison()
    const inner = this.#condition()
    this.#sign(')')
    return inner
  }

  #comparison(): Condition {
    const field = this.#name()
    if (this.#isKeyword('LIKE')) return { kind: 'compare', field, operator: 'like', values: [this.#literal()] }
    if (this.#isKeyword('IN')) return { kind: 'compare', field, operator: 'in', values: this.#list() }
    if (this.#isKeyword('NOT')) {
      this.#keyword('IN')
      return { kind: 'compare', field, operator: 'not in', values: this.#list() }
    }
    const sign = this.#take()
    const operator = sign.text === '<>' ? '!=' : sign.text
    if (sign.kind !== 'sign' || !isOrdering(operator)) throw this.#unexpected(sign)
    return { kind: 'compare', field, operator, values: [this.#literal()] }
  }

  #list(): Literal[] {
    this.#sign('(')
    const values = [this.#literal()]
    while (this.#isSign(',')) values.push(this.#literal())
    this.#sign(')')
    return values
  }

  #order(): SoqlQuery['orderBy'] {
    this.#keyword('BY')
    const order: SoqlQuery['orderBy'] = []
    do {
      const field = this.#name()
      const descending = this.#isKeyword('DESC')
      if (!descending) this.#isKeyword('ASC')
      const nulls = this.#isKeyword('NULLS')
      const nullsLast = nulls && this.#isKeyword('LAST')
      if (nulls && !nullsLast) this.#keyword('FIRST')
      order.push({ field, descending, nullsLast })
    } while (this.#isSign(','))
    return order
  }

  #literal(): Literal {
    const token = this.#take()
    if (token.literal) return token.literal
    const word = token.kind === 'word' ? token.text.toLowerCase() : ''
    if (word === 'null') return { kind: 'null', value: null }
    if (word === 'true' || word === 'false') return { kind: 'boolean', value: word === 'true' }
    throw this.#unexpected(token)
  }

  #whole(): number {
    const token = this.#take()
    if (token.literal?.kind !== 'number' || !Number.isInteger(token.literal.value) || token.literal.value < 0)
      throw this.#unexpected(token)
    return token.literal.value
  }

  #name(): string {
    const token = this.#take()
    if (token.kind !== 'word') throw this.#unexpected(token)
    return token.text
  }

  #keyword(word: string): void {
    const token = this.#take()
    if (token.kind !== 'word' || token.text.toUpperCase() !== word) throw this.#unexpected(token)
  }

  #isKeyword(word: string): boolean {
    const token = this.#peek()
    if (token?.kind !== 'word' || token.text.toUpperCase() !== word) return false
    this.#next += 1
    return true
  }

  #sign(text: string): void {
    const token = this.#take()
    if (token.kind !== 'sign' || token.text !== text) throw this.#unexpected(token)
  }

  #isSign(text: string): boolean {
    const token = this.#peek()
    if (token?.kind !== 'sign' || token.text !== text) return false
    this.#next += 1
    return true
  }

  #peek(): Token | undefined {
    return this.#tokens[this.#next]
  }

  #take(): Token {
    const token = this.#peek()
    if (!token) throw malformed(this.#statement, this.#statement.length, "unexpected token: '<EOF>'")
    this.#next += 1
    return token
  }

  #unexpected(token: Token): Error {
    return malformed(this.#statement, token.at, `unexpected token: '${token.text}'`)
  }
}

const isOrdering = (sign: string): sign is '=' | '!=' | '<' | '>' | '<=' | '>=' =>
  ['=', '!=', '<', '>', '<=', '>='].includes(sign)

function tokens(statement: string): Token[] {
  const found: Token[] = []
  let at = 0
  while (at < statement.length) {
    const match = PATTERNS.map(({ kind, pattern }) => {
      pattern.lastIndex = at
      return { kind, text: pattern.exec(statement)?.[0] }
    }).find(({ text }) => text !== undefined)
    if (match?.text === undefined)
      throw malformed(statement, at, `line 1:${at} no viable alternative at character '${statement.charAt(at)}'`)
    if (match.kind !== 'space') found.push(tokenOf(match.kind, match.text, { statement, at }))
    at += match.text.length
  }
  return found
}

function tokenOf(
  kind: Exclude<(typeof PATTERNS)[number]['kind'], 'space'>,
  text: string,
  { statement, at }: { statement: string; at: number },
): Token {
  if (kind === 'text') {
    const value = unescapeText(text.slice(1, -1), statement, at)
    return { kind: 'literal', text, at, literal: { kind: 'text', value } }
  }
  if (kind === 'number') return { kind: 'literal', text, at, literal: { kind: 'number', value: Number(text) } }
  if (kind === 'date' || kind === 'datetime') {
    const value = Date.parse(text)
    if (Number.isNaN(value)) throw malformed(statement, at, `Invalid date: ${text}`)
    return { kind: 'literal', text, at, literal: { kind, value } }
  }
  return { kind, text, at }
}

const ESCAPES: { [letter: string]: string } = {
  n: '\n',
  N: '\n',
  r: '\r',
  R: '\r',
  t: '\t',
  T: '\t',
  b: '\b',
  B: '\b',
  f: '\f',
  F: '\f',
  '"': '"',
  "'": "'",
  '\\': '\\',
  // These two keep their backslash: they only mean something to LIKE.
  _: '\\_',
  '%': '\\%',
}

function unescapeText(inner: string, statement: string, at: number): string {
  if (inner.length > MAX_LITERAL) throw malformed(statement, at, 'a literal exceeds 4000 characters')
  return inner.replace(/\\(u[0-9a-fA-F]{4}|.)/gs, (whole, code: string) => {
    if (code.length === 5) return String.fromCharCode(Number.parseInt(code.slice(1), 16))
    const meant = ESCAPES[code]
    if (meant === undefined)
      throw malformed(statement, at, `Illegal string literal: '${whole}'. Invalid escape sequence`)
    return meant
  })
}

function malformed(statement: string, at: number, what: string): Error {
  const near = statement.slice(Math.max(0, at - 30), at + 30)
  return refuse(
    'MALFORMED_QUERY',
    `\n${near}\n${' '.repeat(Math.min(at, 30))}^\nERROR at Row:1:Column:${at + 1}\n${what}`,
  )
}
