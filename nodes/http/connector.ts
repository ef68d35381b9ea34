import { z } from 'zod'
import { defineConnector } from '../define.ts'
import { FaultError } from '../fault.ts'
import { fields } from '../fields.ts'
import { parseSettings } from '../settings.ts'
import type { HttpClient } from './types.ts'

const webAddress = z
  .url({ protocol: /^https?$/, error: 'Write an address that starts with https:// or http://.' })
  .max(2000)

const credentials = z.strictObject({
  secret: fields
    .secret('Secret', { help: 'The header’s whole value, such as “Bearer 3f9…”. Leave it empty for none.' })
    .optional(),
})

const settings = z.strictObject({
  baseUrl: fields
    .of(webAddress, {
      widget: 'text',
      label: 'Base URL',
      help: 'Steps may then write paths below it. Needed with a secret, which is sent to this origin only.',
      placeholder: 'https://api.example.com/v1',
    })
    .optional(),
  headerName: fields
    .text('Header of the secret', { max: 100, help: 'Authorization unless the service says otherwise.' })
    .regex(/^[A-Za-z0-9-]+$/, 'A header name has letters, digits and hyphens only.')
    .default('Authorization'),
  allowPrivate: fields
    .boolean('Allow private addresses', {
      help: 'Lets steps call this machine and private networks. Link-local and metadata addresses stay refused.',
    })
    .default(false),
})

export const httpConnector = defineConnector<HttpClient>({
  app: 'http',
  label: 'HTTP',
  icon: 'globe',
  help: 'Any web service: with a secret header, or with none.',
  auth: ['none', 'token'],
  oauth: null,
  credentials,
  settings,
  budget: null,
  async client(connection, environment) {
    const { secret } = parseSettings(credentials, connection.credentials, 'HTTP')
    const { baseUrl, headerName, allowPrivate } = parseSettings(settings, connection.settings, 'HTTP')
    if (secret !== undefined && baseUrl === undefined)
      throw new FaultError({
        code: 'CONFIGURATION',
        who: 'user',
        message: 'The HTTP connection has a secret but no base URL, so it is not known where the secret may go.',
        fix: 'Enter the base URL in Connections.',
      })
    const { makeHttpClient } = await import('./client.ts')
    const access = {
      baseUrl: baseUrl ?? null,
      secret: secret === undefined ? null : { header: headerName, value: secret },
      allowPrivate,
    }
    return makeHttpClient(access, environment)
  },
  /** With a base URL one GET of it: whatever it answers short of a refusal shows that it is there and lets us in. */
  async check(client): Promise<{ identity: string; details: { [name: string]: number } }> {
    if (client.baseUrl === null) return { identity: 'Any public address', details: {} }
    const identity = new URL(client.baseUrl).origin
    try {
      const answer = await client.send({ method: 'GET', url: client.baseUrl, headers: {} })
      return { identity, details: { status: answer.status } }
    } catch (error) {
      const status = error instanceof FaultError ? error.fault.vendor?.status : undefined
      if (status !== 404 && status !== 405) throw error
      return { identity, details: { status } }
    }
  },
})
