import type { Payload, PayloadCodec } from '@temporalio/common'
import { blobHash } from '../ids.ts'
import type { Blobs, RunKeys } from '../ports.ts'
import { erasedPayload, isRunId, openPayload, runOfSealed, sealPayload, textOf } from './seal.ts'

/** Values above this stay out of the history; Temporal itself refuses 2 MB. */
const LARGE_BYTES = 128 * 1024
const PLAN_MARK = Buffer.from('{"$plan":"')
/** @see Local */
const LOCAL_MARK = Buffer.from('{"$local":')
const BLOB_ENCODING = 'signalbox/blob'
/** Plans and blobs kept in memory at most; one of a thousand steps is about a megabyte. */
const CACHED = 200

/**
 * Closes what a run leaves in Temporal with the run's key, and keeps plans and large values out of histories: on the
 * wire stands their content address, and what it names is resolved from the blobs with a cache. Content-addressed, so a
 * replay always sees what the first execution saw. What was written before runs had keys is read as it is.
 */
export function createRunCodec({ blobs, keys }: { blobs: Blobs; keys: RunKeys }): PayloadCodec {
  const cache = cachedBlobs(blobs)

  const encodeOne = async (payload: Payload, runId: string | null): Promise<Payload> => {
    const { data } = payload
    // Nothing is nothing: there is nothing to close.
    if (data == null || data.length === 0) return payload
    if (begins(data, PLAN_MARK)) return { ...payload, data: Buffer.from(JSON.stringify({ $plan: planHashOf(data) })) }
    if (begins(data, LOCAL_MARK)) return payload
    let closed = payload
    if (runId !== null) {
      const key = await keys.key(runId)
      // The run was deleted meanwhile: what cannot be closed does not leave the process.
      closed = key === null ? erasedPayload() : sealPayload(payload, runId, key)
    }
    return (closed.data?.length ?? 0) <= LARGE_BYTES ? closed : putAside(closed, runId)
  }

  const putAside = async (payload: Payload, runId: string | null): Promise<Payload> => {
    const data = payload.data ?? new Uint8Array()
    const hash = blobHash(data)
    if (!cache.has(hash)) await blobs.put(hash, data, runId)
    return {
      metadata: {
        ...payload.metadata,
        encoding: Buffer.from(BLOB_ENCODING),
        original: Buffer.from(textOf(payload.metadata?.encoding)),
      },
      data: Buffer.from(hash),
    }
  }

  const decodeOne = async (payload: Payload): Promise<Payload> => {
    const { data } = payload
    if (data == null) return payload
    if (begins(data, PLAN_MARK)) {
      const hash = planHashOf(data)
      const plan = Buffer.from(await cache.get(hash))
      return { ...payload, data: Buffer.concat([Buffer.from(`{"$plan":"${hash}","plan":`), plan, Buffer.from('}')]) }
    }
    const runId = textOf(payload.metadata?.run) || null
    // Asked first: a value that was put aside goes with its run's key.
    const key = runId === null ? null : await keys.key(runId)
    if (runId !== null && key === null) return erasedPayload()
    const whole = await fetchAside(payload)
    return runId === null || key === null || runOfSealed(whole) === null ? whole : openPayload(whole, runId, key)
  }

  const fetchAside = async (payload: Payload): Promise<Payload> => {
    if (textOf(payload.metadata?.encoding) !== BLOB_ENCODING) return payload
    const { original, ...rest } = payload.metadata ?? {}
    return {
      metadata: { ...rest, encoding: original ?? new Uint8Array() },
      data: await cache.get(textOf(payload.data)),
    }
  }

  return {
    encode: (payloads, context) => {
      const id = context?.workflowId
      const runId = id !== undefined && isRunId(id) ? id : null
      return Promise.all(payloads.map((payload) => encodeOne(payload, runId)))
    },
    decode: (payloads) => Promise.all(payloads.map(decodeOne)),
  }
}

function cachedBlobs(blobs: Blobs) {
  const cache = new Map<string, Promise<Uint8Array>>()
  return {
    has: (hash: string): boolean => cache.has(hash),
    get(hash: string): Promise<Uint8Array> {
      const known = cache.get(hash)
      if (known !== undefined) return known
      const loading = blobs.get(hash)
      cache.set(hash, loading)
      // A failed look-up must not be remembered: Postgres may only have been away.
      loading.catch(() => cache.delete(hash))
      const oldest = cache.size > CACHED ? cache.keys().next().value : undefined
      if (oldest !== undefined) cache.delete(oldest)
      return loading
    },
  }
}

/** Indexed and not through `data.buffer`: what the core hands over is array-like, not always a typed array. */
const begins = (data: Uint8Array, mark: Buffer): boolean =>
  data.length > mark.length && mark.every((byte, i) => data[i] === byte)

function planHashOf(data: Uint8Array): string {
  const text = Buffer.from(data.slice(0, 200)).toString()
  const hash = /^\{"\$plan":"(plan_[0-9a-f]{64})"/.exec(text)?.[1]
  if (hash === undefined) throw new Error('A plan reference without a plan hash.')
  return hash
}
