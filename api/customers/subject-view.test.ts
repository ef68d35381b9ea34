import { expect, it } from 'vitest'
import { goneView, labelOf } from './subject-view.ts'

const id = '0193b0de-7000-7000-8000-0000c0ffee42'
const nobody = { id, name: null, email: null, externalId: null }

it('calls somebody by the name, else the e-mail address, else your id', () => {
  expect(labelOf('contact', { ...nobody, name: 'Ada', email: 'ada@example.com', externalId: 'u-1' })).toBe('Ada')
  expect(labelOf('contact', { ...nobody, name: ' ', email: 'ada@example.com', externalId: 'u-1' })).toBe(
    'ada@example.com',
  )
  expect(labelOf('contact', { ...nobody, externalId: 'u-1' })).toBe('u-1')
  expect(labelOf('account', { ...nobody, externalId: 'acme' })).toBe('acme')
})

it('shows nobody a whole id of ours: of those without any name the end tells them apart', () => {
  expect(labelOf('contact', nobody)).toBe('Visitor c0ffee42')
  expect(labelOf('account', nobody)).toBe('Account c0ffee42')
  expect(goneView('contact', id).label).toBe('Deleted contact c0ffee42')
})
