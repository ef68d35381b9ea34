import { hasSnapshot, parseSnapshot, readSnapshotOf, type SnapshotPage } from '../../nodes/sandbox/snapshot.ts'
import { DatabaseInUse } from '../../nodes/sandbox/store.ts'
import { UserError } from '../supervise/user-error.ts'

const TIMEOUT_MS = 60_000

/** Where an installation's own sandboxes keep their data, and where they answer while they run. */
export interface OwnSandboxes {
  dataDir: string
  port: number
}

/**
 * All records of the installation's own sandboxes, whether they run or not.
 * @returns null where there are none
 * @throws UserError when they run on another port than SIGNALBOX_SANDBOX_PORT says
 */
export async function snapshotOf({ dataDir, port }: OwnSandboxes): Promise<SnapshotPage[] | null> {
  if (!hasSnapshot(dataDir)) return null
  const answered = await ask(port)
  const pages = answered === null ? null : parseSnapshot(answered, dataDir)
  if (pages !== null) return pages
  try {
    return readSnapshotOf(dataDir)
  } catch (error) {
    if (!(error instanceof DatabaseInUse)) throw error
    throw new UserError(
      `The sandboxes of ${dataDir} are running, but not on port ${port}. Set SIGNALBOX_SANDBOX_PORT as it is for npm start.`,
    )
  }
}

/** @returns null when nobody answers there, or somebody else does */
async function ask(port: number): Promise<string | null> {
  try {
    const response = await fetch(`http://127.0.0.1:${port}/_sandbox/snapshot`, {
      signal: AbortSignal.timeout(TIMEOUT_MS),
    })
    const text = await response.text()
    return response.ok && text.startsWith('{"dataDir":') ? text : null
  } catch (error) {
    // What a refused connection looks like; the file is then free to be read, or says itself that it is not.
    if (error instanceof TypeError) return null
    throw error
  }
}
