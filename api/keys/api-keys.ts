import { createHash, randomBytes } from 'node:crypto'
import type { Db } from '../db/database.ts'
import { newId } from '../db/new-id.ts'
import type { Scope } from '../auth/scopes.ts'

/** A revoked key works at most this long after, in every process. */
const STALE_MS = 5_000
/** `last_used_at` is for people; more often than this is not worth a write. */
const USED_EVERY_MS = 60_000
const CACHED_KEYS = 10_000

export interface KnownKey {
  id: string
  workspaceId: string
  name: string
  scopes: readonly string[]
}

export interface KeyReader {
  /** The key's row, or null when it is unknown or revoked. Answers may be 5 s old. */
  find(key: string, now: number): Promise<KnownKey | null>
  /** Forgets what is cached: for the process in which a key was revoked. */
  forget(): void
}

export const hashKey = (key: string): Buffer => createHash('sha256').update(key).digest()

/** The part that lists show, so that a person recognizes a key. */
const prefixOf = (key: string): string => `${key.slice(0, 7)}…`

/** `sbk_` and 32 random bytes: enough that hashing it fast is safe. */
export const newKey = (): string => `sbk_${randomBytes(32).toString('base64url')}`

/**
 * Stores a key's hash; the key itself is nowhere afterwards.
 * @param key what the caller will send; made with `newKey`, or given for the first start
 */
export async function storeKey(
  db: Db,
  now: number,
  given: { workspaceId: string; name: string; key: string; scopes: Scope[]; createdBy: string | null },
): Promise<{ id: string; prefix: string }> {
  const id = newId(now)
  const prefix = prefixOf(given.key)
  await db
    .insertInto('api_keys')
    .values({
      id,
      workspace_id: given.workspaceId,
      name: given.name,
      prefix,
      hash: hashKey(given.key),
      scopes: given.scopes,
      created_by: given.createdBy,
      created_at: new Date(now),
    })
    .execute()
  return { id, prefix }
}

/** Looks keys up by hash with a short cache, because ingestion asks a thousand times a second. */
export function keyReader(db: Db): KeyReader {
  const cache = new Map<string, { at: number; key: KnownKey | null }>()
  const used = new Map<string, number>()

  async function read(hash: Buffer, now: number): Promise<KnownKey | null> {
    const row = await db
      .selectFrom('api_keys')
      .select(['id', 'workspace_id', 'name', 'scopes'])
      .where('hash', '=', hash)
      .where('revoked_at', 'is', null)
      .executeTakeFirst()
    if (row === undefined) return null
    if (now - (used.get(row.id) ?? 0) >= USED_EVERY_MS) {
      used.set(row.id, now)
      await db
        .updateTable('api_keys')
        .set({ last_used_at: new Date(now) })
        .where('id', '=', row.id)
        .where('workspace_id', '=', row.workspace_id)
        .execute()
    }
    return { id: row.id, workspaceId: row.workspace_id, name: row.name, scopes: row.scopes }
  }

  return {
    async find(key, now) {
      const hash = hashKey(key)
      const name = hash.toString('base64')
      const cached = cache.get(name)
      if (cached !== undefined && now - cached.at < STALE_MS && now >= cached.at) return cached.key
      const found = await read(hash, now)
      // Wrong keys are cached too, so that guessing costs no query each; the size is bounded.
      if (cache.size >= CACHED_KEYS) cache.clear()
      cache.set(name, { at: now, key: found })
      return found
    },
    forget: () => cache.clear(),
  }
}
