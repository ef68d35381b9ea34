import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { parseSoql } from './sandbox/soql-parse.ts'
import { soql, soqlName, soqlText } from './soql.ts'

/** A SOQL literal read by the book (SOQL guide, "Quoted String Escape Sequences"), written apart from both sides. */
function readLiteral(text: string): { value: string; rest: string } {
  if (text[0] !== "'") throw new Error('no literal')
  const plain: { [letter: string]: string } = {
    n: '\n',
    r: '\r',
    t: '\t',
    b: '\b',
    f: '\f',
    '"': '"',
    "'": "'",
    '\\': '\\',
  }
  let value = ''
  for (let at = 1; at < text.length; at += 1) {
    const character = text.charAt(at)
    if (character === "'") return { value, rest: text.slice(at + 1) }
    if (character !== '\\') {
      value += character
      continue
    }
    at += 1
    if (text.charAt(at) === 'u') {
      value += String.fromCharCode(Number.parseInt(text.slice(at + 1, at + 5), 16))
      at += 4
      continue
    }
    const meant = plain[text.charAt(at)]
    if (meant === undefined) throw new Error(`no escape: ${text.charAt(at)}`)
    value += meant
  }
  throw new Error('the literal does not end')
}

/** Text that leans on what is dangerous. */
const risky = fc.oneof(
  fc.string({ unit: 'binary', maxLength: 300 }),
  fc.string({
    unit: fc.constantFrom("'", '\\', '"', 'n', 'u', '0', '\n', '\r', '\t', '\b', '\f', '\u0000', ' OR ', '%', '_'),
  }),
)

describe('a SOQL literal', () => {
  it('reads back as the value it was made from, whatever the value, and nothing of it gets out', () => {
    fc.assert(
      fc.property(risky, (value) => {
        expect(readLiteral(`${soqlText(value)} AND true`)).toEqual({ value, rest: ' AND true' })
      }),
      { numRuns: 2_000 },
    )
  })

  it('means the same to the stand-in, which parses it by other code', () => {
    fc.assert(
      fc.property(risky, (value) => {
        const { where } = parseSoql(soql`SELECT Id FROM Account WHERE Name = ${value}`.text)
        expect(where).toEqual({ kind: 'compare', field: 'Name', operator: '=', values: [{ kind: 'text', value }] })
      }),
      { numRuns: 1_000 },
    )
  })

  it('survives the quote after a backslash, by which the SDK lets a value end its literal', () => {
    expect(soqlText("\\' OR Name LIKE '%")).toBe("'\\\\\\' OR Name LIKE \\'%'")
  })

  it('is refused beyond the 4,000 characters that Salesforce takes', () => {
    expect(soqlText('a'.repeat(4_000))).toHaveLength(4_002)
    expect(() => soqlText('a'.repeat(4_001))).toThrow('Search by a shorter value')
  })
})

describe('a statement', () => {
  it('holds every kind of value in the form SOQL wants', () => {
    const since = new Date('2026-01-02T03:04:05.678Z')
    const statement = soql`SELECT Id FROM ${soqlName('Task')} WHERE A = ${1.5} AND B = ${true} AND C = ${null} AND D >= ${since} AND E IN ${['x', "y'"]}`
    expect(statement.text).toBe(
      "SELECT Id FROM Task WHERE A = 1.5 AND B = true AND C = null AND D >= 2026-01-02T03:04:05.678Z AND E IN ('x', 'y\\'')",
    )
  })

  it('keeps the pieces it is made of as they are', () => {
    expect(soql`${soql`A = ${'b'}`} OR C = ${'d'}`.text).toBe("A = 'b' OR C = 'd'")
  })

  it.each([
    ['empty list', []],
    ['not a number', Number.NaN],
    ['exponent', 1e21],
  ])('refuses an %s', (_name, value) => {
    expect(() => soql`A = ${value}`).toThrow(RangeError)
  })

  it.each(['Account; DROP', "Na'me", '1st', '', 'a.', 'a b'])('refuses %j as a name', (name) => {
    expect(() => soqlName(name)).toThrow('is no Salesforce name')
  })
})
