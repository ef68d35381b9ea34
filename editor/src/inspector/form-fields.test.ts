import { expect, it } from 'vitest'
import type { PlaybookDocument } from '../../../engine/model/playbook.ts'
import { addFormField, namedByQuestion, optionsIn, readsValue } from './form-fields.ts'

const [fresh] = addFormField([])
if (fresh === undefined) throw new Error('No field was added.')
const free = { taken: [], isRead: false }

it('names a new field after its question, once', () => {
  const named = namedByQuestion({ ...fresh, label: 'What did thy say?' }, free)
  expect(named.name).toBe('what_did_thy_say')
  // A mended question leaves the name alone: later steps may read it by now.
  expect(namedByQuestion({ ...named, label: 'What did they say?' }, free).name).toBe('what_did_thy_say')
  expect(namedByQuestion({ ...fresh, name: 'own', label: 'Anything' }, free).name).toBe('own')
})

it('keeps the given name where the other is taken, is none, or something reads it', () => {
  const seats = { ...fresh, label: 'Seats' }
  expect(namedByQuestion(seats, { taken: ['seats'], isRead: false }).name).toBe('field_1')
  expect(namedByQuestion({ ...fresh, label: '42?' }, free).name).toBe('field_1')
  expect(namedByQuestion(seats, { taken: [], isRead: true }).name).toBe('field_1')
})

it('finds who reads a field: in a text, or in a rule', () => {
  const reading = (input: PlaybookDocument['steps'][number]['input']) => ({
    enrollment: { reentry: { policy: 'every' as const }, exit: [], goal: null },
    steps: [{ id: 'tell', type: 'slack.sendMessage', input }],
  })
  expect(readsValue(reading({ text: 'Wants {{ steps.ask.values.field_1 }}' }), 'field_1')).toBe(true)
  const cases = [{ port: 'many', if: { property: 'steps.ask.values.field_1', op: 'gt', value: 1 } }]
  expect(readsValue(reading({ cases }), 'field_1')).toBe(true)
  expect(readsValue(reading({ text: '{{ steps.ask.values.field_12 }} field_1' }), 'field_1')).toBe(false)
})

it('takes each line that says something as an option', () => {
  expect(optionsIn('Renew\n\n  \nLeave\n')).toEqual(['Renew', 'Leave'])
})
