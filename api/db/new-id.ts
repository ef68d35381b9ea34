import { randomFillSync } from 'node:crypto'

const ID_BYTES = 16
/** Randomness is fetched for many ids at a time: fetching it is most of what an id costs. */
const pool = Buffer.alloc(ID_BYTES * 256)
let used = pool.length

/**
 * A UUID version 7 (RFC 9562): sorts by time, so that indexes stay dense and lists need no second column.
 * @param now milliseconds since 1970; an argument like every time
 */
export function newId(now: number): string {
  if (used === pool.length) {
    randomFillSync(pool)
    used = 0
  }
  const at = used
  used += ID_BYTES
  pool.writeUIntBE(now, at, 6)
  pool[at + 6] = 0x70 | ((pool[at + 6] ?? 0) & 0x0f)
  pool[at + 8] = 0x80 | ((pool[at + 8] ?? 0) & 0x3f)
  const hex = pool.toString('hex', at, used)
  return `${hex.slice(0, 8)}-${hex.slice(8, 12)}-${hex.slice(12, 16)}-${hex.slice(16, 20)}-${hex.slice(20)}`
}
