import { describe, expect, it } from 'vitest'
import { reachOf } from './addresses.ts'

describe('reachOf', () => {
  it.each([
    ['127.0.0.1', 'inner'],
    ['127.255.255.254', 'inner'],
    ['128.0.0.1', 'public'],
    ['10.0.0.1', 'inner'],
    ['11.0.0.1', 'public'],
    ['172.15.255.255', 'public'],
    ['172.16.0.1', 'inner'],
    ['172.31.255.255', 'inner'],
    ['172.32.0.1', 'public'],
    ['192.168.1.1', 'inner'],
    ['100.64.0.1', 'inner'],
    ['100.128.0.1', 'public'],
    ['198.18.0.1', 'inner'],
    ['93.184.216.34', 'public'],
    ['::1', 'inner'],
    ['fc00::1', 'inner'],
    ['fd12:3456::1', 'inner'],
    ['2606:2800:220:1::1', 'public'],
    ['::ffff:93.184.216.34', 'public'],
  ])('says where %s leads: %s', (address, reach) => {
    expect(reachOf(address)).toBe(reach)
  })

  it.each([
    '0.0.0.0',
    '169.254.169.254',
    '100.100.100.200',
    '224.0.0.1',
    '255.255.255.255',
    'fe80::1',
    'ff02::1',
    '::',
    'fd00:ec2::254',
  ])('never allows %s', (address) => {
    expect(reachOf(address)).toBe('never')
  })

  it.each(['::ffff:127.0.0.1', '::ffff:7f00:1', '::ffff:10.0.0.1', '64:ff9b::7f00:1', '2002:7f00:1::', '::127.0.0.1'])(
    'sees through the IPv6 clothes of %s',
    (address) => {
      expect(reachOf(address)).not.toBe('public')
    },
  )

  it('sees the metadata address through IPv6 clothes', () => {
    expect(reachOf('::ffff:169.254.169.254')).toBe('never')
  })

  it('takes nothing for an address that is none', () => {
    expect(reachOf('example.com')).toBe('never')
  })
})
