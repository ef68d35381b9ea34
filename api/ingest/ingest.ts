import { newId } from '../db/new-id.ts'
import type { NewEvent } from '../db/event-store.ts'
import type { Queryable } from '../db/sql.ts'
import { problem } from '../problem.ts'
import { createEventWriter } from './event-writer.ts'
import { laneOf } from './lane.ts'
import type { TrackingAnswer } from './message.schema.ts'
import { isRefused, type MessageKind, type ParsedMessage, parseMessage, type RefusedMessage } from './parse-message.ts'

export interface Ingest {
  /** One message. Resolves when it is committed. @throws ProblemError 400 with the refusal's code */
  accept(workspaceId: string, kind: MessageKind, message: unknown): Promise<TrackingAnswer & { messageId: string }>
  /** A batch in one transaction; refused messages are kept with their reasons. @throws ProblemError 400 when it is no batch */
  acceptBatch(workspaceId: string, body: unknown): Promise<TrackingAnswer>
  /** Resolves when everything accepted so far is committed. */
  drain(): Promise<void>
}

/**
 * Takes what happened and commits it before it answers.
 * @param deps.q runs single statements on a pool (`onPool`)
 * @param deps.clock milliseconds since 1970
 */
export function createIngest(deps: { q: Queryable; clock: () => number }): Ingest {
  const writer = createEventWriter(deps.q)
  return {
    accept: async (workspaceId, kind, message) => {
      const receivedAt = deps.clock()
      const parsed = parseMessage(kind, message, context(workspaceId, receivedAt, undefined))
      if (isRefused(parsed)) throw problem(400, parsed.refusal.code, parsed.refusal.reason)
      const row = eventRow(parsed, receivedAt)
      await writer.write([row])
      // The database's own refusal, should the checks before have let something through.
      if (row.refusal) throw problem(400, row.refusal.code, row.refusal.reason)
      return { success: true, messageId: row.messageId }
    },
    acceptBatch: async (workspaceId, body) => {
      const batch = batchOf(body)
      const receivedAt = deps.clock()
      const messages = batch.messages.map((message) =>
        parseMessage(kindOf(message), message, context(workspaceId, receivedAt, batch.sentAt)),
      )
      const rows = messages.map((message) =>
        isRefused(message) ? refusedRow(message, workspaceId, receivedAt) : eventRow(message, receivedAt),
      )
      if (rows.length > 0) await writer.write(rows)
      const refused = rows.flatMap(({ refusal, messageId }, index) =>
        refusal ? [{ index, messageId, code: refusal.code, reason: refusal.reason }] : [],
      )
      return refused.length > 0 ? { success: true, refused } : { success: true }
    },
    drain: () => writer.drain(),
  }
}

const context = (workspaceId: string, receivedAt: number, sentAt: unknown) => ({
  workspaceId,
  receivedAt,
  sentAt,
  freshId: () => `sb-${newId(receivedAt)}`,
})

const kindOf = (message: unknown): unknown =>
  typeof message === 'object' && message !== null && 'type' in message ? message.type : undefined

function batchOf(body: unknown): { messages: unknown[]; sentAt: unknown } {
  if (typeof body === 'object' && body !== null && 'batch' in body && Array.isArray(body.batch))
    return { messages: body.batch, sentAt: 'sentAt' in body ? body.sentAt : undefined }
  throw problem(400, 'BATCH_INVALID', 'batch: send an object with a list of messages, { "batch": [ … ] }.')
}

function eventRow(message: ParsedMessage, receivedAt: number): NewEvent {
  return { ...message, id: newId(receivedAt), receivedAt, refusal: null }
}

function refusedRow(message: RefusedMessage, workspaceId: string, receivedAt: number): NewEvent {
  return {
    id: newId(receivedAt),
    workspaceId,
    messageId: message.messageId ?? `sb-${newId(receivedAt)}`,
    // The column wants a kind; the body shows what was really sent.
    kind: message.kind ?? 'track',
    name: null,
    lane: laneOf(workspaceId, ''),
    subjectKey: '',
    body: message.body,
    occurredAt: receivedAt,
    receivedAt,
    refusal: message.refusal,
  }
}
