import type { OpenedConnection } from '../define.ts'
import { FaultError } from '../fault.ts'
import type { Grant } from './transport.ts'

const LOOPBACK = new Set(['localhost', '127.0.0.1', '[::1]'])

/**
 * Why an address cannot be an org's, or null when it can. Plain http is for the sandbox on this machine only: an access
 * token travels with every call.
 */
export function refuseInstanceUrl(address: string): string | null {
  if (!URL.canParse(address)) return 'Write the whole address, e.g. https://yourcompany.my.salesforce.com.'
  const url = new URL(address)
  if (url.protocol !== 'https:' && !(url.protocol === 'http:' && LOOPBACK.has(url.hostname)))
    return 'Use https: the access token travels with every call.'
  if (/\.lightning\.(force\.com|crmforce\.mil)$/.test(url.hostname))
    return 'Use the My Domain address (….my.salesforce.com): Lightning addresses do not serve the API.'
  if (url.username !== '' || url.search !== '' || url.hash !== '') return 'Leave out everything after the address.'
  return null
}

/**
 * Address and token of an opened connection. OAuth keeps `instanceUrl` with the credentials (a renewal may move it);
 * a pasted token has it in the settings.
 * @throws FaultError CONFIGURATION naming what is missing
 */
export function grantOf(connection: OpenedConnection): Grant {
  const accessToken = connection.credentials['accessToken']
  const address = connection.credentials['instanceUrl'] ?? connection.settings['instanceUrl']
  if (!accessToken) throw misconfigured('The Salesforce connection has no access token.')
  if (typeof address !== 'string') throw misconfigured('The Salesforce connection has no instance address.')
  const refusal = refuseInstanceUrl(address)
  if (refusal !== null) throw misconfigured(`The instance address of the Salesforce connection is refused. ${refusal}`)
  return { accessToken, instanceUrl: address.replace(/\/+$/, '') }
}

/** What of an opened connection may stand in no message: all of it but the address. */
export const secretsOf = ({ credentials }: OpenedConnection): string[] =>
  Object.entries(credentials).flatMap(([name, value]) => (name === 'instanceUrl' || value === '' ? [] : [value]))

function misconfigured(message: string): FaultError {
  return new FaultError({ code: 'CONFIGURATION', who: 'user', message, fix: 'Reconnect Salesforce in Connections.' })
}
