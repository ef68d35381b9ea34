import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { FaultError } from '../../nodes/fault.ts'
import type { Json } from '../../nodes/manifest.ts'
import { parseExpression } from './parse.ts'
import { templateReads } from './reads.ts'
import { renderInput, type TemplateScope } from './render.ts'
import { parseTemplate } from './template.ts'
import { typeOf, type ValueType } from './type-of.ts'

const scope: TemplateScope = {
  contact: { id: 'c-1', name: 'Ada', seats: 5, score: 1.5, tags: ['a', 'b'], plan: null, 'Renewal date': '2026-03-01' },
  account: { id: 'a-1', name: 'Acme', mrr: 250 },
  trigger: { properties: { source: 'web', items: [{ sku: 'x' }, { sku: 'y' }] } },
  steps: { 'find-opp': { id: '006', amount: 12 } },
}
const render = (text: string): Json => renderInput({ field: text }, scope).field ?? null
const faultOf = (text: string): string => {
  try {
    render(text)
  } catch (error) {
    if (error instanceof FaultError && error.fault.code === 'TEMPLATE_FAILED') return error.fault.message
    throw error
  }
  throw new Error(`${text} gave a value`)
}

describe('renderInput', () => {
  it.each<[string, Json]>([
    ['plain', 'plain'],
    ['{{ account.mrr * 12 }}', 3000],
    ['{{ account.mrr / 100 }}', 2.5],
    ['{{ 10 - account.mrr }}', -240],
    ['{{ contact.seats % 2 }}', 1],
    ['{{ contact.score * 2.0 }}', 3],
    ['{{ 7 }}', 7],
    ['{{ contact.tags }}', ['a', 'b']],
    ['{{ contact.plan }}', null],
    ['{{ contact.seats > 3 }}', true],
    ['{{ {"id": contact.id, "n": 1} }}', { id: 'c-1', n: 1 }],
    ['Expansion: {{ account.name }} ({{ account.mrr }})', 'Expansion: Acme (250)'],
    [' {{ contact.name }}', ' Ada'],
    ['{{ contact["Renewal date"] }}', '2026-03-01'],
    ['{{ steps["find-opp"].id }}', '006'],
    ['{{ contact.tags.join(", ") }}', 'a, b'],
    ['{{ trigger.properties.items.map(i, i.sku).join("+") }}', 'x+y'],
    ['{{ contact.?nick.orValue("there") }}', 'there'],
    ['{{ has(contact.nick) ? contact.nick : "none" }}', 'none'],
    ['{{ "a }} b" + "{{" }}!', 'a }} b{{!'],
    ['{{ round(contact.score) }}', 2],
    ['{{ timestamp("2026-03-01T00:00:00Z") + duration("24h") }}', '2026-03-02T00:00:00.000Z'],
  ])('%s', (text, value) => {
    expect(render(text)).toEqual(value)
  })

  it('works at any depth and leaves what is no text alone', () => {
    expect(
      renderInput({ values: { Name: '{{ account.name }}', N: 3 }, list: ['{{ contact.id }}', true] }, scope),
    ).toEqual({ values: { Name: 'Acme', N: 3 }, list: ['c-1', true] })
  })

  it.each([
    ['{{ contact.nick }}', /field could not be filled.*contact\.nick is not there.*\.\?nick\.orValue/],
    ['Hi {{ contact.nick }}!', /contact\.nick is not there/],
    ['{{ steps.missing.id }}', /steps\.missing is not there/],
    ['Hi {{ contact.plan }}', /empty \(null\) and cannot stand in a text/],
    ['Hi {{ contact.tags }}', /a list .* Join it/],
    ['{{ contact.name * 2 }}', /contact\.name \* 2/],
    ['{{ 1.0 / 0 }}', /JSON cannot hold/],
    ['{{ contact.tags[7] }}', /contact\.tags\[7\]/],
    ['{{ contact.constructor }}', /contact\.constructor is not there/],
    ['{{ contact.?nick }}', /JSON cannot hold/],
  ])('%s is a fault that says what is wrong', (text, message) => {
    expect(faultOf(text)).toMatch(message)
  })

  it('says when the subject itself is not there', () => {
    expect(() => renderInput({ f: '{{ contact.id }}' }, { ...scope, contact: null })).toThrow(
      /contact\.id is not there/,
    )
  })

  it('refuses values that grow beyond 256,000 characters', () => {
    const long = 'x'.repeat(100_000)
    const big = { ...scope, trigger: { long } }
    expect(renderInput({ f: '{{ trigger.long + trigger.long }}' }, big).f).toHaveLength(200_000)
    expect(() => renderInput({ f: '{{ trigger.long }}', g: '{{ trigger.long + trigger.long }}' }, big)).toThrow(
      /256000/,
    )
  })

  it('never throws anything but a fault, whatever stands in the braces', () => {
    fc.assert(
      fc.property(fc.string({ maxLength: 40 }), (inside) => {
        try {
          renderInput({ f: `a{{ ${inside} }}b` }, scope)
        } catch (error) {
          expect(error).toBeInstanceOf(FaultError)
        }
      }),
      { numRuns: 1000 },
    )
  })
})

