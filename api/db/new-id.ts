import { randomFillSync } from 'node:crypto'

const ID_BYTES = 16
/** Randomness is fetched for many ids at a time: fetching it is most of what an id costs. */
const pool = Buffer.alloc(ID_BYTES * 256)
let used = pool.length
/** Of the ids made last: at the same millisecond they count up, so that what came later sorts later. */
let last = { now: Number.NaN, count: 0 }

/**
 * A UUID version 7 (RFC 9562, method 1): sorts by time, and those a process makes at one millisecond by the order in
 * which it made them, so that indexes stay dense and lists need no second column.
 * @param now milliseconds since 1970; an argument like every time
 */
export function newId(now: number): string {
  if (used === pool.length) {
    randomFillSync(pool)
    used = 0
  }
  const at = used
  used += ID_BYTES
  // 26 bits of counter, begun at a random number of 16, leave room for all ids of a millisecond; 48 bits stay random.
  last = { now, count: last.now === now ? last.count + 1 : pool.readUInt16BE(at + 6) }
  pool.writeUIntBE(now, at, 6)
  pool.writeUInt16BE(0x7000 | ((last.count >>> 14) & 0x0fff), at + 6)
  pool.writeUInt16BE(0x8000 | (last.count & 0x3fff), at + 8)
  const hex = pool.toString('hex', at, used)
  return `${hex.slice(0, 8)}-${hex.slice(8, 12)}-${hex.slice(12, 16)}-${hex.slice(16, 20)}-${hex.slice(20)}`
}
