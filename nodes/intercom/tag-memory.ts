import { createHash } from 'node:crypto'
import type { OpenedConnection } from '../define.ts'
import { addressOf, tokenOf } from './transport.ts'

/** Tag ids by name, so that tagging costs one call instead of two. */
export interface TagMemory {
  keep(tag: string, id: string): void
  recall(tag: string): string | undefined
}

/** A tag renamed in Intercom is noticed after this; a deleted one at once. */
const KEPT_MS = 5 * 60_000
const MOST = 5_000

/** Shared by all clients of the process: each step opens one of its own. Oldest first. */
const known = new Map<string, { id: string; until: number }>()

/** The memory of one grant: other grants may be of other workspaces, where ids mean other tags. */
export function tagMemory(connection: OpenedConnection): TagMemory {
  const grant = createHash('sha256')
    .update(`${addressOf(connection)} ${tokenOf(connection)}`)
    .digest('base64')
  const keyOf = (tag: string) => `${grant} ${tag.toLowerCase()}`
  return {
    keep: (tag, id) => {
      known.delete(keyOf(tag))
      known.set(keyOf(tag), { id, until: Date.now() + KEPT_MS })
      const [oldest] = known.keys()
      if (known.size > MOST && oldest !== undefined) known.delete(oldest)
    },
    recall: (tag) => {
      const found = known.get(keyOf(tag))
      return found && found.until > Date.now() ? found.id : undefined
    },
  }
}
