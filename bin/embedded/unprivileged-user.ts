import { execFile } from 'node:child_process'
import { existsSync, readFileSync, statSync } from 'node:fs'
import { dirname } from 'node:path'
import { promisify } from 'node:util'
import { UserError } from '../supervise/user-error.ts'

const execute = promisify(execFile)
const USER = 'postgres'
const OTHERS_MAY_ENTER = 0o001

/** How to start a program that refuses to run as root. */
export type Launch = {
  /** Put before the program and its arguments; empty when none is needed. */
  prefix: string[]
  /** For child_process: the user to run as; empty for the present one. */
  as: { uid?: number; gid?: number }
  /** Who must own the files that the program writes; null for the present user. */
  owner: { uid: number; gid: number } | null
}

/**
 * Postgres refuses to run as root, so as root it runs as the system user `postgres`, made when missing.
 *
 * @param paths Folders the program must reach; where others may not enter one of their parents (a clone in /root), the
 *   program is given the one capability that lets it pass through.
 * @throws {UserError} when the user cannot be made or the paths not be reached
 */
export async function unprivilegedLaunch(paths: string[]): Promise<Launch> {
  if (process.getuid?.() !== 0) return { prefix: [], as: {}, owner: null }
  const owner = lookUp() ?? (await create())
  const closed = paths.map(closedParent).find((folder) => folder !== null) ?? null
  if (closed === null) return { prefix: [], as: owner, owner }
  const capability = passingCapability()
  if (capability === null || !existsSync('/usr/bin/setpriv')) {
    throw new UserError(
      `Postgres may not run as root, and its user ${USER} may not enter ${closed}. ` +
        'Move the project and its data folder (SIGNALBOX_DATA_DIR) to a folder that others may enter, or run as an ordinary user.',
      'POSTGRES_AS_ROOT',
    )
  }
  const ids = [`--reuid=${owner.uid}`, `--regid=${owner.gid}`, '--clear-groups']
  return {
    prefix: ['/usr/bin/setpriv', ...ids, `--inh-caps=+${capability}`, `--ambient-caps=+${capability}`],
    as: {},
    owner,
  }
}

function lookUp(): { uid: number; gid: number } | null {
  const line = readFileSync('/etc/passwd', 'utf8')
    .split('\n')
    .find((entry) => entry.startsWith(`${USER}:`))
  const [, , uid, gid] = line?.split(':') ?? []
  return uid === undefined || gid === undefined ? null : { uid: Number(uid), gid: Number(gid) }
}

async function create(): Promise<{ uid: number; gid: number }> {
  try {
    await execute('useradd', ['--system', '--user-group', '--no-create-home', '--shell', '/usr/sbin/nologin', USER])
  } catch (error) {
    // Two instances started at once may both try; the loser finds the winner's user.
    const made = lookUp()
    if (made !== null) return made
    throw new UserError(
      `Postgres may not run as root, and a system user ${USER} could not be made (${String(error).split('\n')[0]}). ` +
        `Make one (useradd --system ${USER}), run as an ordinary user, or set SIGNALBOX_DATABASE_URL.`,
      'POSTGRES_AS_ROOT',
    )
  }
  const made = lookUp()
  if (made === null)
    throw new UserError(`useradd made no user ${USER} in /etc/passwd. Run as an ordinary user instead.`)
  return made
}

/** The first folder above `path` that others may not enter, or null. */
export function closedParent(path: string): string | null {
  const isClosed = (folder: string) => existsSync(folder) && (statSync(folder).mode & OTHERS_MAY_ENTER) === 0
  return parents(path).find(isClosed) ?? null
}

function parents(path: string): string[] {
  const parent = dirname(path)
  return parent === path ? [parent] : [parent, ...parents(parent)]
}

// Containers keep DAC_OVERRIDE by default but drop DAC_READ_SEARCH; either lets Postgres pass through a closed parent.
function passingCapability(): string | null {
  const bounding = /^CapBnd:\s*([0-9a-f]+)$/m.exec(readFileSync('/proc/self/status', 'utf8'))?.[1]
  const bits = BigInt(`0x${bounding ?? '0'}`)
  if ((bits & 4n) !== 0n) return 'dac_read_search'
  return (bits & 2n) !== 0n ? 'dac_override' : null
}
