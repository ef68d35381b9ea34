import { createCipheriv, createDecipheriv, createHash, randomBytes, scryptSync } from 'node:crypto'

/**
 * Credentials at rest: AES-256-GCM, a fresh data key per record, itself sealed by the master key. The additional data
 * is what the record belongs to, so that a sealed value copied onto another row does not open.
 *
 * Layout: version (1) | length of key id (1) | key id | iv (12) tag (16) data key (32) | iv (12) tag (16) text
 */
export interface Vault {
  /** @param belongsTo e.g. `connection:<workspace>:<id>`; the same is needed to open */
  seal(belongsTo: string, value: { [name: string]: string }): Buffer
  /** @throws VaultError when the key is not there, or the value was changed or moved */
  open(belongsTo: string, sealed: Buffer): { [name: string]: string }
  /** Whether the value was sealed with a key that is no longer the first. */
  isStale(sealed: Buffer): boolean
  /** A stable word for a secret, for comparing without keeping it. */
  fingerprint(secret: string): string
  /** For deriving other secrets of this installation (session signing). */
  derive(purpose: string): string
  keyIds: string[]
}

export class VaultError extends Error {
  override readonly name = 'VaultError'
}

const VERSION = 1
const IV = 12
const TAG = 16
const KEY = 32
const NAMED_KEY = /^([A-Za-z0-9_-]{1,32}):([A-Za-z0-9+/]{43}=)$/

/**
 * @param secret SIGNALBOX_SECRET. Either a passphrase of 32 characters or more, or named keys of 32 bytes in base64,
 *   separated by commas: `2026b:…,2026a:…`. The first seals, all open: to rotate, put a new key in front, run
 *   `signalbox reseal`, then drop the old one. A former passphrase stays usable as a later item of the list.
 * @throws VaultError when it is too short
 */
export function openVault(secret: string): Vault {
  const keys = readKeys(secret)
  const [first] = keys
  if (first === undefined) throw new VaultError('SIGNALBOX_SECRET is empty. Give 32 characters or more.')
  return {
    keyIds: keys.map((key) => key.id),
    seal(belongsTo, value) {
      const dataKey = randomBytes(KEY)
      const head = Buffer.concat([Buffer.from([VERSION, first.id.length]), Buffer.from(first.id)])
      const aad = Buffer.concat([head, Buffer.from(belongsTo)])
      const wrapped = encrypt(first.bytes, aad, dataKey)
      return Buffer.concat([head, wrapped, encrypt(dataKey, aad, Buffer.from(JSON.stringify(value)))])
    },
    open(belongsTo, sealed) {
      const { id, headLength } = readHead(sealed)
      const key = keys.find((candidate) => candidate.id === id)
      if (key === undefined)
        throw new VaultError(
          `This was sealed with the key "${id}", which SIGNALBOX_SECRET does not hold. Put that key back into SIGNALBOX_SECRET, or connect again.`,
        )
      const aad = Buffer.concat([sealed.subarray(0, headLength), Buffer.from(belongsTo)])
      const bodyAt = headLength + IV + TAG + KEY
      const dataKey = decrypt(key.bytes, aad, sealed.subarray(headLength, bodyAt))
      return JSON.parse(decrypt(dataKey, aad, sealed.subarray(bodyAt)).toString('utf8')) as { [name: string]: string }
    },
    isStale: (sealed) => readHead(sealed).id !== first.id,
    fingerprint: (value) => createHash('sha256').update('fingerprint:').update(value).digest('hex').slice(0, 32),
    // From the oldest key, so that putting a new one in front signs nobody out.
    derive: (purpose) =>
      createHash('sha256')
        .update(`derive:${purpose}:`)
        .update((keys.at(-1) ?? first).bytes)
        .digest('hex'),
  }
}

interface MasterKey {
  id: string
  bytes: Buffer
}

function readKeys(secret: string): MasterKey[] {
  const items = secret.split(',').map((item) => item.trim())
  if (!items.some((item) => NAMED_KEY.test(item))) return [fromPassphrase(secret)]
  return items.map((item) => {
    const named = NAMED_KEY.exec(item)
    return named?.[1] !== undefined && named[2] !== undefined
      ? { id: named[1], bytes: Buffer.from(named[2], 'base64') }
      : fromPassphrase(item)
  })
}

function fromPassphrase(passphrase: string): MasterKey {
  if (passphrase.length < 32)
    throw new VaultError('SIGNALBOX_SECRET is too short. Give 32 characters or more, e.g. from: openssl rand -hex 32')
  const bytes = scryptSync(passphrase, 'signalbox vault', KEY)
  return { id: `p-${createHash('sha256').update('id:').update(bytes).digest('hex').slice(0, 8)}`, bytes }
}

function readHead(sealed: Buffer): { id: string; headLength: number } {
  if (sealed[0] !== VERSION)
    throw new VaultError(
      `This was sealed in a form (${sealed[0] ?? 'none'}) that this version does not know. Update Signalbox.`,
    )
  const headLength = 2 + (sealed[1] ?? 0)
  return { id: sealed.subarray(2, headLength).toString('utf8'), headLength }
}

function encrypt(key: Buffer, aad: Buffer, text: Buffer): Buffer {
  const iv = randomBytes(IV)
  const cipher = createCipheriv('aes-256-gcm', key, iv).setAAD(aad)
  const body = Buffer.concat([cipher.update(text), cipher.final()])
  return Buffer.concat([iv, cipher.getAuthTag(), body])
}

function decrypt(key: Buffer, aad: Buffer, sealed: Buffer): Buffer {
  const decipher = createDecipheriv('aes-256-gcm', key, sealed.subarray(0, IV), { authTagLength: TAG })
  decipher.setAAD(aad).setAuthTag(sealed.subarray(IV, IV + TAG))
  try {
    return Buffer.concat([decipher.update(sealed.subarray(IV + TAG)), decipher.final()])
  } catch (cause) {
    throw new VaultError('A sealed value was changed, or belongs to another record. Connect again to replace it.', {
      cause,
    })
  }
}
