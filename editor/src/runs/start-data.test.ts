import { expect, it } from 'vitest'
import type { PlaybookDocument } from '../../../engine/model/playbook.ts'
import { filledIn, manualStart, newStartKey, turnWords } from './start-data.ts'

const withTrigger = (type: string, input: PlaybookDocument['steps'][number]['input'] = {}): PlaybookDocument => ({
  name: 'Call them',
  subject: 'contact',
  enrollment: { reentry: { policy: 'every' }, exit: [], goal: null },
  steps: [{ id: 'start', type, input }],
  edges: [],
})

it('finds the fields of the trigger with what they mean', () => {
  const document = withTrigger('trigger.manual', { fields: { reason: 'Why now', plan: 'Which plan' } })
  expect(manualStart(document)).toEqual({
    fields: [
      { name: 'reason', help: 'Why now' },
      { name: 'plan', help: 'Which plan' },
    ],
  })
})

it('tells a trigger that names no fields from one that names none to take', () => {
  expect(manualStart(withTrigger('trigger.manual@1'))).toEqual({ fields: null })
  expect(manualStart(withTrigger('trigger.manual', { fields: {} }))).toEqual({ fields: [] })
})

it('finds nothing where only an event starts it', () => {
  expect(manualStart(withTrigger('trigger.event', { event: 'Login' }))).toBeNull()
})

it('sends what was filled in, spaces and all', () => {
  expect(filledIn({ reason: ' asked for', plan: '' })).toEqual({ reason: ' asked for' })
})

it('names each wish differently', () => {
  expect(newStartKey()).toMatch(/^app-[0-9a-f]{32}$/)
  expect(newStartKey()).not.toBe(newStartKey())
})

it('says what becomes of a start beside an open run, where the playbook has runs wait', () => {
  const document = withTrigger('trigger.manual')
  const words = (concurrency: PlaybookDocument['enrollment']['concurrency']) =>
    turnWords({ ...document, enrollment: { ...document.enrollment, ...(concurrency && { concurrency }) } })
  expect([words(undefined), words({ policy: 'together' })]).toEqual([null, null])
  expect(words({ policy: 'queue', most: 3 })).toContain('waits for its turn')
  expect(words({ policy: 'newest' })).toContain('in the place of any that waited')
  expect(words({ policy: 'replace' })).toContain('is told to end')
})
