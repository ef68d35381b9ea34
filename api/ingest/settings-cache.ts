import { type IngestSettings, readIngestSettings } from '../db/ingest-settings-store.ts'
import type { Queryable } from '../db/sql.ts'

/** Read again in the background after this, and waited for after twice as long. */
const FRESH_MS = 2_000
/** How old what a process knows of a workspace's settings may be, in milliseconds. */
export const SETTINGS_STALE_MS = 4_000

export interface SettingsCache {
  /** What the workspace says about the messages it takes, as of at most 4 s ago. */
  get(workspaceId: string): Promise<IngestSettings> | IngestSettings
  /** For the process in which they were changed. */
  forget(workspaceId: string): void
}

/** @param clock milliseconds since 1970 */
export function createSettingsCache(q: Queryable, clock: () => number): SettingsCache {
  const known = new Map<string, { at: number; settings: IngestSettings }>()
  const reading = new Map<string, Promise<IngestSettings>>()

  const read = (workspaceId: string): Promise<IngestSettings> => {
    const under = reading.get(workspaceId)
    if (under !== undefined) return under
    const at = clock()
    const work = readIngestSettings(q, workspaceId, known.get(workspaceId)?.settings)
      .then((settings) => {
        // Forgotten meanwhile: what was read may be from before the change.
        if (reading.get(workspaceId) === work) known.set(workspaceId, { at, settings })
        return settings
      })
      .finally(() => {
        if (reading.get(workspaceId) === work) reading.delete(workspaceId)
      })
    reading.set(workspaceId, work)
    return work
  }

  return {
    get: (workspaceId) => {
      const cached = known.get(workspaceId)
      if (cached === undefined) return read(workspaceId)
      const age = clock() - cached.at
      if (age >= SETTINGS_STALE_MS) return read(workspaceId)
      // A failure is met by whoever has to wait for the answer.
      if (age >= FRESH_MS) read(workspaceId).catch(() => undefined)
      return cached.settings
    },
    forget: (workspaceId) => {
      known.delete(workspaceId)
      reading.delete(workspaceId)
    },
  }
}
