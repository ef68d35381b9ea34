import { randomBytes } from 'node:crypto'
import { expect, it } from 'vitest'
import { openVault } from './vault.ts'

const passphrase = 'a passphrase of at least thirty-two characters'
const named = (id: string) => `${id}:${randomBytes(32).toString('base64')}`

it('opens what it sealed, and the sealed bytes show nothing of it', () => {
  const vault = openVault(passphrase)
  const sealed = vault.seal('connection:w:1', { accessToken: 'tok_very_secret' })
  expect(sealed.toString('latin1')).not.toContain('tok_very_secret')
  expect(vault.open('connection:w:1', sealed)).toEqual({ accessToken: 'tok_very_secret' })
})

it('does not open a value that was moved to another record', () => {
  const vault = openVault(passphrase)
  const sealed = vault.seal('connection:w:1', { token: 'x' })
  expect(() => vault.open('connection:w:2', sealed)).toThrow(/belongs to another record/)
})

it('does not open a value of which one bit was changed, wherever it is', () => {
  const vault = openVault(passphrase)
  const sealed = vault.seal('c', { token: 'x' })
  for (let at = 0; at < sealed.length; at++) {
    const changed = Buffer.from(sealed)
    changed[at] = (changed[at] ?? 0) ^ 1
    expect(() => vault.open('c', changed)).toThrow()
  }
})

it('opens with an older key after a new one was put in front, and says that the value is stale', () => {
  const [older, newer] = [named('2026a'), named('2026b')]
  const sealed = openVault(older).seal('c', { token: 'x' })
  const rotated = openVault(`${newer},${older}`)
  expect(rotated.open('c', sealed)).toEqual({ token: 'x' })
  expect(rotated.isStale(sealed)).toBe(true)
  const resealed = rotated.seal('c', rotated.open('c', sealed))
  expect(openVault(newer).open('c', resealed)).toEqual({ token: 'x' })
  expect(rotated.isStale(resealed)).toBe(false)
})

it('keeps sessions signed the same way while a new key is in front', () => {
  const [older, newer] = [named('a'), named('b')]
  expect(openVault(`${newer},${older}`).derive('sessions')).toBe(openVault(older).derive('sessions'))
})

it('takes a former passphrase as a later item', () => {
  const sealed = openVault(passphrase).seal('c', { token: 'x' })
  expect(openVault(`${named('new')},${passphrase}`).open('c', sealed)).toEqual({ token: 'x' })
})

it('names the key that is missing', () => {
  const sealed = openVault(named('old')).seal('c', { token: 'x' })
  expect(() => openVault(named('new')).open('c', sealed)).toThrow(/"old".*Put that key back/)
})

it('refuses a short passphrase with the remedy', () => {
  expect(() => openVault('short')).toThrow(/32 characters/)
})
