import { z } from 'zod'
import { defineConnector } from '../define.ts'
import { fields } from '../fields.ts'
import { refuseInstanceUrl } from './grant.ts'
import type { SalesforceClient } from './types.ts'

/** Where users of production orgs sign in; orgs of their own kind (sandboxes, My Domain) have other addresses. */
const LOGIN = 'https://login.salesforce.com'

const instanceUrl = z.string().superRefine((address, context) => {
  const refusal = refuseInstanceUrl(address)
  if (refusal !== null) context.addIssue({ code: 'custom', message: refusal })
})

export const salesforceConnector = defineConnector<SalesforceClient>({
  app: 'salesforce',
  label: 'Salesforce',
  icon: 'salesforce',
  help: 'Creates and updates records in a Salesforce org. Needs a user with the "API Enabled" permission.',
  auth: ['oauth', 'token'],
  oauth: {
    authorizeUrl: '{base}/services/oauth2/authorize',
    tokenUrl: '{base}/services/oauth2/token',
    vendorBases: { authorize: LOGIN, token: LOGIN },
    scopes: ['api', 'refresh_token', 'id'],
    pkce: true,
    refreshable: true,
  },
  credentials: z.object({
    accessToken: fields.of(z.string().min(1), {
      widget: 'secret',
      label: 'Access token',
      help: 'A session or OAuth access token. It ends with the session and cannot be renewed: prefer signing in.',
      template: false,
    }),
  }),
  settings: z.object({
    instanceUrl: fields.of(instanceUrl, {
      widget: 'text',
      label: 'Instance address',
      help: "The org's My Domain address.",
      placeholder: 'https://yourcompany.my.salesforce.com',
      template: false,
    }),
  }),
  // Salesforce counts calls per 24 h by the org's licences and says in every answer how many are used; it has no limit
  // per second to keep. The daily refusal pauses the connection, the concurrency refusal backs off (faults.ts).
  budget: null,
  load: async () => void (await (await import('./client.ts')).loadSdk()),
  client: async (connection, environment) => {
    const { salesforceClient } = await import('./client.ts')
    return salesforceClient(connection, environment)
  },
  check: async (client) => {
    const who = await client.identity()
    return {
      identity: who.username,
      details: {
        userId: who.userId,
        organizationId: who.organizationId,
        email: who.email,
        instanceUrl: who.instanceUrl,
      },
    }
  },
})
