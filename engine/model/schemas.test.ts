import { Ajv2020 } from 'ajv/dist/2020.js'
import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { checkRule } from '../rules/check.ts'
import { playbookJsonSchema, playbookSchema } from './playbook-schema.ts'
import { ruleSchema } from './rule-schema.ts'

const document = {
  name: 'Expansion signal to opportunity',
  subject: 'contact',
  enrollment: { reentry: { policy: 'once_per', days: 30 }, exit: [], goal: null },
  steps: [{ id: 'start', type: 'trigger.signal', input: { signal: 'expansion-ready', edge: 'set' }, at: [0, 0] }],
  edges: [['start', 'start']],
}

describe('ruleSchema', () => {
  it.each([
    [{ property: 'mrr', op: 'gt', value: 1 }, /property: Name a path that begins with contact\./],
    [{ property: 'account.mrr', op: 'gt', value: '1' }, /compares numbers: give one/],
    [{ property: 'account.mrr', op: 'over', value: 1 }, /op: Choose one of eq, ne/],
    [{ property: 'account.mrr', op: 'exists', value: 1 }, /takes no value/],
    [{ property: 'contact.x', op: 'withinLast', value: 'P1M' }, /months.*Use days/],
    [{ property: 'contact.x', op: 'before', value: '2026-03-01T00:00:00' }, /date-time with its zone/],
    [{ all: [] }, /List at least one rule/],
    [{ all: [{ property: 'contact.x', op: 'empty' }], any: [] }, /exactly one of .* not all and any/],
    [{ event: 'x', count: { op: 'eq', value: -1 } }, /Say how often/],
    [{ event: 'x', count: { op: 'eq', value: 1 }, within: 'PT0S' }, /longer than nothing/],
    [{ segment: 'trial', is: 'set' }, /Choose in or out/],
    [{ signal: 'ready', is: 'set', note: 'x' }, /Unrecognized key: "note"/],
    ['account.mrr > 100', /Write a rule/],
    [null, /Write a rule/],
  ])('refuses %j and says what to write', (rule, message) => {
    const parsed = ruleSchema.safeParse(rule)
    expect(parsed.success).toBe(false)
    const [first] = parsed.error?.issues ?? []
    expect(`${first?.path.join('.')}: ${first?.message}`).toMatch(message)
  })

  it('takes 100 comparisons, 8 deep, and no more', () => {
    const leaf = { property: 'contact.x', op: 'empty' }
    const wide = (n: number) => ({ all: Array.from({ length: n }, () => leaf) })
    const deep = (n: number): unknown => (n === 1 ? leaf : { not: deep(n - 1) })
    expect([wide(100), wide(101), deep(8), deep(9)].map((rule) => ruleSchema.safeParse(rule).success)).toEqual([
      true,
      false,
      true,
      false,
    ])
  })

  it('agrees with checkRule on anything', () => {
    const op = fc.constantFrom('eq', 'gt', 'exists', 'in', 'withinLast', 'before', 'startsWith', 'nope')
    const value = fc.constantFrom<unknown>(undefined, 1, 'x', 'P1D', 'now', ['a'], [], null, true, {})
    const drop = (fields: object) => Object.fromEntries(Object.entries(fields).filter(([, v]) => v !== undefined))
    const leaf = fc.oneof(
      fc.record({ property: fc.constantFrom('contact.x', 'steps.a', 'x', '', 5), op, value }).map(drop),
      fc.record({ event: fc.constantFrom('e', ''), count: fc.record({ op, value }), within: value }).map(drop),
      fc.record({ segment: value, is: fc.constantFrom('in', 'set') }).map(drop),
      fc.record({ signal: fc.constantFrom('s', 7), is: fc.constantFrom('in', 'set'), extra: value }).map(drop),
      fc.jsonValue({ maxDepth: 1 }),
    )
    const rules = fc.letrec((tie) => ({
      rule: fc.oneof(
        { maxDepth: 3 },
        leaf,
        fc.record({ all: fc.array(tie('rule'), { maxLength: 3 }) }),
        fc.record({ not: tie('rule') }),
      ),
    })).rule
    fc.assert(
      fc.property(rules, (rule) => ruleSchema.safeParse(rule).success === (checkRule(rule).length === 0)),
      { numRuns: 2000 },
    )
  })
})

describe('playbookSchema', () => {
  it('takes a document and gives it back as it was', () => {
    expect(playbookSchema.parse(document)).toEqual(document)
  })

  it('refuses what it does not know rather than dropping it', () => {
    expect(playbookSchema.safeParse({ ...document, colour: 'red' }).success).toBe(false)
    expect(playbookSchema.safeParse({ ...document, steps: [{ ...document.steps[0], id: '1st' }] }).success).toBe(false)
  })

  it('as JSON Schema says the same', () => {
    const validate = new Ajv2020({ strict: false }).compile(playbookJsonSchema())
    expect(validate(document)).toBe(true)
    expect(validate({ ...document, subject: 'company' })).toBe(false)
    const exit = [{ name: 'left', if: { all: [{ property: 'contact.x', op: 'empty' }] } }]
    expect(validate({ ...document, enrollment: { ...document.enrollment, exit } })).toBe(true)
    expect(
      validate({ ...document, enrollment: { ...document.enrollment, exit: [{ name: 'x', if: { all: 1 } }] } }),
    ).toBe(false)
  })
})
