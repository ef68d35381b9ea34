import type { Scope } from '../audiences/write-audience.ts'
import type { Ingest } from '../ingest/ingest.ts'
import { notFound, problem } from '../problem.ts'
import type { SendEventInput } from './customer-schemas.ts'
import { findSubjectId } from './find-subject.ts'

/**
 * Sends a test event from the app, on the same way as one from outside. Only for contacts that are there: a mistyped
 * id would otherwise make a new one.
 * @throws ProblemError 404
 */
export async function sendEvent(
  ctx: Scope & { ingest: Ingest },
  input: SendEventInput,
): Promise<{ messageId: string }> {
  const id = await findSubjectId(ctx, 'contact', input.subject.contact)
  if (id === null) throw notFound('contact', input.subject.contact)
  const identities = await ctx.db
    .selectFrom('identities')
    .select(['kind', 'value'])
    .where('workspace_id', '=', ctx.workspaceId)
    .where('contact_id', '=', id)
    .where('kind', 'in', ['user_id', 'anonymous_id'])
    .orderBy('kind', 'desc')
    .execute()
  const [known] = identities
  if (known === undefined) throw notFound('contact', input.subject.contact)
  const groupId = await groupOf(ctx, input.subject.account)
  const { messageId, answer } = await ctx.ingest.accept({ workspaceId: ctx.workspaceId }, 'track', {
    [known.kind === 'user_id' ? 'userId' : 'anonymousId']: known.value,
    event: input.name,
    properties: input.properties,
    context: { library: { name: 'signalbox-app' }, ...(groupId === null ? {} : { groupId }) },
  })
  const [refused] = answer.refused ?? []
  if (messageId === null || refused !== undefined)
    throw problem(409, 'EVENT_NOT_TAKEN', refused?.reason ?? 'The event was not taken; look into the list of events.')
  return { messageId }
}

async function groupOf(ctx: Scope, account: string | undefined): Promise<string | null> {
  if (account === undefined) return null
  const id = await findSubjectId(ctx, 'account', account)
  if (id === null) throw notFound('account', account)
  const row = await ctx.db
    .selectFrom('accounts')
    .select('external_id')
    .where('workspace_id', '=', ctx.workspaceId)
    .where('id', '=', id)
    .executeTakeFirst()
  return row?.external_id ?? null
}
