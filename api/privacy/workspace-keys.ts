import { hkdfSync, randomBytes } from 'node:crypto'
import type { Vault } from '../connections/vault.ts'
import type { Queryable, Statement } from '../db/sql.ts'

/** What a workspace's secrets are made from, each for one purpose. */
export interface WorkspaceKeys {
  /** The workspace's half of its runs' keys. */
  runs: Buffer
  /** Signs the links in mails. */
  links: Buffer
}

export interface WorkspaceKeyReader {
  /** Makes the key at the first question. @throws VaultError when SIGNALBOX_SECRET is not the one that sealed it */
  of(workspaceId: string): Promise<WorkspaceKeys>
}

const KEY_BYTES = 32

export const workspaceKeyBelongsTo = (workspaceId: string): string => `workspace:${workspaceId}`

const READ: Statement = { name: 'workspace-key', text: 'SELECT sealed FROM workspace_keys WHERE workspace_id = $1' }
const MAKE: Statement = {
  name: 'workspace-key-make',
  text: `INSERT INTO workspace_keys (workspace_id, sealed, created_at) VALUES ($1, $2, $3) ON CONFLICT DO NOTHING`,
}

/** One random key a workspace, sealed by the vault: it stays when SIGNALBOX_SECRET changes. Kept in memory once read. */
export function createWorkspaceKeys(q: Queryable, vault: Vault, clock: () => number): WorkspaceKeyReader {
  const known = new Map<string, Promise<WorkspaceKeys>>()
  const read = async (workspaceId: string): Promise<WorkspaceKeys> => {
    const belongsTo = workspaceKeyBelongsTo(workspaceId)
    let [row] = await q.rows<{ sealed: Buffer }>(READ, [workspaceId])
    if (row === undefined) {
      const sealed = vault.seal(belongsTo, { key: randomBytes(KEY_BYTES).toString('base64') })
      await q.rows(MAKE, [workspaceId, sealed, new Date(clock())])
      // Whoever was first made it.
      row = (await q.rows<{ sealed: Buffer }>(READ, [workspaceId]))[0]
    }
    if (row === undefined) throw new Error(`The key of the workspace ${workspaceId} was not written.`)
    const key = Buffer.from(vault.open(belongsTo, row.sealed)['key'] ?? '', 'base64')
    return { runs: derived(key, 'runs'), links: derived(key, 'links') }
  }
  return {
    of(workspaceId) {
      const before = known.get(workspaceId)
      if (before !== undefined) return before
      const reading = read(workspaceId)
      known.set(workspaceId, reading)
      // A failed look-up must not be remembered: Postgres may only have been away.
      reading.catch(() => known.delete(workspaceId))
      return reading
    },
  }
}

const derived = (key: Buffer, purpose: string): Buffer =>
  Buffer.from(hkdfSync('sha256', key, Buffer.alloc(0), `signalbox ${purpose}`, KEY_BYTES))
