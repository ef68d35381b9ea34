import { expect, it } from 'vitest'
import { goneSteps, saidMoves, unsaid } from './go-over.ts'

const gone = (version: number, runs: number) => ({
  step: 'old',
  label: 'OLD',
  version,
  runs,
  change: 'gone' as const,
  targets: [{ step: 'next', label: 'Next' }],
})
const kept = { ...gone(2, 3), step: 'kept', change: 'same' as const, targets: [] }
const preview = {
  open: 12,
  versions: [],
  waits: [gone(2, 5), gone(1, 4), kept],
  warnings: [],
}

it('asks once for a step that is gone, however many versions its runs are of', () => {
  const asked = goneSteps(preview)
  expect(asked).toEqual([{ step: 'old', label: 'OLD', runs: 9, targets: [{ step: 'next', label: 'Next' }] }])
  expect(unsaid(asked, {})).toBe(9)
  expect(unsaid(asked, { old: { exit: ' ' } }), 'a reason is still to be written').toBe(9)
  expect(unsaid(asked, { old: { to: 'next' } })).toBe(0)
  expect(saidMoves({ old: { exit: '' }, other: { to: 'next' } })).toEqual({ other: { to: 'next' } })
})
