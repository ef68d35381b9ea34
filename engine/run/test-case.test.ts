import { describe, expect, it } from 'vitest'
import { act, asks, branch, delay, planOf, trigger, waitEvent } from '../../test/helpers/plans.ts'
import { renderInput } from '../expression/render.ts'
import type { Plan } from '../model/plan.ts'
import type { Facts } from '../model/rule.ts'
import type { RunInput } from '../model/run.ts'
import { differencesOf, fixtureOf, playTest, wentOtherwise } from './test-case.ts'
import { replay } from './view.ts'

const T0 = Date.parse('2026-03-02T09:00:00Z')
const HOUR = 3_600_000

const facts = (at: number, seats: number): Facts => ({
  at,
  contact: { id: 'c-1', externalId: 'u-1', properties: { name: 'Ada' } },
  account: { id: 'a-1', externalId: 'acme', properties: { seats } },
  segments: [],
  signals: [],
  events: {},
})

//  start --> find --> wait 1 h --> big --yes--> ask --yes--> shipped --happened--> tag
const drawn = (over: number, hours = 1): Plan =>
  planOf([
    trigger('start', ['find']),
    { ...act('find', ['wait']), keeps: true },
    delay('wait', { mode: 'for', ms: hours * HOUR }, ['big']),
    branch('big', [{ port: 'yes', if: { property: 'account.seats', op: 'gt', value: over } }], {
      yes: ['ask'],
      else: [],
    }),
    asks('ask', null, { yes: ['shipped'], no: [] }),
    waitEvent('shipped', { event: 'Shipped', maxWaitMs: 9 * HOUR }, { happened: ['tag'], timeout: [] }),
    { ...act('tag'), readsSteps: ['find'], input: { id: '{{ steps.find.id }}', name: '{{ contact.name }}' } },
  ])

/** As a record has it: late by a little wherever the world answers. */
const record: RunInput[] = [
  { kind: 'start', at: T0, trigger: { step: 'start', data: {} }, facts: facts(T0, 5) },
  {
    kind: 'outcome',
    at: T0 + 200,
    step: 'find',
    visit: 1,
    outcome: {
      kind: 'retry',
      fault: { code: 'VENDOR_BUSY', who: 'vendor', message: '', fix: '' } as never,
      at: T0 + 900,
    },
  },
  { kind: 'due', at: T0 + 910, step: 'find', visit: 1, facts: facts(T0 + 910, 5) },
  { kind: 'outcome', at: T0 + 1000, step: 'find', visit: 1, outcome: { kind: 'done', output: { id: '006' } } },
  { kind: 'due', at: T0 + HOUR + 1100, step: 'wait', visit: 1, facts: facts(T0 + HOUR + 1100, 30) },
  { kind: 'outcome', at: T0 + HOUR + 1200, step: 'ask', visit: 1, outcome: { kind: 'done', output: {} } },
  {
    kind: 'operator',
    at: T0 + 2 * HOUR,
    id: 'a',
    command: { kind: 'answer', step: 'ask', visit: 1, port: 'yes', output: {}, by: 'Grace' },
  },
  {
    kind: 'event',
    at: T0 + 3 * HOUR,
    step: 'shipped',
    visit: 1,
    event: { id: 'e', name: 'Shipped', at: T0 + 3 * HOUR, properties: {} },
    facts: facts(T0 + 3 * HOUR, 31),
  },
  { kind: 'outcome', at: T0 + 3 * HOUR + 90, step: 'tag', visit: 1, outcome: { kind: 'done', output: {} } },
]

const how = { render: renderInput, sample: () => ({ made: 'up' }) }
const kept = () => {
  const found = fixtureOf(record)
  if ('refused' in found) throw new Error(found.refused)
  return found.fixture
}

describe('a run kept as a test', () => {
  it('goes the same way when it is played, and sends the same', () => {
    const plan = drawn(20)
    const { state } = replay(plan, record)
    expect(state?.status).toBe('completed')
    const played = playTest(plan, kept(), how)
    if (state === null) throw new Error('There is no state.')
    expect(wentOtherwise(plan, state, played)).toEqual([])
    expect(played.effects.at(-1)).toMatchObject({ step: 'tag', input: { id: '006', name: 'Ada' } })
    expect(differencesOf(played, playTest(plan, kept(), how))).toEqual([])
  })

  it('says what a changed draft does otherwise: the way, the time, what is sent, the end', () => {
    const expected = playTest(drawn(20), kept(), how)
    const told = (plan: Plan) =>
      differencesOf(expected, playTest(plan, kept(), how)).map(({ what, step }) => `${what} ${step}`)
    expect(told(drawn(40))).toEqual(['path big', 'path ask', 'path shipped', 'path tag', 'effect ask', 'effect tag'])
    expect(told(drawn(20, 2))).toEqual(['path big', 'path ask', 'path shipped'])
    const other = drawn(20)
    const words: Plan = {
      ...other,
      steps: other.steps.map((step) =>
        step.id === 'tag' && step.op === 'act' ? { ...step, input: { ...step.input, name: 'Bob' } } : step,
      ),
    }
    expect(differencesOf(expected, playTest(words, kept(), how))).toMatchObject([
      { what: 'effect', step: 'tag', words: 'tag sends another name.' },
    ])
    const failing = {
      ...kept(),
      answers: {
        ...kept().answers,
        tag: { fault: { code: 'NOT_FOUND', who: 'user', message: 'Gone.', fix: '' } as const },
      },
    }
    expect(differencesOf(expected, playTest(drawn(20), failing, how)).map(({ what }) => what)).toEqual(['end', 'path'])
  })

  it('answers new actions with their samples', () => {
    const { find: _gone, ...answers } = kept().answers
    const played = playTest(drawn(20), { ...kept(), answers }, { ...how, sample: () => ({ id: 'sample' }) })
    expect(played.effects.at(-1)?.input).toMatchObject({ id: 'sample' })
  })

  it('is none where a person led it by hand, or it has not begun', () => {
    const skip: RunInput = { kind: 'operator', at: T0, id: 's', command: { kind: 'skip', step: 'wait' } }
    expect(fixtureOf([...record.slice(0, 4), skip])).toMatchObject({
      refused: expect.stringContaining('by hand (skip)'),
    })
    expect(fixtureOf([])).toHaveProperty('refused')
  })
})