describe('parseTemplate', () => {
  it.each([
    ['{{ contact.name', /never closed/],
    ['{{ }}', /nothing between/],
    ['{{ nobody.name }}', /"nobody" is unknown here: begin with contact, account, trigger, steps/],
    ['{{ contact. }}', /contact\./],
    ['{{ contact.name.matches("(a+)+$") }}', /matches\(\) is not available/],
    ['{{ cel.bind(x, contact.name, x + x) }}', /bind\(\) is not available/],
    ['{{ contact.tags.map(a, contact.tags.map(b, b)) }}', /inside another/],
    ['{{ frobnicate(contact.name) }}', /frobnicate/],
    ['{{ "a" + 1 }}', /not possible.*Make both sides one type/],
    [`{{ ${'1+'.repeat(1000)}1 }}`, /2000 characters/],
    [`{{ ${'1+'.repeat(200)}1 }}`, /limit|nodes|depth/i],
    [`{{ contact.id }}`.repeat(101), /100 expressions/],
    ['{{ 1 }}'.padEnd(32_001), /32000 characters/],
  ])('refuses %s', (text, message) => {
    expect(parseTemplate(text)).toMatchObject({ ok: false, message: expect.stringMatching(message) })
  })

  it('knows what is read, also under computed indexes and bound names', () => {
    const reads = (text: string) =>
      templateReads({ deep: [text] }).map((r) => [r.root, ...r.path, r.optional].join('.'))
    expect(reads('{{ contact.name }} {{ steps["find-opp"].id }}')).toEqual([
      'contact.name.false',
      'steps.find-opp.id.false',
    ])
    expect(reads('{{ contact.tags[steps.a.n] }}')).toEqual(['contact.tags.false', 'steps.a.n.false'])
    expect(reads('{{ contact.tags.map(account, account.x) }}')).toEqual(['contact.tags.false'])
    expect(reads('{{ has(contact.nick) ? contact.nick : account.?x.orValue("") }}')).toEqual([
      'contact.nick.true',
      'contact.nick.false',
      'account.x.true',
    ])
  })
})

describe('typeOf', () => {
  const known: { [path: string]: ValueType | undefined } = {
    'contact.name': 'string',
    'account.mrr': 'number',
    'contact.vip': 'boolean',
  }
  const types = (root: string, path: string[]) => known[[root, ...path].join('.')] ?? 'unknown'
  const of = (source: string) => {
    const parsed = parseExpression(source)
    if (!parsed.ok) throw new Error(parsed.message)
    const typed = typeOf(parsed.expression.ast, types)
    return typed.ok ? typed.type : typed.message
  }

  it.each([
    ['account.mrr * 12', 'number'],
    ['contact.name + "!"', 'string'],
    ['contact.vip ? 1 : 2', 'number'],
    ['contact.vip ? contact.name : contact.other', 'unknown'],
    ['contact.other * 2', 'unknown'],
    ['contact.?name.orValue("x")', 'string'],
    ['size(contact.name)', 'number'],
    ['contact.name.upperAscii()', 'string'],
    ['account.mrr > 3 && contact.vip', 'boolean'],
    ['[1, 2]', 'list'],
    ['account.mrr.startsWith("a")', 'What stands before .startsWith() must be a text, but is a number.'],
    ['contact.name && true', 'Each side of && must be true or false, but is a text.'],
  ])('%s is %s', (source, type) => {
    expect(of(source)).toBe(type)
  })

  it.each(['contact.name * 12', 'account.mrr + contact.name', 'contact.name > account.mrr'])('refuses %s', (source) => {
    expect(of(source)).toMatch(/is not possible; make both one type/)
  })
})
