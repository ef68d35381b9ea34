import type { Json } from '../../nodes/manifest.ts'
import { laneOf } from './lane.ts'
import type { ScreenCode } from './screen-message.ts'

/**
 * One message of Segment's tracking API, checked by hand: at thousands a second a schema library would be most of the
 * cost. `message.schema.ts` says the same as a schema for the documentation; a test holds the two together.
 * @see https://segment.com/docs/connections/sources/catalog/libraries/server/http-api/
 */

export const MESSAGE_KINDS = ['track', 'identify', 'group', 'page', 'screen', 'alias'] as const
export type MessageKind = (typeof MESSAGE_KINDS)[number]

/** Segment's own limits. */
export const MESSAGE_LIMIT_BYTES = 32 * 1024
export const BATCH_LIMIT_BYTES = 500 * 1024
const ID_LIMIT = 500
const NAME_LIMIT = 200
const DEPTH_LIMIT = 64
const DAY_MS = 86_400_000

/** A message that may be stored. */
export interface ParsedMessage {
  workspaceId: string
  messageId: string
  kind: MessageKind
  /** The event's or page's name; null where the kind has none. */
  name: string | null
  /** Who it is about as the sender named them: decides order and lane. */
  subjectKey: string
  lane: number
  /** JSON text of the message as it is kept. */
  body: string
  /** Milliseconds since 1970, corrected by the sender's clock. */
  occurredAt: number
}

export interface Refusal {
  code: RefusalCode | ScreenCode
  /** What is wrong, where, and what to do. */
  reason: string
}
export type RefusalCode =
  | 'MESSAGE_INVALID'
  | 'MESSAGE_TOO_LARGE'
  | 'TYPE_UNKNOWN'
  | 'SUBJECT_MISSING'
  | 'NAME_MISSING'
  | 'TIMESTAMP_INVALID'

export interface RefusedMessage {
  refusal: Refusal
  messageId: string | null
  kind: MessageKind | null
  /** JSON text of what came, as far as it can be kept. */
  body: string
}

export interface MessageContext {
  workspaceId: string
  receivedAt: number
  /** Of the batch; a message's own `sentAt` wins. */
  sentAt: unknown
  /** Used where the sender gave no `messageId`. */
  freshId: () => string
  /**
   * Of our own imports: a person may be named by their e-mail address alone, and an account without any person.
   * Segment's API wants a user id or an anonymous id.
   */
  fromImport?: boolean
}

type Fields = { [name: string]: unknown }

const refusal = (code: RefusalCode, reason: string): Refusal => ({ code, reason })

export const isRefused = (message: ParsedMessage | RefusedMessage): message is RefusedMessage => 'refusal' in message

/** Checks one message. Never throws: what is wrong comes back as a refusal that is kept. */
export function parseMessage(kind: unknown, raw: unknown, context: MessageContext): ParsedMessage | RefusedMessage {
  if (typeof raw !== 'object' || raw === null || Array.isArray(raw))
    return refused(null, null, { refusal: refusal('MESSAGE_INVALID', 'A message is a JSON object; send one.') })
  const fields = raw as Fields
  if (!isKind(kind))
    return refused(fields, null, {
      refusal: refusal('TYPE_UNKNOWN', `type: write one of ${MESSAGE_KINDS.join(', ')}, not ${quote(kind)}.`),
    })
  const body = JSON.stringify(withoutKey(fields))
  const problem = bodyProblem(body, raw) ?? fieldProblem(kind, fields, context)
  if (problem) return refused(fields, kind, { refusal: problem, body })
  const occurredAt = occurrence(fields, context)
  if (typeof occurredAt !== 'number') return refused(fields, kind, { refusal: occurredAt, body })
  const subjectKey = subjectKeyOf(fields)
  return {
    workspaceId: context.workspaceId,
    messageId: typeof fields.messageId === 'string' ? fields.messageId : context.freshId(),
    kind,
    name: nameOf(kind, fields),
    subjectKey,
    lane: laneOf(context.workspaceId, subjectKey),
    body,
    occurredAt,
  }
}

