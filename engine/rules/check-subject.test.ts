import { expect, it } from 'vitest'
import { subjectIssues } from './check-subject.ts'

it.each(['trigger.properties.plan', 'steps.find.id', 'vars.discount', 'item.sku', 'item'])(
  'refuses %s of a rule that is asked of subjects: only runs have that',
  (property) => {
    expect(subjectIssues('contact', { not: { property, op: 'exists' } })).toEqual([
      { message: `${property}: only runs have that.`, fix: 'Use a property of the contact or account, or an event.' },
    ])
  },
)

it('takes properties of a contact, and of its account', () => {
  for (const property of ['contact.plan', 'account.plan'])
    expect(subjectIssues('contact', { property, op: 'exists' })).toEqual([])
})
