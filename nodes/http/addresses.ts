import { BlockList, isIP } from 'node:net'

/**
 * Which addresses a step may call. A playbook's author chooses the URL and the server makes the call, so without this
 * guard an author could read what only the server can reach (RFC 6890 and its IPv6 counterparts list the ranges).
 */

const ipv4 = (list: BlockList, ranges: string[]) => add(list, ranges, 'ipv4')
const ipv6 = (list: BlockList, ranges: string[]) => add(list, ranges, 'ipv6')
function add(list: BlockList, ranges: string[], family: 'ipv4' | 'ipv6'): void {
  for (const range of ranges) {
    const [address, bits] = range.split('/')
    list.addSubnet(address ?? '', Number(bits), family)
  }
}

/** Never, whatever a connection allows: link-local (cloud metadata lives there), multicast, unspecified, reserved. */
const never = new BlockList()
ipv4(never, ['0.0.0.0/8', '169.254.0.0/16', '192.0.0.0/24', '224.0.0.0/4', '240.0.0.0/4', '100.100.100.200/32'])
ipv6(never, ['::/128', 'fe80::/10', 'ff00::/8', 'fd00:ec2::/32', '100::/64', '5f00::/16'])

/** Only where the connection says so: this machine and private networks. */
const inner = new BlockList()
ipv4(inner, ['10.0.0.0/8', '100.64.0.0/10', '127.0.0.0/8', '172.16.0.0/12', '192.168.0.0/16'])
ipv4(inner, ['192.0.2.0/24', '192.88.99.0/24', '198.18.0.0/15', '198.51.100.0/24', '203.0.113.0/24'])
ipv6(inner, ['::1/128', 'fc00::/7', 'fec0::/10', '2001:db8::/32', '3fff::/20'])
// These wrap an IPv4 address in an IPv6 one (NAT64, 6to4, Teredo) and so lead round the ranges above.
ipv6(inner, ['64:ff9b::/96', '64:ff9b:1::/48', '2001::/23', '2002::/16', '::/96'])

export type Reach = 'public' | 'inner' | 'never'

/** Where an address leads. IPv4 in IPv6 clothes (`::ffff:127.0.0.1`) counts as what it is. */
export function reachOf(address: string): Reach {
  const family = isIP(address)
  if (family === 0) return 'never'
  const kind = family === 4 ? 'ipv4' : 'ipv6'
  if (never.check(address, kind)) return 'never'
  return inner.check(address, kind) ? 'inner' : 'public'
}
