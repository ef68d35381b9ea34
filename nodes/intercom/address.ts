const HOSTS = new Set(['api.intercom.io', 'api.eu.intercom.io', 'api.au.intercom.io'])
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
