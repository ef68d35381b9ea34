import fc from 'fast-check'
import { describe as group, expect, it } from 'vitest'
import { factsAt } from '../../test/helpers/plans.ts'
import type { EventFigure } from '../model/figure.ts'
import type { Facts } from '../model/rule.ts'
import type { Measure, ScoreDefinition, ScorePart } from '../model/score.ts'
import { checkScore } from './check-score.ts'
import { describeScore } from './describe.ts'
import { bandOf, evaluateScore, readsOfScore } from './evaluate-score.ts'
import { evaluateFigure } from './event-figure.ts'

const NOW = 1_700_000_000_000
const DAY = 86_400_000

const BANDS = [
  { name: 'Poor', from: 0 },
  { name: 'Fair', from: 40 },
  { name: 'Good', from: 70 },
]
const logins: Measure = {
  of: { figure: 'count', event: 'Logged In', within: 'P30D' },
  from: 0,
  to: 20,
  missing: 'none',
}
const seats: Measure = { of: { property: 'account.seats' }, from: 10, to: 0, missing: 'leave out' }
const health: ScoreDefinition = {
  parts: [
    { name: 'Usage', weight: 3, measure: logins },
    { name: 'Seats', weight: 2, measure: seats },
    { name: 'Paying', weight: 5, rule: { property: 'account.mrr', op: 'gt', value: 0 } },
  ],
  bands: BANDS,
  stages: [
    { name: 'Trial', rule: { property: 'account.plan', op: 'eq', value: 'trial' } },
    { name: 'Live', rule: { event: 'Logged In', count: { op: 'gte', value: 1 }, within: 'P7D' } },
  ],
}
const daysAgo = (...days: number[]): number[] => days.map((day) => NOW - day * DAY).toSorted((a, b) => a - b)
const facts = (account: { [name: string]: number | string }, times: number[]) => ({
  ...factsAt(NOW, { account }),
  events: { 'Logged In': times },
})

it('a score is the weighted share of its marks, with band and stage', () => {
  const found = evaluateScore(health, facts({ mrr: 10, seats: 5 }, daysAgo(1, 2, 3, 4, 5)), NOW)
  // 3 × 5/20 + 2 × 1/2 + 5 × 1 of 10
  expect(found).toMatchObject({ value: 67.5, band: 'Fair', stage: 'Live' })
  expect(found.parts.map(({ name, marks, actual }) => [name, marks, actual])).toEqual([
    ['Usage', 0.25, 5],
    ['Seats', 0.5, 5],
    ['Paying', 1, true],
  ])
  expect(found.why.children?.map((child) => child.rule)).toEqual([
    'Usage (weight 3): 25 of 100',
    'Seats (weight 2): 50 of 100',
    'Paying (weight 5): 100 of 100',
    'stage Trial: account.plan eq "trial"',
    'stage Live: event Logged In count gte 1 within P7D',
  ])
})

it('a part that is left out gives its weight to the others; none to measure is no score', () => {
  expect(evaluateScore(health, facts({ mrr: 10 }, []), NOW)).toMatchObject({ value: 62.5, stage: null })
  const only = { ...health, parts: health.parts.slice(1, 2) }
  const found = evaluateScore(only, facts({ seats: 'many' }, []), NOW)
  expect(found).toMatchObject({ value: null, band: null, why: { missing: true } })
  expect(found.parts[0]?.why.note).toBe('what was found is no number; nothing is converted')
})

it('a score stands until the next event leaves a window of a part or of the stage', () => {
  const times = daysAgo(6, 29)
  expect(evaluateScore(health, facts({ mrr: 10 }, times), NOW).validUntil).toBe(NOW + DAY)
  expect(evaluateScore({ ...health, stages: [] }, facts({}, daysAgo(6)), NOW).validUntil).toBe(NOW + 24 * DAY)
  expect(evaluateScore({ ...health, stages: [] }, facts({}, []), NOW).validUntil).toBeNull()
})

it('what it reads is what its parts and stages read', () => {
  expect(readsOfScore(health)).toMatchObject({
    properties: ['account.seats', 'account.mrr', 'account.plan'],
    events: { 'Logged In': 30 * DAY },
  })
})

it('is told in a sentence', () => {
  expect(describeScore(health)).toBe(
    '30% Usage (number of "Logged In" in the last 30 days: no marks at 0, full marks at 20), ' +
      '20% Seats (account.seats: no marks at 10, full marks at 0), 50% Paying (account.mrr is more than 0). ' +
      'Bands: Poor from 0, Fair from 40, Good from 70. ' +
      'Stages: Trial when account.plan is trial; Live when at least 1 "Logged In" in the last 7 days.',
  )
})

