import { createCipheriv, createDecipheriv, randomBytes } from 'node:crypto'
import type { Payload } from '@temporalio/common'

/** In a payload's metadata: closed with the key of the run that `run` names. */
const SEALED_ENCODING = 'signalbox/sealed'
const VERSION = 1
const IV = 12
const TAG = 16

/** What is read where the key of a run was destroyed; in the form of a failure's attributes too. */
const ERASED = Buffer.from(
  JSON.stringify({ erased: true, message: 'The data of this run was deleted.', stack_trace: '' }),
)

/** Ids of runs begin so; other workflows carry ids alone. */
export const isRunId = (workflowId: string): boolean => workflowId.startsWith('run_')

export const textOf = (bytes: Uint8Array | null | undefined): string => Buffer.from(bytes ?? []).toString()

/**
 * Closes a payload with AES-256-GCM. Which run and which encoding it is of is bound to it, so that it opens nowhere else.
 *
 * Layout of the data: version (1) | iv (12) | tag (16) | text
 */
export function sealPayload(payload: Payload, runId: string, key: Buffer): Payload {
  const original = textOf(payload.metadata?.encoding)
  const iv = nextIv()
  const cipher = createCipheriv('aes-256-gcm', key, iv).setAAD(boundTo(runId, original))
  // Copied: what the core hands over is array-like, not always a typed array.
  const body = cipher.update(Buffer.from(payload.data ?? []))
  const rest = cipher.final()
  return {
    metadata: {
      ...payload.metadata,
      encoding: Buffer.from(SEALED_ENCODING),
      'sealed-as': Buffer.from(original),
      run: Buffer.from(runId),
    },
    data: Buffer.concat([Buffer.from([VERSION]), iv, cipher.getAuthTag(), body, rest]),
  }
}

/** The run whose key opens this payload; null: it is not closed. */
export const runOfSealed = ({ metadata }: Payload): string | null =>
  textOf(metadata?.encoding) === SEALED_ENCODING ? textOf(metadata?.run) : null

/** @throws Error when it was changed, belongs to another run, or was closed in a form of a later version */
export function openPayload(payload: Payload, runId: string, key: Buffer): Payload {
  const data = Buffer.from(payload.data ?? [])
  if (data[0] !== VERSION)
    throw new Error(
      `A payload of ${runId} was closed in a form (${data[0] ?? 'none'}) that this version does not know.`,
    )
  const { 'sealed-as': sealedAs, run: _, ...rest } = payload.metadata ?? {}
  const original = textOf(sealedAs)
  const decipher = createDecipheriv('aes-256-gcm', key, data.subarray(1, 1 + IV), { authTagLength: TAG })
  decipher.setAAD(boundTo(runId, original)).setAuthTag(data.subarray(1 + IV, 1 + IV + TAG))
  try {
    const text = Buffer.concat([decipher.update(data.subarray(1 + IV + TAG)), decipher.final()])
    return { metadata: { ...rest, encoding: Buffer.from(original) }, data: text }
  } catch (cause) {
    throw new Error(`A payload of ${runId} was changed, or closed with another key.`, { cause })
  }
}

/** Stands where a value was that nobody can read any more: a replay of what has ended goes on, and says so. */
export const erasedPayload = (): Payload => ({ metadata: { encoding: Buffer.from('json/plain') }, data: ERASED })

export const isErased = (value: unknown): boolean =>
  typeof value === 'object' && value !== null && 'erased' in value && value.erased === true

const boundTo = (runId: string, original: string): Buffer => Buffer.from(`signalbox payload ${runId} ${original}`)

/** Randomness is fetched for many at a time: fetching it costs more than closing a small payload. */
const pool = Buffer.alloc(IV * 256)
let used = pool.length

function nextIv(): Buffer {
  if (used === pool.length) {
    randomBytes(pool.length).copy(pool)
    used = 0
  }
  used += IV
  return Buffer.from(pool.subarray(used - IV, used))
}
