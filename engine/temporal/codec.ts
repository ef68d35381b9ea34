import type { Payload, PayloadCodec } from '@temporalio/common'
import { blobHash } from '../ids.ts'
import type { Blobs } from '../ports.ts'

/** Values above this stay out of the history; Temporal itself refuses 2 MB. */
const LARGE_BYTES = 128 * 1024
const PLAN_MARK = Buffer.from('{"$plan":"')
/** @see Local */
const LOCAL_MARK = Buffer.from('{"$local":')
const BLOB_ENCODING = 'signalbox/blob'
/** Plans and blobs kept in memory at most; one of a thousand steps is about a megabyte. */
const CACHED = 200

/**
 * Keeps plans and large values out of workflow histories: on the wire stands their content address, and what it names
 * is resolved from the blobs with a cache. Content-addressed, so a replay always sees what the first execution saw.
 */
export function createBlobCodec(blobs: Blobs): PayloadCodec {
  const cache = new Map<string, Promise<Uint8Array>>()
  const get = (hash: string): Promise<Uint8Array> => {
    const known = cache.get(hash)
    if (known !== undefined) return known
    const loading = blobs.get(hash)
    cache.set(hash, loading)
    // A failed look-up must not be remembered: Postgres may only have been away.
    loading.catch(() => cache.delete(hash))
    const oldest = cache.size > CACHED ? cache.keys().next().value : undefined
    if (oldest !== undefined) cache.delete(oldest)
    return loading
  }

  const encodeOne = async (payload: Payload): Promise<Payload> => {
    const { data } = payload
    if (data == null) return payload
    if (begins(data, PLAN_MARK)) return { ...payload, data: Buffer.from(JSON.stringify({ $plan: planHashOf(data) })) }
    if (data.length <= LARGE_BYTES || begins(data, LOCAL_MARK)) return payload
    const hash = blobHash(data)
    if (!cache.has(hash)) await blobs.put(hash, data)
    const original = Buffer.from(payload.metadata?.encoding ?? []).toString()
    return {
      metadata: { ...payload.metadata, encoding: Buffer.from(BLOB_ENCODING), original: Buffer.from(original) },
      data: Buffer.from(hash),
    }
  }

  const decodeOne = async (payload: Payload): Promise<Payload> => {
    const { data, metadata } = payload
    if (data == null) return payload
    if (begins(data, PLAN_MARK)) {
      const hash = planHashOf(data)
      const plan = Buffer.from(await get(hash))
      return { ...payload, data: Buffer.concat([Buffer.from(`{"$plan":"${hash}","plan":`), plan, Buffer.from('}')]) }
    }
    if (Buffer.from(metadata?.encoding ?? []).toString() !== BLOB_ENCODING) return payload
    const { original, ...rest } = metadata ?? {}
    return {
      metadata: { ...rest, encoding: original ?? new Uint8Array() },
      data: await get(Buffer.from(data).toString()),
    }
  }

  return {
    encode: (payloads) => Promise.all(payloads.map(encodeOne)),
    decode: (payloads) => Promise.all(payloads.map(decodeOne)),
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
