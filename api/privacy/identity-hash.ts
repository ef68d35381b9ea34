import { createHmac, randomBytes } from 'node:crypto'
import type { Vault } from '../connections/vault.ts'
import type { Queryable, Statement } from '../db/sql.ts'

/**
 * A person's identity as it may be kept after they were deleted: to recognize a later message of theirs, and to show
 * that the deletion was done. Keyed, so that nobody who has the database alone can try names against it; the same name
 * has another hash in another workspace.
 * @param identity an e-mail in lower case, as identities keep it
 */
export type IdentityHash = (workspaceId: string, identity: { kind: string; value: string }) => Buffer

/** @param secret what `identitySecret` answers */
export function createIdentityHash(secret: string): IdentityHash {
  const key = createHmac('sha256', secret).update('signalbox identities').digest()
  return (workspaceId, { kind, value }) =>
    // Length-prefixed, so that ("a", "bc") and ("ab", "c") differ.
    createHmac('sha256', key).update(`${workspaceId} ${kind.length}:${kind}${value}`).digest()
}

const NAME = 'identities'
const READ: Statement = { name: 'installation-key', text: 'SELECT sealed FROM installation_keys WHERE name = $1' }
const MAKE: Statement = {
  name: 'installation-key-make',
  text: 'INSERT INTO installation_keys (name, sealed, created_at) VALUES ($1, $2, $3) ON CONFLICT DO NOTHING',
}

export const installationKeyBelongsTo = (name: string): string => `installation:${name}`

/**
 * The secret of all hashes of people: made once, sealed by the vault, so that it stays when SIGNALBOX_SECRET changes and
 * who was suppressed stays so.
 * @throws VaultError when SIGNALBOX_SECRET is not the one that sealed it
 */
export async function identitySecret(q: Queryable, vault: Vault, now: number): Promise<string> {
  const read = async (): Promise<Buffer | undefined> => (await q.rows<{ sealed: Buffer }>(READ, [NAME]))[0]?.sealed
  const belongsTo = installationKeyBelongsTo(NAME)
  let sealed = await read()
  if (sealed === undefined) {
    await q.rows(MAKE, [NAME, vault.seal(belongsTo, { key: randomBytes(32).toString('base64') }), new Date(now)])
    // Whoever was first made it.
    sealed = await read()
  }
  const key = sealed === undefined ? undefined : vault.open(belongsTo, sealed)['key']
  if (key === undefined) throw new Error('The secret of the hashes of people was not written.')
  return key
}
