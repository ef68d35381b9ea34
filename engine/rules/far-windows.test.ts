import { expect, it } from 'vitest'
import type { Rule } from '../model/rule.ts'
import { farWindows } from './far-windows.ts'

const zone = 'Europe/Berlin'
const never = { op: 'eq' as const, value: 0 }

it.each<[string, Rule, number | null]>([
  ['a window as long as events are kept', { event: 'e', count: never, within: 'P365D' }, null],
  ['one as long as they may still be there', { event: 'e', count: never, within: 'P368D' }, null],
  ['one that is longer by a second', { event: 'e', count: never, within: 'P368DT1S' }, 369],
  ['ever', { event: 'e', count: never }, null],
  ['the first of all', { first: 'e', op: 'moreThanAgo', value: 'P900D' }, null],
  ['a trend, which reads the window before as well', trend('P200D'), 400],
  ['a trend that fits', trend('P180D'), null],
  ['a quarter', { event: 'e', count: never, within: { calendar: 'quarter', zone } }, null],
  ['a year, which may have 366 days and begin elsewhere', inYear(), null],
  ['an order of events', { sequence: [{ event: 'e' }, { event: 'f' }], within: 'P400D' }, 400],
  ['changes of a property, which are kept', { changed: 'contact.plan', within: 'P900D' }, null],
  ['what each contact did', { not: { contacts: { all: [{ event: 'e', count: never, within: 'P400D' }] } } }, 400],
  [
    'an ever beside it',
    {
      any: [
        { event: 'e', count: never },
        { event: 'e', count: never, within: 'P400D' },
      ],
    },
    400,
  ],
])('of %s', (_what, rule, days) => {
  expect(farWindows([rule], 365)[0]?.days ?? null).toBe(days)
})

it('of several rules the furthest of each event is said', () => {
  const of = (event: string, within: string): Rule => ({ event, count: never, within })
  expect(farWindows([of('e', 'P40D'), of('f', 'P50D'), of('e', 'P60D'), of('g', 'P30D')], 30)).toEqual([
    { event: 'e', days: 60 },
    { event: 'f', days: 50 },
  ])
})

function trend(within: string): Rule {
  return { trend: 'count', event: 'e', op: 'lt', value: -50, within }
}
function inYear(): Rule {
  return { event: 'e', count: never, within: { calendar: 'year', zone } }
}
