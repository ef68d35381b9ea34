import { FaultError } from '../../nodes/fault.ts'
import {
  installKeyField,
  type KeyFieldInstall,
  type KeyFieldStatus,
  keyFieldStatus,
} from '../../nodes/salesforce/install-key-field.ts'
import type { SalesforceClient } from '../../nodes/salesforce/types.ts'
import { writeAudit } from '../auth/audit.ts'
import type { Context } from '../context.ts'
import { notFound, problem } from '../problem.ts'
import { environmentFor } from './client-environment.ts'
import { connectorNamed } from './connections.ts'

/** Salesforce takes seconds to add a field, and there are several objects. */
const WHOLE_MS = 120_000

/** Where Signalbox_Key__c stands in the org of a connection. @throws ProblemError 400, 404, 422 */
export const readKeyField = (ctx: Context, id: string): Promise<KeyFieldStatus[]> =>
  withSalesforce(ctx, id, ({ client }) => keyFieldStatus(client))

/**
 * Installs Signalbox_Key__c in the org of a connection, as the connected user. What Salesforce does not let that user do
 * is in the answer, with what to ask for.
 * @throws ProblemError 400, 404, 422
 */
export const addKeyField = (ctx: Context, id: string): Promise<KeyFieldInstall[]> =>
  withSalesforce(ctx, id, async ({ client, slug }) => {
    const result = await installKeyField(client)
    const detail = result.map(({ object, outcome }) => ({ object, outcome }))
    await writeAudit(ctx.db, ctx, { action: 'connection.key-field', target: slug, detail })
    return result
  })

async function withSalesforce<T>(
  ctx: Context,
  id: string,
  work: (at: { client: SalesforceClient; slug: string }) => Promise<T>,
): Promise<T> {
  const row = await ctx.db
    .selectFrom('connections')
    .select(['slug', 'app'])
    .where('workspace_id', '=', ctx.workspaceId)
    .where('id', '=', id)
    .executeTakeFirst()
  if (row === undefined) throw notFound('connection', id)
  if (row.app !== 'salesforce')
    throw problem(400, 'INPUT_INVALID', `${row.slug} is no Salesforce connection. Name one that is.`)
  try {
    const opened = await ctx.connections.open(ctx.workspaceId, row.slug)
    if (opened.state === 'paused') throw new FaultError(opened.fault)
    if (opened.state === 'missing') throw notFound('connection', id)
    const environment = environmentFor(ctx, opened.connection, WHOLE_MS)
    const client = await connectorNamed(ctx, row.app).client(opened.connection, environment)
    // The catalog forgets the types of its clients; the app says which one it is.
    return await work({ client: client as SalesforceClient, slug: row.slug })
  } catch (error) {
    if (!(error instanceof FaultError)) throw error
    throw problem(422, 'CONNECTION_REFUSED', `${error.fault.message} ${error.fault.fix}`)
  }
}
