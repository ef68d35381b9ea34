import type { EventCause, NewEvent } from '../db/event-store.ts'
import type { IngestSettings } from '../db/ingest-settings-store.ts'
import { newId } from '../db/new-id.ts'
import type { IdentityHash } from '../privacy/identity-hash.ts'
import { laneOf } from './lane.ts'
import { isRefused, type ParsedMessage, parseMessage, type RefusedMessage } from './parse-message.ts'
import { IGNORED, isIgnored, isSuppressed, withoutBlocked } from './screen-message.ts'

/** What becomes of one message: a row of the event table, refused or not, or nothing at all. */
export type Prepared = { row: NewEvent; dropped: string[] } | { row: null }

/** On whose behalf messages come. */
export interface Sender {
  workspaceId: string
  /** What they say they came of; left out: nothing. */
  cause?: EventCause
}

export interface PrepareContext extends Sender {
  /** Milliseconds since 1970. */
  receivedAt: number
  /** Of the batch. */
  sentAt?: unknown
  settings: IngestSettings
  hash: IdentityHash
  fromImport?: boolean
}

/**
 * Checks one message and asks what the workspace says about it. Whoever was deleted leaves no row; what is ignored is
 * kept as refused; properties that are blocked are left out.
 */
export function prepareMessage(kind: unknown, raw: unknown, context: PrepareContext): Prepared {
  const { workspaceId, receivedAt, settings } = context
  if (isSuppressed(raw, context)) return { row: null }
  const { raw: kept, dropped } = withoutBlocked(kind, raw, settings)
  const parsed = parseMessage(kind, kept, {
    workspaceId,
    receivedAt,
    sentAt: context.sentAt,
    freshId: () => `sb-${newId(receivedAt)}`,
    ...(context.fromImport === undefined ? {} : { fromImport: context.fromImport }),
  })
  if (isRefused(parsed)) return { row: refusedRow(parsed, workspaceId, receivedAt), dropped }
  const row = eventRow(parsed, context)
  if (isIgnored(parsed.kind, parsed.name, settings)) row.refusal = IGNORED
  return { row, dropped }
}

function eventRow(message: ParsedMessage, { receivedAt, cause }: PrepareContext): NewEvent {
  const row = { ...message, id: newId(receivedAt), receivedAt, refusal: null }
  return cause === undefined ? row : { ...row, cause }
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
