import { createHmac, timingSafeEqual } from 'node:crypto'
import type { ApiDeps } from '../context.ts'
import { readOauthApp } from '../connections/oauth-apps.ts'
import type { ConversationInput } from '../conversations/conversation-schemas.ts'
import { putConversation } from '../conversations/put-conversation.ts'
import { SUPPRESSED } from '../ingest/screen-message.ts'
import { ProblemError, problem } from '../problem.ts'
import { intercomConversation } from './intercom-conversation.ts'

type Deps = Pick<ApiDeps, 'db' | 'vault' | 'sandboxUrl' | 'ingest'> & { now: number }

/**
 * A vendor's notification: checked by its signature, then kept as an event named after its topic, once per
 * notification id, and in what is known of its conversation. Everything that is wrong with it answers the same, so that nobody learns which ids exist.
 * @throws ProblemError 401
 */
export async function acceptVendorHook(
  deps: Deps,
  given: { connectionId: string; body: Buffer; signature: string | null },
): Promise<void> {
  const connection = isUuid(given.connectionId)
    ? await deps.db
        .selectFrom('connections')
        .select(['workspace_id', 'app', 'sandbox'])
        .where('id', '=', given.connectionId)
        .where('app', '=', 'intercom')
        .executeTakeFirst()
    : undefined
  if (connection === undefined) throw refused()
  const oauthApp = await readOauthApp(deps.db, deps, { ...connection, workspaceId: connection.workspace_id })
  if (oauthApp === null || !isSigned(given.body, given.signature, oauthApp.clientSecret)) throw refused()
  const notification = parse(given.body)
  const conversation = intercomConversation(notification)
  if (conversation !== null) await tellConversation({ ...deps, workspaceId: connection.workspace_id }, conversation)
  const message = messageOf(notification)
  // Of what we wrote there ourselves we are told too: the dispatcher sees whether it is that.
  const from = { workspaceId: connection.workspace_id, cause: { connection: given.connectionId } }
  if (message !== null) await deps.ingest.accept(from, 'track', message)
}

/** Of somebody who asked to be deleted nothing is kept, and the vendor is not told to send it again. */
async function tellConversation(ctx: Deps & { workspaceId: string }, conversation: ConversationInput): Promise<void> {
  try {
    await putConversation(ctx, conversation)
  } catch (error) {
    if (!(error instanceof ProblemError && error.code === SUPPRESSED.code)) throw error
  }
}

/** @see https://developers.intercom.com/docs/webhooks : `sha1=` and the hex HMAC of the body with the client secret */
export function isSigned(body: Buffer, signature: string | null, secret: string): boolean {
  const expected = Buffer.from(`sha1=${createHmac('sha1', secret).update(body).digest('hex')}`)
  const sent = Buffer.from(signature ?? '')
  return sent.length === expected.length && timingSafeEqual(sent, expected)
}

const refused = () =>
  problem(401, 'SIGNATURE_WRONG', 'The signature does not fit this address. Check the client secret under Going live.')

const isUuid = (text: string): boolean => /^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$/i.test(text)

function parse(body: Buffer): Fields {
  try {
    return asFields(JSON.parse(body.toString('utf8')))
  } catch (cause) {
    throw problem(400, 'MALFORMED_JSON', { detail: 'The body is not JSON.', cause })
  }
}

type Fields = { [name: string]: unknown }
const asFields = (value: unknown): Fields =>
  value !== null && typeof value === 'object' && !Array.isArray(value) ? (value as Fields) : {}
const text = (value: unknown): string | null => (typeof value === 'string' && value !== '' ? value : null)

/** A tracked event of the person the notification is about; null for a ping and for what is about nobody. */
function messageOf(notification: Fields): Fields | null {
  const topic = text(notification['topic'])
  const item = asFields(asFields(notification['data'])['item'])
  if (topic === null || topic === 'ping') return null
  const contact = contactOf(item)
  const userId = text(contact['external_id'])
  const vendorId = text(contact['id'])
  if (userId === null && vendorId === null) return null
  const createdAt = notification['created_at']
  const email = text(contact['email'])
  return {
    messageId: `intercom:${text(notification['id']) ?? `${topic}:${vendorId}:${String(createdAt)}`}`,
    ...(userId === null ? {} : { userId }),
    ...(vendorId === null ? {} : { anonymousId: `intercom:${vendorId}` }),
    event: `intercom.${topic}`,
    properties: item,
    ...(typeof createdAt === 'number' ? { timestamp: new Date(createdAt * 1000).toISOString() } : {}),
    context: { externalIds: externalIdsOf(item, vendorId), ...(email === null ? {} : { traits: { email } }) },
  }
}

/** What it is known by there: of two that were merged there, both. */
function externalIdsOf(item: Fields, vendorId: string | null): Fields[] {
  const ids = [vendorId, text(asFields(item['merged_from'])['id'])].filter((id) => id !== null)
  return ids.map((id) => ({ id, type: 'intercom', collection: 'users', encoding: 'none' }))
}

/** The contact itself, the contact of a tag, or the first contact of a conversation. */
function contactOf(item: Fields): Fields {
  if (item['type'] === 'contact') return item
  const single = asFields(item['contact'])
  if (text(single['id']) !== null) return single
  const list = asFields(item['contacts'])['contacts']
  return Array.isArray(list) ? asFields(list[0]) : {}
}
