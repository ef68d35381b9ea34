import { z } from 'zod'
import { defineConnector } from '../define.ts'
import { fields } from '../fields.ts'
import { addressForRegion, refuseAddress, STANDARD_ADDRESS } from './address.ts'
import type { IntercomClient } from './types.ts'

const address = z.string().superRefine((value, context) => {
  const refusal = refuseAddress(value)
  if (refusal !== null) context.addIssue({ code: 'custom', message: refusal })
})

export const intercomConnector = defineConnector<IntercomClient>({
  app: 'intercom',
  label: 'Intercom',
  icon: 'intercom',
  help: 'Tags and updates contacts and sends events in an Intercom workspace.',
  auth: ['oauth', 'token'],
  // Intercom has no scopes in the address (they are ticked per app), no PKCE and no refresh token: tokens do not expire.
  oauth: {
    authorizeUrl: '{base}/oauth',
    tokenUrl: '{base}/auth/eagle/token',
    vendorBases: { authorize: 'https://app.intercom.com', token: STANDARD_ADDRESS },
    scopes: [],
    pkce: false,
    refreshable: false,
  },
  credentials: z.object({
    accessToken: fields.of(z.string().min(1), {
      widget: 'secret',
      label: 'Access token',
      help: "From your app's page in Intercom's Developer Hub, under Authentication.",
      template: false,
    }),
  }),
  settings: z.object({
    baseUrl: fields.of(address.default(STANDARD_ADDRESS), {
      widget: 'text',
      label: 'API address',
      help: 'Where the workspace lives: https://api.intercom.io (US), https://api.eu.intercom.io or https://api.au.intercom.io. Set right by itself once Intercom has told the region.',
      placeholder: STANDARD_ADDRESS,
      template: false,
    }),
  }),
  // Intercom allows a private app 10,000 calls a minute and enforces that as 1,666 per 10 s. The rest is left to the
  // workspace's other uses; an app that shares its allowance lowers this per connection.
  budget: { calls: 1_500, perMs: 10_000 },
  load: async () => void (await (await import('./client.ts')).loadSdk()),
  client: async (connection, environment) => {
    const { intercomClient } = await import('./client.ts')
    return intercomClient(connection, environment)
  },
  check: async (client, kept) => {
    const { name, email, ...details } = await client.identity()
    const address = addressForRegion(kept['baseUrl'], details.region)
    return {
      identity: `${name} (${email})`,
      details: { name, email, ...details },
      ...(address === null ? {} : { settings: { baseUrl: address } }),
    }
  },
})
