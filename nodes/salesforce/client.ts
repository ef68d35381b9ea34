import type { Connection } from '@jsforce/jsforce-node'
import type { ClientEnvironment, OpenedConnection } from '../define.ts'
import { FaultError } from '../fault.ts'
import { cachedDescribe } from './describe-cache.ts'
import { faultOfLostAnswer, faultOfResult } from './faults.ts'
import { grantOf, secretsOf } from './grant.ts'
import { noStream, sendCall, type TransportSetup } from './transport.ts'
import type {
  NewTextField,
  SalesforceClient,
  SalesforceIdentity,
  SalesforceObject,
  SalesforceRow,
  UpsertRequest,
} from './types.ts'

/** Pinned: the SDK's own default is years old, and field types change between versions. */
export const API_VERSION = '66.0'

/** One page of Salesforce's; more than this is a search too wide for an action. */
const MAX_ROWS = 2_000

/**
 * Assignment rules are on by default in REST and can move a record to another owner on any update; an action writes what
 * it says and no more.
 */
const WRITE_HEADERS = { 'Sforce-Auto-Assign': 'FALSE' }

/** Takes some 0.5 s: a worker does it before the first run needs it. */
export const loadSdk = () =>
  Promise.all([import('@jsforce/jsforce-node/lib/connection.js'), import('@jsforce/jsforce-node/lib/util/promise.js')])

/**
 * The client over `@jsforce/jsforce-node`, loaded at first use because it is heavy. It repeats nothing, renews an
 * expired session once per call, and throws only FaultErrors.
 * @throws FaultError CONFIGURATION for a connection without a usable address or token
 */
export async function salesforceClient(
  connection: OpenedConnection,
  environment: ClientEnvironment,
): Promise<SalesforceClient> {
  const [{ Connection: SdkConnection }, { StreamPromise }] = await loadSdk()
  let grant = grantOf(connection)
  const secrets = new Set(secretsOf(connection))
  const sdk: Connection = new SdkConnection({ ...grant, version: API_VERSION })
  const setup: TransportSetup = {
    environment,
    grant: () => grant,
    secrets: () => [...secrets],
    renew: async () => {
      const fresh = await environment.refresh()
      grant = grantOf(fresh)
      for (const secret of secretsOf(fresh)) secrets.add(secret)
      sdk.accessToken = grant.accessToken
      sdk.instanceUrl = grant.instanceUrl
      return grant
    },
  }
  sdk._transport = {
    httpRequest: (request) => StreamPromise.create(() => ({ stream: noStream(), promise: sendCall(request, setup) })),
    getRequestStreamCreator: () => noStream,
  }
  return {
    identity: () => identity(sdk),
    describe: (object, accept) =>
      cachedDescribe({ scope: `${connection.id} ${grant.instanceUrl}`, object, accept }, () => describe(sdk, object)),
    query: (statement, more = {}) => query(sdk, statement.text, more.deleted ?? false),
    create: (object, values) => create(sdk, object, values),
    upsert: (request) => upsert(sdk, request),
    createTextField: (field) => createTextField(sdk, field),
    recordUrl: (id) => `${grant.instanceUrl}/${id}`,
  }
}

async function identity(sdk: Connection): Promise<SalesforceIdentity> {
  const said = await sdk.request('/services/oauth2/userinfo')
  const text = (name: string) => (isRecord(said) && typeof said[name] === 'string' ? said[name] : null)
  const [userId, organizationId, username] = [text('user_id'), text('organization_id'), text('preferred_username')]
  if (userId === null || organizationId === null || username === null) throw unreadable('GET', 'who the user is')
  return { userId, organizationId, username, email: text('email'), instanceUrl: sdk.instanceUrl }
}

async function describe(sdk: Connection, object: string): Promise<SalesforceObject> {
  const said = await sdk.describe(object)
  if (!isRecord(said) || !Array.isArray(said.fields)) throw unreadable('GET', `what ${object} looks like`)
  const fields = said.fields.map(({ name, type, length, externalId, unique, createable, updateable }) => ({
    name,
    type,
    length: length ?? 0,
    externalId: externalId === true,
    unique: unique === true,
    createable,
    updateable,
  }))
  return { name: said.name, fields }
}

async function query(sdk: Connection, statement: string, deleted: boolean): Promise<SalesforceRow[]> {
  const said = await sdk.query<SalesforceRow>(statement, { autoFetch: true, maxFetch: MAX_ROWS, scanAll: deleted })
  if (!isRecord(said) || !Array.isArray(said.records)) throw unreadable('GET', 'a query')
  return said.records
}

async function create(sdk: Connection, object: string, values: object): Promise<{ id: string }> {
  const { id } = saved(await sdk.create(object, { ...values }, { headers: WRITE_HEADERS }), 'POST')
  return { id }
}

/** Through the collections resource, where the external id travels in the body: in a path, `a.inc` has given 404. */
async function upsert(sdk: Connection, request: UpsertRequest): Promise<{ id: string; created: boolean }> {
  const { object, externalIdField, externalId, values } = request
  const record = { ...values, [externalIdField]: externalId }
  const results: unknown = await sdk.upsert(object, [record], externalIdField, { headers: WRITE_HEADERS })
  return saved(Array.isArray(results) ? results[0] : results, 'PATCH')
}

async function createTextField(sdk: Connection, field: NewTextField): Promise<void> {
  const { object, name, ...metadata } = field
  const wish = { FullName: `${object}.${name}`, Metadata: { type: 'Text', ...metadata } }
  saved(await sdk.requestPost('/tooling/sobjects/CustomField', wish), 'POST')
}

function saved(result: unknown, method: string): { id: string; created: boolean } {
  if (!isRecord(result)) throw unreadable(method, 'a write')
  if (result['success'] === false) throw faultOfResult(result['errors'])
  if (typeof result['id'] !== 'string') throw unreadable(method, 'a write')
  return { id: result['id'], created: result['created'] === true }
}

/** A 200 that is no answer of Salesforce's (a proxy's page): for a write, whether it landed is open. */
function unreadable(method: string, what: string): FaultError {
  return faultOfLostAnswer(method, true, `the answer about ${what} could not be read`)
}

const isRecord = (value: unknown): value is { [key: string]: unknown } => typeof value === 'object' && value !== null
