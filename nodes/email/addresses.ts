/**
 * Addresses as we take them: `ada@example.com`, several with commas. No display names and no quoted local parts, so
 * that nothing a template rendered can open a new header or a new recipient (RFC 5322 §3.4, RFC 5321 §4.1.2).
 */
const ADDRESS = /^[A-Za-z0-9.!#$%&'*+/=?^_`{|}~-]{1,64}@(?=.{1,255}$)[A-Za-z0-9-]+(\.[A-Za-z0-9-]+)*$/
export const MAX_ADDRESSES = 20

/** Why this is no list of addresses, or null. */
export function addressProblem(text: string): string | null {
  const list = text.split(',').map((part) => part.trim())
  if (list.length > MAX_ADDRESSES) return `Name at most ${MAX_ADDRESSES} addresses; this step is not for mass mail.`
  const wrong = list.find((address) => !ADDRESS.test(address))
  return wrong === undefined ? null : `“${printable(wrong)}” is not an e-mail address; write it like ada@example.com.`
}

export const splitAddresses = (text: string): string[] => text.split(',').map((part) => part.trim())

/** A line break in a header would begin another header. */
export const isOneLine = (text: string): boolean => !hasControl(text)

function hasControl(text: string): boolean {
  for (const character of text) {
    const code = character.codePointAt(0) ?? 0
    if (code < 0x20 || code === 0x7f || code === 0x2028 || code === 0x2029 || code === 0x85) return true
  }
  return false
}

const printable = (text: string): string => JSON.stringify(text.slice(0, 80)).slice(1, -1)

/**
 * The same Message-ID on every attempt, so that a mail sent twice can be recognized as one by those who look.
 * @param key run:step:visit; a colon may not stand in a Message-ID, `=` may and is in no key.
 */
export function messageIdOf(key: string, from: string): string {
  return `<${key.replaceAll(':', '=')}@${from.slice(from.lastIndexOf('@') + 1)}>`
}