/** Segment's browsers send their write key in the message: it is for the door, not for the store. */
function withoutKey(fields: Fields): Fields {
  if (!('writeKey' in fields)) return fields
  const { writeKey: _, ...rest } = fields
  return rest
}

function isKind(kind: unknown): kind is MessageKind {
  return typeof kind === 'string' && (MESSAGE_KINDS as readonly string[]).includes(kind)
}

const nameOf = (kind: MessageKind, fields: Fields): string | null => {
  if (kind === 'track') return fields.event as string
  if (kind === 'page' || kind === 'screen') return typeof fields.name === 'string' ? fields.name : null
  return null
}

function subjectKeyOf(fields: Fields): string {
  if (typeof fields.userId === 'string') return `u:${fields.userId}`
  if (typeof fields.anonymousId === 'string') return `a:${fields.anonymousId}`
  const email = emailIn(fields)
  return email === null ? `g:${String(fields.groupId)}` : `e:${email.toLowerCase()}`
}

function emailIn({ traits }: Fields): string | null {
  if (typeof traits !== 'object' || traits === null || !('email' in traits)) return null
  return typeof traits.email === 'string' && traits.email !== '' ? traits.email : null
}

function bodyProblem(body: string, raw: unknown): Refusal | null {
  // Only text this long can exceed the limit in bytes.
  if (body.length > MESSAGE_LIMIT_BYTES / 4 && Buffer.byteLength(body) > MESSAGE_LIMIT_BYTES)
    return refusal('MESSAGE_TOO_LARGE', 'The message is over 32 KB; send less, or a reference to it.')
  if (unstorable(body))
    return refusal('MESSAGE_INVALID', 'The text holds a NUL character or half a surrogate pair; remove it.')
  if (body.length > 2 * DEPTH_LIMIT && depthOf(raw, DEPTH_LIMIT + 1) > DEPTH_LIMIT)
    return refusal('MESSAGE_INVALID', `The message is nested deeper than ${DEPTH_LIMIT} levels; flatten it.`)
  return null
}

/** Whether Postgres would refuse this JSON text: \u0000, or a lone surrogate (which JSON.stringify writes as \ud…). */
function unstorable(text: string): boolean {
  if (!text.includes('\\u0000') && !text.includes('\\ud')) return false
  return /(?:^|[^\\])(?:\\\\)*\\u(?:0000|d[89a-f])/.test(text)
}

function depthOf(value: unknown, most: number): number {
  if (typeof value !== 'object' || value === null || most === 0) return 0
  let deepest = 0
  for (const inner of Object.values(value)) deepest = Math.max(deepest, depthOf(inner, most - 1))
  return deepest + 1
}

function fieldProblem(kind: MessageKind, fields: Fields, context: MessageContext): Refusal | null {
  return (
    idProblem(fields) ?? subjectProblem(kind, fields, context) ?? nameProblem(kind, fields) ?? objectProblem(fields)
  )
}

function idProblem(fields: Fields): Refusal | null {
  for (const name of ['userId', 'anonymousId', 'messageId', 'groupId', 'previousId']) {
    const value = fields[name]
    if (value === undefined || value === null) continue
    if (typeof value !== 'string') return refusal('MESSAGE_INVALID', `${name}: write it as text, not ${quote(value)}.`)
    if (value === '' || value.length > ID_LIMIT)
      return refusal('MESSAGE_INVALID', `${name}: write 1 to ${ID_LIMIT} characters.`)
  }
  return null
}

function subjectProblem(kind: MessageKind, fields: Fields, context: MessageContext): Refusal | null {
  const { userId, anonymousId, groupId, previousId } = fields
  if (kind === 'group' && !groupId)
    return refusal('SUBJECT_MISSING', 'groupId: name the account this message is about.')
  if (kind === 'alias' && !(previousId && userId))
    return refusal('SUBJECT_MISSING', 'An alias needs previousId and userId; name both.')
  if (context.fromImport && (kind === 'group' || (kind === 'identify' && emailIn(fields) !== null))) return null
  if (context.fromImport && kind === 'identify' && !userId && !anonymousId)
    return refusal('SUBJECT_MISSING', 'Name the person by a user id, an e-mail address or an anonymous id.')
  if (!userId && !anonymousId)
    return refusal('SUBJECT_MISSING', 'Name the person by userId or anonymousId; at least one is needed.')
  return null
}

