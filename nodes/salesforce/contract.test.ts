import { connectorContract } from '../../test/contract/connector.ts'
import { startSandboxHost } from '../sandbox/host.ts'
import { salesforceConnector } from './connector.ts'
import { salesforceSandbox } from './sandbox/salesforce-sandbox.ts'
import { soql } from './soql.ts'
import type { SalesforceClient } from './types.ts'

connectorContract<SalesforceClient>('Salesforce', {
  connector: salesforceConnector,
  start: () => startSandboxHost({ apps: [salesforceSandbox], port: 0, dataDir: null }),
  connect: async ({ url }) => {
    const response = await fetch(`${url}/_sandbox/salesforce/tokens`, { method: 'POST' })
    const { accessToken, refreshToken, instanceUrl } = (await response.json()).data
    return { id: 'contract', app: 'salesforce', credentials: { accessToken, refreshToken }, settings: { instanceUrl } }
  },
  read: {
    run: (client) => client.query(soql`SELECT Id FROM Account`),
    method: 'GET',
    path: '/services/data/v66.0/query',
  },
  write: {
    run: (client) =>
      client.upsert({
        object: 'Account',
        externalIdField: 'Signalbox_Key__c',
        externalId: 'run:step:1',
        values: { Name: 'Northwind' },
      }),
    method: 'PATCH',
    path: '/services/data/v66.0/composite/sobjects/Account',
  },
  count: async ({ url }) => {
    const response = await fetch(`${url}/_sandbox/salesforce/records/Account`)
    return (await response.json()).data.length
  },
  limited: {
    answer: {
      status: 403,
      body: [
        {
          errorCode: 'REQUEST_LIMIT_EXCEEDED',
          message: 'ConcurrentRequests (Concurrent API Requests) Limit exceeded.',
        },
      ],
    },
    code: 'VENDOR_BUSY',
    retryAfterMs: { least: 1_000, most: 10_000 },
  },
})
