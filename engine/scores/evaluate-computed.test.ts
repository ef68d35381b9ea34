import { describe as group, expect, it } from 'vitest'
import { factsAt } from '../../test/helpers/plans.ts'
import type { ComputedDefinition } from '../model/computed.ts'
import { asComputed, checkComputed } from './check-computed.ts'
import { describeComputed } from './describe.ts'
import { evaluateComputed, readsOfComputed } from './evaluate-computed.ts'

const NOW = 1_700_000_000_000
const DAY = 86_400_000
const ratio: ComputedDefinition = {
  property: 'logins_per_seat',
  formula: 'inputs.logins / account.seats',
  inputs: { logins: { figure: 'count', event: 'Logged In', within: 'P30D' } },
}
const scope = (account: { [name: string]: number | string | null }) => ({
  ...factsAt(NOW, { account }),
  events: { 'Logged In': [NOW - 29 * DAY, NOW - DAY] },
})

it('works the formula out over properties and figures, and says until when it stands', () => {
  const found = evaluateComputed(ratio, scope({ seats: 4 }), NOW)
  expect(found).toMatchObject({ value: 0.5, validUntil: NOW + DAY, why: { value: true, actual: 0.5 } })
  expect(found.why.children).toEqual([
    { rule: 'inputs.logins: number of "Logged In" in the last 30 days', value: true, actual: 2 },
    { rule: 'account.seats', value: true, actual: 4 },
  ])
})

it('what is missing makes it null, with the reason', () => {
  expect(evaluateComputed(ratio, scope({}), NOW)).toMatchObject({
    value: null,
    why: {
      value: false,
      note: 'account.seats is not there. Fill it, or give a fallback in the formula: account.?seats.orValue("…").',
    },
  })
  const text = evaluateComputed(ratio, scope({ seats: 'four' }), NOW)
  expect([text.value, text.why.note]).toEqual([null, expect.stringContaining('no such overload')])
  expect(evaluateComputed({ ...ratio, formula: 'account.?seats.orValue(2.0) * 2.0' }, scope({}), NOW).value).toBe(4)
  expect(evaluateComputed(ratio, scope({ seats: 0 }), NOW)).toMatchObject({
    value: null,
    why: { note: expect.stringContaining('JSON cannot hold') },
  })
})

it('a formula that can be written short gives no value that is long', () => {
  const formula = 'account.a + account.a + account.a + account.a'
  const found = evaluateComputed({ ...ratio, formula }, scope({ a: 'x'.repeat(3000) }), NOW)
  expect(found).toMatchObject({ value: null, why: { note: expect.stringContaining('8000') } })
})

it('what it reads is its properties and the windows of its inputs', () => {
  expect(readsOfComputed(ratio)).toMatchObject({ properties: ['account.seats'], events: { 'Logged In': 30 * DAY } })
  expect(describeComputed(ratio)).toBe(
    'logins_per_seat = inputs.logins / account.seats, where logins is the number of "Logged In" in the last 30 days',
  )
})

group('what is wrong is said with its place', () => {
  const about = { subject: 'account' as const, properties: { 'account.name': 'string' as const } }
  const cases: Array<[formula: string, message: RegExp]> = [
    ['', /Write a formula/],
    ['inputs.logins /', /Unexpected|EOF/i],
    ['account.seats.matches("a+")', /matches\(\) is not available/],
    ['inputs.visits', /no input “visits”/],
    ['contact.seats', /have many contacts/],
    ['account.logins_per_seat + 1.0', /cannot be worked out from itself/],
    ['steps.a.b', /"steps" is unknown here: begin with contact, account, inputs/],
    ['inputs.logins + account.name', /between a number and a text/],
    ['account', /does not say what is read/],
    ['{"a": 1}', /gives an object/],
  ]
  it.each(cases)('%s', (formula, message) => {
    expect(checkComputed({ ...ratio, formula }, about)).toEqual([
      { path: 'formula', message: expect.stringMatching(message) },
    ])
  })
  it('in the property, the inputs and their names', () => {
    const paths = (change: object) => checkComputed({ ...ratio, ...change }, about).map(({ path }) => path)
    expect(paths({ property: 'email' })).toEqual(['property'])
    expect(paths({ property: 'a.b' })).toEqual(['property'])
    expect(paths({ formula: '1', inputs: { '9x': ratio.inputs.logins } })).toEqual(['inputs.9x'])
    expect(paths({ inputs: { logins: { figure: 'count', event: '' } } })).toEqual(['inputs.logins.event'])
    expect(paths({ formula: '1', inputs: [] })).toEqual(['inputs'])
  })
  it('and nothing of what is right', () => {
    expect(checkComputed(ratio, about)).toEqual([])
    expect(asComputed(ratio, about)).toBe(ratio)
  })
})