group('what is wrong is said with its place', () => {
  const part = (change: object): ScoreDefinition =>
    ({ ...health, parts: [{ ...health.parts[0], ...change }] }) as ScoreDefinition
  const cases: Array<[what: string, definition: unknown, path: string]> = [
    ['no object', [], ''],
    ['no parts', { ...health, parts: [] }, 'parts'],
    ['no weight', part({ weight: 0 }), 'parts.0.weight'],
    ['rule and measure', part({ rule: { segment: 'a', is: 'in' } }), 'parts.0'],
    ['a broken rule', { ...health, parts: [{ name: 'x', weight: 1, rule: { event: '' } }] }, 'parts.0.rule.event'],
    ['no distance', part({ measure: { ...logins, to: 0 } }), 'parts.0.measure.to'],
    ['missing unsaid', part({ measure: { ...logins, missing: undefined } }), 'parts.0.measure.missing'],
    ['run data', part({ measure: { ...logins, of: { property: 'trigger.x' } } }), 'parts.0.measure.of.property'],
    ['no figure', part({ measure: { ...logins, of: { figure: 'most', event: 'a' } } }), 'parts.0.measure.of.figure'],
    [
      'a bad window',
      part({ measure: { ...logins, of: { ...logins.of, within: 'P1M' } } }),
      'parts.0.measure.of.within',
    ],
    ['a sum of nothing', part({ measure: { ...logins, of: { figure: 'sum', event: 'a' } } }), 'parts.0.measure.of.of'],
    [
      'a window of the last',
      part({ measure: { ...logins, of: { figure: 'daysSinceLast', event: 'a', within: 'P1D' } } }),
      'parts.0.measure.of.within',
    ],
    [
      'a filter of nothing',
      part({ measure: { ...logins, of: { ...logins.of, where: [{ op: 'eq' }] } } }),
      'parts.0.measure.of.where.0.property',
    ],
    ['no bands', { ...health, bands: [] }, 'bands'],
    ['bands from 10', { ...health, bands: [{ name: 'a', from: 10 }] }, 'bands.0.from'],
    ['bands that fall', { ...health, bands: [BANDS[0], BANDS[2], BANDS[1]] }, 'bands.2.from'],
    ['two of a name', { ...health, bands: [BANDS[0], { name: 'Poor', from: 5 }] }, 'bands.1.name'],
    ['a stage without a rule', { ...health, stages: [{ name: 'x' }] }, 'stages.0.rule'],
    ['an unknown field', { ...health, goal: 1 }, 'goal'],
  ]
  it.each(cases)('%s', (_, definition, path) => {
    expect(checkScore(definition).map((issue) => issue.path)).toContain(path)
  })
  it('and nothing of what is right', () => {
    expect(checkScore(health)).toEqual([])
  })
})

// --- against a naive reckoning ---

const figures: fc.Arbitrary<EventFigure> = fc
  .record({
    figure: fc.constantFrom('count', 'sum', 'average', 'min', 'max', 'distinct', 'daysSinceLast', 'daysSinceFirst'),
    within: fc.constantFrom(undefined, 'P1D', 'P3D', 'PT36H'),
  })
  .map(({ figure, within }) => ({
    figure,
    event: 'E',
    ...(/^(count|days)/.test(figure) ? {} : { of: 'n' }),
    ...(within === undefined || figure.startsWith('days') ? {} : { within }),
  }))
const parts: fc.Arbitrary<ScorePart> = fc
  .record({
    weight: fc.integer({ min: 1, max: 9 }),
    of: fc.oneof(figures, fc.constant({ property: 'contact.p' })),
    from: fc.integer({ min: -5, max: 5 }),
    width: fc.constantFrom(-7, -1, 2, 9),
    missing: fc.constantFrom('none' as const, 'leave out' as const),
  })
  .map(({ weight, of, from, width, missing }) => ({
    name: 'part',
    weight,
    measure: { of, from, to: from + width, missing },
  }))
const STEP = 6 * 3_600_000
const histories = fc
  .array(
    fc.record({
      step: fc.integer({ min: -20, max: 8 }),
      n: fc.oneof(fc.integer({ min: -4, max: 9 }), fc.constant('text')),
    }),
    { maxLength: 8 },
  )
  .map((list) => list.toSorted((a, b) => a.step - b.step).map(({ step, n }) => ({ at: NOW + step * STEP, n })))
