import { expect, it } from 'vitest'
import { hasKeyField, KEY_FIELD } from './key-field.ts'
import type { SalesforceField } from './types.ts'

const right: SalesforceField = {
  name: KEY_FIELD,
  type: 'string',
  length: 255,
  externalId: true,
  unique: true,
  createable: true,
  updateable: true,
}

it('is installed only where Salesforce itself refuses a second record with the same key', () => {
  const installed = (more: Partial<SalesforceField>) =>
    hasKeyField({ name: 'Opportunity', fields: [{ ...right, ...more }] })
  expect(installed({})).toBe(true)
  expect(installed({ unique: false })).toBe(false)
  expect(installed({ externalId: false })).toBe(false)
  expect(installed({ createable: false })).toBe(false)
  expect(installed({ name: 'Other_Key__c' })).toBe(false)
})
