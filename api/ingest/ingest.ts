import type { Identity } from '../db/contact-store.ts'
import type { NewEvent } from '../db/event-store.ts'
import type { IngestSettings } from '../db/ingest-settings-store.ts'
import { isOutage } from '../db/outage.ts'
import type { Queryable } from '../db/sql.ts'
import type { IdentityHash } from '../privacy/identity-hash.ts'
import { problem } from '../problem.ts'
import { type AcceptItems, createAcceptItems } from './accept-items.ts'
import { createEventWriter } from './event-writer.ts'
import { type Bounds, createGate, databaseStuck, type GateLoad } from './gate.ts'
import type { TrackingAnswer } from './message.schema.ts'
import type { MessageKind } from './parse-message.ts'
import { type Prepared, prepareMessage, type Sender } from './prepare-message.ts'
import { namesSuppressed, SUPPRESSED } from './screen-message.ts'
import { createSettingsCache } from './settings-cache.ts'

export interface Ingest {
  /**
   * One message. Resolves when it is committed.
   * @returns `messageId` null where the message was not kept: its person was deleted
   * @throws ProblemError 400 with the refusal's code, 503 when the database does not take it
   */
  accept(
    from: Sender,
    kind: MessageKind,
    message: unknown,
  ): Promise<{ messageId: string | null; answer: TrackingAnswer }>
  /**
   * A batch in one transaction; refused messages are kept with their reasons.
   * @throws ProblemError 400 when it is no batch, 503 when the database does not take it
   */
  acceptBatch(from: Sender, body: unknown): Promise<TrackingAnswer>
  acceptItems: AcceptItems
  /** Whether one of these is of somebody who was deleted and asked to stay so. */
  isSuppressed(workspaceId: string, identities: Identity[]): Promise<boolean>
  /** Resolves when everything accepted so far is committed. */
  drain(): Promise<void>
  /**
   * Lets a request in before its body is read.
   * @param bytes of the body, as large as it may become
   * @returns to be called once it is answered
   * @throws ProblemError 429 or 503, INGEST_BUSY
   */
  enter(bytes: number): () => void
  /** @throws ProblemError 429 or 503, INGEST_BUSY */
  checkLoad(): void
  load(): GateLoad
  /** The workspace's settings were changed by this process. */
  forgetSettings(workspaceId: string): void
}

export interface IngestDeps {
  /** Runs single statements on a pool (`onPool`). */
  q: Queryable
  /** Milliseconds since 1970. */
  clock: () => number
  hash: IdentityHash
  /** How much may wait for the database. */
  bounds?: Bounds
}

/** Takes what happened and commits it before it answers. */
export function createIngest(deps: IngestDeps): Ingest {
  const writer = createEventWriter(deps.q, deps.clock)
  const gate = createGate(writer.backlog, deps.bounds)
  const cache = createSettingsCache(deps.q, deps.clock)
  const settingsOf = async (workspaceId: string): Promise<IngestSettings> =>
    asCaller(async () => cache.get(workspaceId))
  const write = (rows: NewEvent[]): Promise<void> => asCaller(() => writer.write(rows))

  return {
    accept: async (from, kind, message) => {
      const receivedAt = deps.clock()
      const settings = await settingsOf(from.workspaceId)
      const prepared = prepareMessage(kind, message, { ...from, receivedAt, settings, hash: deps.hash })
      const { row } = prepared
      if (row === null) return { messageId: null, answer: answerTo([prepared]) }
      if (row.refusal !== null && row.refusal.code !== 'EVENT_IGNORED')
        throw problem(400, row.refusal.code, row.refusal.reason)
      await write([row])
      const answer = answerTo([prepared])
      // The database's own refusal, should the checks before have let something through.
      if (row.refusal !== null && row.refusal.code !== 'EVENT_IGNORED')
        throw problem(400, row.refusal.code, row.refusal.reason)
      return { messageId: row.messageId, answer }
    },
    acceptBatch: async (from, body) => {
      const { messages, sentAt } = batchOf(body)
      const receivedAt = deps.clock()
      const settings = await settingsOf(from.workspaceId)
      const prepared = messages.map((message) =>
        prepareMessage(kindOf(message), message, { ...from, receivedAt, sentAt, settings, hash: deps.hash }),
      )
      const rows = prepared.flatMap(({ row }) => (row === null ? [] : [row]))
      if (rows.length > 0) await write(rows)
      return answerTo(prepared)
    },
    acceptItems: createAcceptItems({ ...deps, cache }),
    isSuppressed: async (workspaceId, identities) => {
      const settings = await settingsOf(workspaceId)
      return namesSuppressed(identities, { settings, workspaceId, hash: deps.hash })
    },
    drain: () => writer.drain(),
    enter: gate.enter,
    checkLoad: gate.check,
    load: gate.load,
    forgetSettings: cache.forget,
  }
}

/** An outage is no defect: the caller is told to come back. */
async function asCaller<T>(work: () => Promise<T>): Promise<T> {
  try {
    return await work()
  } catch (error) {
    if (isOutage(error)) throw databaseStuck(error)
    throw error
  }
}

function answerTo(prepared: Prepared[]): TrackingAnswer {
  const refused = prepared.flatMap(({ row }, index) => {
    if (row === null) return [{ index, ...SUPPRESSED }]
    const { refusal, messageId } = row
    return refusal ? [{ index, messageId, code: refusal.code, reason: refusal.reason }] : []
  })
  const blocked = prepared.flatMap((one, index) =>
    one.row !== null && one.dropped.length > 0 ? [{ index, properties: one.dropped }] : [],
  )
  return {
    success: true,
    ...(refused.length > 0 ? { refused } : {}),
    ...(blocked.length > 0 ? { blocked } : {}),
  }
}

const kindOf = (message: unknown): unknown =>
  typeof message === 'object' && message !== null && 'type' in message ? message.type : undefined

function batchOf(body: unknown): { messages: unknown[]; sentAt: unknown } {
  if (typeof body === 'object' && body !== null && 'batch' in body && Array.isArray(body.batch))
    return { messages: body.batch, sentAt: 'sentAt' in body ? body.sentAt : undefined }
  throw problem(400, 'BATCH_INVALID', 'batch: send an object with a list of messages, { "batch": [ … ] }.')
}
