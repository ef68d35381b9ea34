import { expect, it } from 'vitest'
import { identityLines } from './identity-model.ts'

it('lists each id once, and lets go only of those that were told as identities', () => {
  const lines = identityLines({
    id: '0193',
    externalId: 'u-1',
    identities: [
      { kind: 'email', value: 'ada@example.com' },
      { kind: 'vendor_id', value: 'intercom:5ba6' },
    ],
    links: { intercom: '5ba6', salesforce: '003A' },
  })
  expect(lines.map(({ words, value, identity }) => [words, value, identity !== null])).toEqual([
    ['Your id', 'u-1', false],
    ['E-mail', 'ada@example.com', true],
    ['Elsewhere', 'intercom:5ba6', true],
    ['salesforce', '003A', false],
    ['Our id', '0193', false],
  ])
})
