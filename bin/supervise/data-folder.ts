import { randomBytes } from 'node:crypto'
import { linkSync, mkdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { freePort, isPortFree } from '../embedded/free-port.ts'
import { UserError } from './user-error.ts'

/** Paths and kept values of one instance. */
export type DataFolder = {
  path: string
  pids: string
  logs: string
  postgres: string
  temporalDatabase: string
}

/**
 * Makes the data folder and tries to write in it.
 * @throws {UserError} when it cannot be written
 */
export function openDataFolder(path: string): DataFolder {
  const folder = {
    path,
    pids: join(path, 'pids'),
    logs: join(path, 'logs'),
    postgres: join(path, 'postgres'),
    temporalDatabase: join(path, 'temporal', 'temporal.db'),
  }
  try {
    for (const part of [folder.pids, folder.logs, join(path, 'temporal')]) mkdirSync(part, { recursive: true })
    const probe = join(path, `.probe-${process.pid}`)
    writeFileSync(probe, '')
    rmSync(probe)
  } catch (error) {
    throw new UserError(
      `The data folder ${path} cannot be written (${(error as NodeJS.ErrnoException).code ?? String(error)}). ` +
        'Make it writable for this user, or set SIGNALBOX_DATA_DIR to a folder that is.',
      'DATA_FOLDER_NOT_WRITABLE',
    )
  }
  return folder
}

/** A random value that is made once and kept in the data folder, readable by its owner alone (mode 600). */
export function keptSecret(folder: DataFolder, name: string): string {
  const path = join(folder.path, name)
  const kept = readIfThere(path)
  if (kept !== null) return kept.trim()
  const made = join(folder.path, `.${name}-${process.pid}`)
  writeFileSync(made, `${randomBytes(32).toString('hex')}\n`, { mode: 0o600, flush: true })
  try {
    // Linked into place whole: a kill halfway leaves no empty key, and of two at once the first one counts.
    linkSync(made, path)
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'EEXIST') throw error
  } finally {
    rmSync(made)
  }
  return readFileSync(path, 'utf8').trim()
}

/** Ports of the embedded servers, kept from one start to the next unless somebody else took one meanwhile. */
export async function keptPorts(folder: DataFolder): Promise<{ postgres: number; temporal: number }> {
  const path = join(folder.path, 'ports.json')
  const kept: { postgres?: number; temporal?: number } = JSON.parse(readIfThere(path) ?? '{}')
  const choose = async (port: number | undefined) =>
    port !== undefined && (await isPortFree(port)) ? port : freePort()
  const postgres = await choose(kept.postgres)
  let temporal = await choose(kept.temporal)
  while (temporal === postgres) temporal = await freePort()
  writeFileSync(path, `${JSON.stringify({ postgres, temporal })}\n`)
  return { postgres, temporal }
}

function readIfThere(path: string): string | null {
  try {
    return readFileSync(path, 'utf8')
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return null
    throw error
  }
}