function nameProblem(kind: MessageKind, fields: Fields): Refusal | null {
  if (kind === 'track') {
    if (typeof fields.event !== 'string' || fields.event === '')
      return refusal('NAME_MISSING', 'event: name what happened, such as “Trial Started”.')
    if (fields.event.length > NAME_LIMIT)
      return refusal('MESSAGE_INVALID', `event: the name is over ${NAME_LIMIT} characters; shorten it.`)
  }
  if ((kind === 'page' || kind === 'screen') && fields.name !== undefined && fields.name !== null)
    if (typeof fields.name !== 'string' || fields.name.length > NAME_LIMIT)
      return refusal('MESSAGE_INVALID', `name: write text of up to ${NAME_LIMIT} characters.`)
  return null
}

function objectProblem(fields: Fields): Refusal | null {
  for (const name of ['properties', 'traits', 'context']) {
    const value = fields[name]
    if (value === undefined || value === null) continue
    if (typeof value !== 'object' || Array.isArray(value))
      return refusal('MESSAGE_INVALID', `${name}: write a JSON object, not ${quote(value)}.`)
  }
  return null
}

/** When it happened by our clock: the sender's clock is corrected by what it showed when the message was sent. */
function occurrence(fields: Fields, context: MessageContext): number | Refusal {
  const { timestamp, originalTimestamp } = fields
  const given = timestamp ?? originalTimestamp
  if (given === undefined || given === null) return context.receivedAt
  const happened = instantOf(given)
  if (happened === null) return badTime('timestamp', given)
  // Both: somebody took the message before us, and its timestamp is corrected already.
  if (isGiven(timestamp) && isGiven(originalTimestamp)) return notAhead(happened, context)
  const sentGiven = fields.sentAt ?? context.sentAt
  if (sentGiven === undefined || sentGiven === null) return notAhead(happened, context)
  const sent = instantOf(sentGiven)
  if (sent === null) return badTime('sentAt', sentGiven)
  return notAhead(context.receivedAt - (sent - happened), context)
}

const isGiven = (value: unknown): boolean => value !== undefined && value !== null

const badTime = (place: string, given: unknown): Refusal =>
  refusal(
    'TIMESTAMP_INVALID',
    `${place}: write an ISO 8601 date-time such as 2026-03-02T09:30:00Z, not ${quote(given)}.`,
  )

function notAhead(instant: number, context: MessageContext): number | Refusal {
  if (instant <= context.receivedAt + DAY_MS && instant > 0) return instant
  return refusal(
    'TIMESTAMP_INVALID',
    'timestamp: it is over a day ahead of now, or before 1970; send when it happened.',
  )
}

function instantOf(given: unknown): number | null {
  if (typeof given !== 'string' || !/^\d{4}-\d\d-\d\d([T ]|$)/.test(given)) return null
  const instant = Date.parse(given)
  return Number.isNaN(instant) ? null : instant
}

function refused(
  fields: Fields | null,
  kind: MessageKind | null,
  more: { refusal: Refusal; body?: string },
): RefusedMessage {
  const messageId = fields?.messageId
  const storableId = typeof messageId === 'string' && messageId !== '' && messageId.length <= ID_LIMIT
  return {
    refusal: more.refusal,
    kind,
    messageId: storableId && !unstorable(JSON.stringify(messageId)) ? messageId : null,
    body: keepable(more.body ?? JSON.stringify(fields === null ? null : withoutKey(fields))),
  }
}

/** What is kept of a refused message: all of it where it can be stored, else nothing of it. */
function keepable(body: string): string {
  const empty = '{}'
  if (Buffer.byteLength(body) > MESSAGE_LIMIT_BYTES || unstorable(body) || body === 'null') return empty
  return tooDeep(body) ? empty : body
}

const tooDeep = (body: string): boolean => depthOf(JSON.parse(body) as Json, DEPTH_LIMIT + 1) > DEPTH_LIMIT

const quote = (value: unknown): string => (JSON.stringify(value) ?? 'nothing').slice(0, 80)