type History = Array<{ at: number; n: number | string }>
const scopeOf = (history: History, p: number | string | undefined): Facts => ({
  ...factsAt(NOW, { contact: p === undefined ? {} : { p } }),
  events: { E: history.map(({ at }) => at) },
  eventValues: { E: history.map(({ n }) => ({ n })) },
})
const WINDOWS: { [text: string]: number } = { P1D: DAY, P3D: 3 * DAY, PT36H: 1.5 * DAY }

function naiveFigure({ figure, within }: EventFigure, history: History, now: number): number | null {
  const seen = history.filter(
    ({ at }) => at <= now && (within === undefined || at > now - (WINDOWS[String(within)] ?? 0)),
  )
  const numbers = seen.flatMap(({ n }) => (typeof n === 'number' ? [n] : []))
  const sum = numbers.reduce((total, n) => total + n, 0)
  const edge = figure === 'daysSinceFirst' ? seen[0] : seen.at(-1)
  if (figure === 'count') return seen.length
  if (figure === 'sum') return sum
  if (figure === 'distinct') return new Set(seen.map(({ n }) => n)).size
  if (figure.startsWith('days')) return edge === undefined ? null : Math.floor((now - edge.at) / DAY)
  if (numbers.length === 0) return null
  return figure === 'average' ? sum / numbers.length : Math[figure === 'min' ? 'min' : 'max'](...numbers)
}

function naiveScore(list: ScorePart[], given: { history: History; p: number | string | undefined }, now: number) {
  let gained = 0
  let weights = 0
  for (const part of list) {
    if (!('measure' in part)) continue
    const { of, from, to, missing } = part.measure
    const p = typeof given.p === 'number' ? given.p : null
    const x = 'property' in of ? p : naiveFigure(of, given.history, now)
    if (x === null && missing === 'leave out') continue
    weights += part.weight
    if (x !== null) gained += part.weight * Math.min(1, Math.max(0, (x - from) / (to - from)))
  }
  return weights === 0 ? null : Math.round((1000 * gained) / weights) / 10
}

it('equals a naive weighted sum, now and at every later moment until it says it may change', () => {
  const values = fc.oneof(fc.constant(undefined), fc.integer({ min: -9, max: 9 }), fc.constant('text'))
  fc.assert(
    fc.property(fc.array(parts, { minLength: 1, maxLength: 5 }), histories, values, (list, history, p) => {
      const definition = { parts: list, bands: BANDS, stages: [] }
      const scope = scopeOf(history, p)
      const { value, band, validUntil } = evaluateScore(definition, scope, NOW)
      const expected = naiveScore(list, { history, p }, NOW)
      expect(value).toBe(expected)
      expect(band).toBe(expected === null ? null : expected >= 70 ? 'Good' : expected >= 40 ? 'Fair' : 'Poor')
      for (let at = NOW; at < NOW + 20 * STEP && (validUntil === null || at < validUntil); at += STEP / 2)
        expect(naiveScore(list, { history, p }, at)).toBe(expected)
    }),
    { numRuns: 300 },
  )
})

it('a figure says the very instant at which it changes', () => {
  const once = (figure: EventFigure['figure'], at: number, of?: string) =>
    evaluateFigure(
      { figure, event: 'E', ...(of === undefined ? {} : { of }), ...(figure === 'count' ? { within: 'P1D' } : {}) },
      scopeOf([{ at, n: 3 }], undefined),
      NOW,
    )
  expect(once('count', NOW - 1000)).toEqual({ value: 1, validUntil: NOW - 1000 + DAY })
  expect(once('sum', NOW + 5000, 'n')).toEqual({ value: 0, validUntil: NOW + 5000 })
  expect(once('average', NOW + 5000, 'n')).toEqual({ value: undefined, validUntil: NOW + 5000 })
  expect(once('last', NOW - 1000)).toEqual({ value: new Date(NOW - 1000).toISOString(), validUntil: null })
  expect(once('last', NOW - 1000, 'n')).toEqual({ value: 3, validUntil: null })
  expect(once('daysSinceLast', NOW - DAY - 1)).toEqual({ value: 1, validUntil: NOW + DAY - 1 })
})

it('a band begins at its number', () => {
  expect([0, 39.9, 40, 100].map((value) => bandOf(BANDS, value))).toEqual(['Poor', 'Poor', 'Fair', 'Good'])
})
