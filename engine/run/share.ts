/**
 * A number in [0, 1) for a key and a subject: the same wherever and whenever it is asked, even over many subjects, and
 * of two keys independent. The 32 bits of MurmurHash3 (https://github.com/aappleby/smhasher, public domain), because the
 * workflow's isolate has no crypto, and because shares need to be even, not secret.
 */
export function shareOf(key: string, subjectId: string): number {
  // Length-prefixed, so that ("a", "bc") and ("ab", "c") differ.
  return murmur(new TextEncoder().encode(`${key.length}:${key}${subjectId}`)) / 2 ** 32
}

function murmur(bytes: Uint8Array): number {
  let hash = 0
  const whole = bytes.length - (bytes.length % 4)
  for (let i = 0; i < whole; i += 4) {
    const word =
      (bytes[i] ?? 0) | ((bytes[i + 1] ?? 0) << 8) | ((bytes[i + 2] ?? 0) << 16) | ((bytes[i + 3] ?? 0) << 24)
    hash ^= scramble(word)
    hash = (hash << 13) | (hash >>> 19)
    hash = (Math.imul(hash, 5) + 0xe6546b64) | 0
  }
  let rest = 0
  for (let i = bytes.length - 1; i >= whole; i -= 1) rest = (rest << 8) | (bytes[i] ?? 0)
  hash ^= scramble(rest)
  hash ^= bytes.length
  hash = Math.imul(hash ^ (hash >>> 16), 0x85ebca6b)
  hash = Math.imul(hash ^ (hash >>> 13), 0xc2b2ae35)
  return (hash ^ (hash >>> 16)) >>> 0
}

function scramble(word: number): number {
  const mixed = Math.imul(word, 0xcc9e2d51)
  return Math.imul((mixed << 15) | (mixed >>> 17), 0x1b873593)
}
