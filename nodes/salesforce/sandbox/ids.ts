const DIGITS = '0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz'
const CHECK = 'ABCDEFGHIJKLMNOPQRSTUVWXYZ012345'

/** The 18-character form of a 15-character id: each of three check characters says which of five letters are capitals. */
export function withChecksum(id15: string): string {
  let check = ''
  for (let start = 0; start < 15; start += 5) {
    let bits = 0
    for (let index = 0; index < 5; index += 1) if (/[A-Z]/.test(id15.charAt(start + index))) bits |= 1 << index
    check += CHECK.charAt(bits)
  }
  return id15 + check
}

/**
 * An 18-character id from a key prefix and a counter, e.g. `006Sb0000000001…`.
 * @param number 0 or more
 */
export function makeId(prefix: string, number: number): string {
  let text = ''
  for (let rest = number; rest > 0; rest = Math.floor(rest / 62)) text = DIGITS.charAt(rest % 62) + text
  return withChecksum(`${prefix}Sb${text.padStart(10, '0')}`)
}

/** The 18-character form of either form, or null for what is no id. */
export function normalizeId(id: string): string | null {
  if (/^[A-Za-z0-9]{15}$/.test(id)) return withChecksum(id)
  if (!/^[A-Za-z0-9]{18}$/.test(id)) return null
  // The 18-character form may come in any case: the check characters restore it.
  return restoreCase(id)
}

function restoreCase(id18: string): string | null {
  const check = id18.slice(15).toUpperCase()
  let restored = ''
  for (let index = 0; index < 15; index += 1) {
    const bits = CHECK.indexOf(check.charAt(Math.floor(index / 5)))
    if (bits < 0) return null
    const character = id18.charAt(index)
    restored += bits & (1 << (index % 5)) ? character.toUpperCase() : character.toLowerCase()
  }
  return withChecksum(restored) === restored + check ? restored + check : null
}
