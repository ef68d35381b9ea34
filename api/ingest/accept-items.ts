import type { Queryable } from '../db/sql.ts'
import type { IdentityHash } from '../privacy/identity-hash.ts'
import { storeOnce } from './event-writer.ts'
import type { MessageKind, Refusal } from './parse-message.ts'
import { prepareMessage, type Sender } from './prepare-message.ts'
import { SUPPRESSED } from './screen-message.ts'
import { createSettingsCache, type SettingsCache } from './settings-cache.ts'

/** One message of an import or a bulk call. */
export interface Item {
  kind: MessageKind
  message: { [name: string]: unknown }
}

/**
 * Takes what imports and bulk calls bring, past the callers that wait, in one transaction.
 * @param units messages that count together: one that is refused refuses its unit
 * @returns for each unit null when it was taken, else why not; refused units are not kept
 * @throws whatever the database throws; a repeat with the same message ids is harmless
 */
export type AcceptItems = (from: Sender, units: Item[][]) => Promise<Array<Refusal | null>>

export interface AcceptDeps {
  /** Runs single statements on a pool (`onPool`). */
  q: Queryable
  /** Milliseconds since 1970. */
  clock: () => number
  hash: IdentityHash
  cache?: SettingsCache
}

export function createAcceptItems(deps: AcceptDeps): AcceptItems {
  const cache = deps.cache ?? createSettingsCache(deps.q, deps.clock)
  return async (from, units) => {
    const settings = await cache.get(from.workspaceId)
    const context = { ...from, receivedAt: deps.clock(), settings, hash: deps.hash, fromImport: true }
    const prepared = units.map((unit) => unit.map(({ kind, message }) => prepareMessage(kind, message, context).row))
    const refusals = prepared.map((rows) => {
      const wrong = rows.find((row) => row === null || row.refusal !== null)
      return wrong === undefined ? null : (wrong?.refusal ?? SUPPRESSED)
    })
    const good = prepared.flatMap((rows, i) => (refusals[i] === null ? rows.flatMap((row) => row ?? []) : []))
    if (good.length > 0) await storeOnce(deps.q, good)
    // What the database itself refused is kept as refused, and named too.
    return refusals.map((refusal, i) => refusal ?? prepared[i]?.find((row) => row?.refusal)?.refusal ?? null)
  }
}
