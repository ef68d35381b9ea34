import fc from 'fast-check'
import { expect, it } from 'vitest'
import { makeId, normalizeId, withChecksum } from './ids.ts'

it.each([
  // The first worked out by hand; the others are ids that every org has.
  ['0018A00000AbCdE', '0018A00000AbCdEQAV'],
  ['001000000000000', '001000000000000AAA'],
  ['012000000000000', '012000000000000AAA'],
])('gives %s its checksum', (id15, id18) => {
  expect(withChecksum(id15)).toBe(id18)
})

it('makes ids that differ, have the prefix, and survive loss of case and of the checksum', () => {
  fc.assert(
    fc.property(fc.nat(2 ** 40), fc.nat(2 ** 40), (left, right) => {
      const id = makeId('006', left)
      expect(id).toMatch(/^006[A-Za-z0-9]{15}$/)
      expect(normalizeId(id.slice(0, 15))).toBe(id)
      expect(normalizeId(id.toLowerCase())).toBe(id)
      if (left !== right) expect(makeId('006', right)).not.toBe(id)
    }),
  )
})

it.each(['', '001', '001-00000000000', '0010000000000000', '001000000000000ZZZ'])('tells that %j is no id', (text) => {
  expect(normalizeId(text)).toBeNull()
})
