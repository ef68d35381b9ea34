import { expect, it } from 'vitest'
import type { RunStep } from '../api/types.ts'
import { marksOf, takenBy } from './run-marks.ts'

const step = (id: string, status: RunStep['status'], port: string | null = null): RunStep => ({
  id,
  type: 'http.request@1',
  label: id,
  status,
  visit: 1,
  attempts: 1,
  startedAt: null,
  endedAt: null,
  until: null,
  port,
  ports: ['out'],
  why: null,
  input: null,
  output: null,
  fault: null,
  items: null,
  effect: null,
  version: null,
  note: null,
})

it('draws the way a run took behind a failure that is dealt with, and says so', () => {
  const steps = [step('call', 'failed', 'error'), step('next', 'skipped'), step('tell', 'done', 'out')]
  const taken = takenBy(steps)
  expect([taken('call', 'out', 'next'), taken('call', 'error', 'tell')]).toEqual([false, true])
  expect(marksOf(steps).get('call')).toEqual({ status: 'failed', words: 'and dealt with' })
})

it('draws no way behind a failure that ended the run', () => {
  const steps = [step('call', 'failed'), step('next', 'skipped')]
  expect(takenBy(steps)('call', 'out', 'next')).toBe(false)
  expect(marksOf(steps).get('call')).toEqual({ status: 'failed' })
})

it('draws the ways that items of a list took, and how many of them', () => {
  const items = (total: number, failed = 0) => ({ total, done: total - failed, failed })
  const steps = [
    { ...step('orders', 'done', 'out'), items: items(3, 1) },
    { ...step('big', 'done'), items: items(3) },
    { ...step('tag', 'failed'), items: items(1, 1) },
    { ...step('never', 'skipped'), items: items(0) },
    step('end', 'done', 'out'),
  ]
  const taken = takenBy(steps)
  expect([taken('orders', 'item', 'big'), taken('big', 'yes', 'tag'), taken('big', 'else', 'never')]).toEqual([
    true,
    true,
    false,
  ])
  expect([taken('orders', 'out', 'end'), taken('orders', 'error', 'end')]).toEqual([true, false])
  expect(marksOf(steps).get('orders')).toEqual({ status: 'done', words: '2 of 3 items, 1 failed' })
  expect(marksOf(steps).get('tag')?.words).toBe('0 of 1 item, 1 failed')
})
