import { expect, it } from 'vitest'
import { act, delay, planOf, trigger } from '../../test/helpers/plans.ts'
import { missingReads, possibleTargets, waitChange } from './plan-changes.ts'

const wait = (id: string, hours: number, next: string[]) => delay(id, { mode: 'for', ms: hours * 3_600_000 }, next)

// start → a → wait → gone → b
const from = planOf([
  trigger('start', ['a']),
  { ...act('a', ['wait']), keeps: true },
  wait('wait', 1, ['gone']),
  wait('gone', 1, ['b']),
  act('b'),
])

it('tells a wait that stays from one that is set otherwise and one that is gone', () => {
  const to = planOf([trigger('start', ['a']), act('a', ['wait']), wait('wait', 2, ['b']), act('b')])
  const relabelled = planOf(from.steps.map((step) => ({ ...step, label: `${step.id}!` })))
  expect(waitChange({ from, to: relabelled }, 'wait')).toBe('same')
  expect(waitChange({ from, to }, 'wait')).toBe('changed')
  expect(waitChange({ from, to }, 'gone')).toBe('gone')
  expect(waitChange({ from, to: planOf([trigger('start', ['gone']), act('gone')]) }, 'gone')).toBe('gone')
  expect(possibleTargets({ from, to }, 'gone').map(({ id }) => id)).toEqual(['a', 'wait', 'b'])
})

it('names what new steps read that runs which have passed it do not have', () => {
  const reads = (id: string, readsSteps: string[], text = '') => ({ ...act(id), readsSteps, input: { text } })
  // start → a → early → wait → late → b
  const to = planOf([
    trigger('start', ['a']),
    { ...act('a', ['early']), keeps: true },
    { ...act('early', ['wait']), keeps: true, sets: 'tier' },
    wait('wait', 1, ['late']),
    { ...act('late', ['b']), keeps: true },
    reads('b', ['a', 'early', 'late'], '{{ vars.tier }}'),
  ])
  expect(missingReads({ from, to }, ['wait']).map(({ step, reads: what }) => [step.id, what])).toEqual([
    ['b', 'steps.early'],
    ['b', 'vars.tier'],
  ])
  expect(missingReads({ from, to: from }, ['wait'])).toEqual([])
})
