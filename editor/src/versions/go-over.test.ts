import { expect, it } from 'vitest'
import { goneSteps, saidMoves, unsaid } from './go-over.ts'

const wait = (step: string, version: number, runs: number, change: 'same' | 'changed' | 'gone') => ({
  step,
  label: step.toUpperCase(),
  version,
  runs,
  change,
  targets: change === 'gone' ? [{ step: 'next', label: 'Next' }] : [],
})
const preview = {
  open: 12,
  versions: [],
  waits: [wait('old', 2, 5, 'gone'), wait('old', 1, 4, 'gone'), wait('kept', 2, 3, 'same')],
  warnings: [],
}

it('asks once for a step that is gone, however many versions its runs are of', () => {
  const gone = goneSteps(preview)
  expect(gone).toEqual([{ step: 'old', label: 'OLD', runs: 9, targets: [{ step: 'next', label: 'Next' }] }])
  expect(unsaid(gone, {})).toBe(9)
  expect(unsaid(gone, { old: { exit: ' ' } }), 'a reason is still to be written').toBe(9)
  expect(unsaid(gone, { old: { to: 'next' } })).toBe(0)
  expect(saidMoves({ old: { exit: '' }, other: { to: 'next' } })).toEqual({ other: { to: 'next' } })
})
