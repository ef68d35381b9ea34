/** By `app.region` of `GET /me`. */
const REGIONS: { [region: string]: string } = {
  US: 'https://api.intercom.io',
  EU: 'https://api.eu.intercom.io',
  AU: 'https://api.au.intercom.io',
}
const HOSTS = new Set(Object.values(REGIONS).map((address) => new URL(address).hostname))
const LOOPBACK = new Set(['localhost', '127.0.0.1', '[::1]'])

/** The API of workspaces in the United States. */
export const STANDARD_ADDRESS = 'https://api.intercom.io'

/** Why an address cannot be Intercom's API, or null when it can. The token travels with every call, so others are refused. */
export function refuseAddress(address: string): string | null {
  if (!URL.canParse(address)) return `Write the whole address, e.g. ${STANDARD_ADDRESS}.`
  const url = new URL(address)
  if (url.username !== '' || url.search !== '' || url.hash !== '') return 'Leave out everything after the address.'
  if (LOOPBACK.has(url.hostname)) return null
  if (url.protocol !== 'https:') return 'Use https: the access token travels with every call.'
  if (!HOSTS.has(url.hostname)) return `Use one of ${[...HOSTS].join(', ')}, or the sandbox on this machine.`
  return null
}

/**
 * The API of a workspace's region. Signing in leads to one host for all regions, so only the workspace itself tells.
 * @param kept the address as it is kept; one that is not Intercom's own (a stand-in's) stays
 * @param region as `GET /me` names it
 * @returns null where nothing is to be changed
 */
export function addressForRegion(kept: unknown, region: string): string | null {
  const own =
    kept === undefined || (typeof kept === 'string' && URL.canParse(kept) && HOSTS.has(new URL(kept).hostname))
  const address = Object.hasOwn(REGIONS, region) ? REGIONS[region] : undefined
  return own && address !== undefined && address !== kept ? address : null
}
