import { expect, it } from 'vitest'
import { addressForRegion, refuseAddress } from './address.ts'

it('follows the region that Intercom tells', () => {
  expect(addressForRegion(undefined, 'EU')).toBe('https://api.eu.intercom.io')
  expect(addressForRegion('https://api.intercom.io', 'AU')).toBe('https://api.au.intercom.io')
  expect(addressForRegion('https://api.eu.intercom.io', 'US')).toBe('https://api.intercom.io')
})

it('leaves an address that is right, one that is not Intercom’s own, and a region nobody knows', () => {
  expect(addressForRegion('https://api.eu.intercom.io', 'EU')).toBeNull()
  expect(addressForRegion('http://127.0.0.1:4010/intercom', 'EU')).toBeNull()
  expect(addressForRegion('https://api.intercom.io', 'MARS')).toBeNull()
  expect(addressForRegion('https://api.intercom.io', 'constructor')).toBeNull()
})

it('takes the addresses it leads to', () => {
  for (const region of ['US', 'EU', 'AU']) {
    const address = addressForRegion(undefined, region)
    expect(address !== null && refuseAddress(address)).toBeNull()
  }
})
