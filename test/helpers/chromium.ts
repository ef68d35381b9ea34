import { execFile } from 'node:child_process'
import { accessSync, constants, existsSync, mkdirSync, mkdtempSync, readFileSync, renameSync, rmSync } from 'node:fs'
import { createRequire } from 'node:module'
import { delimiter, join } from 'node:path'
import { promisify } from 'node:util'
import { type Browser, chromium } from 'playwright-core'
import { cacheFolder } from '../../scripts/temporal-binaries.mjs'

const execute = promisify(execFile)
const NAMES = ['chromium', 'chromium-browser', 'google-chrome', 'google-chrome-stable']
const UNPACK_LIMIT_MS = 120_000

const FLAGS = [
  '--headless',
  '--no-sandbox',
  '--disable-gpu',
  '--disable-quic',
  '--no-first-run',
  '--disable-background-networking',
  '--disable-component-update',
  '--disable-sync',
]

/** An executable and what it needs around it. */
type Executable = { path: string; environment: Record<string, string> }

/**
 * Starts a real Chromium: CHROMIUM_PATH, else one on PATH, else the one that npm brought, unpacked into the cache once.
 * Close it with `browser.close()`.
 *
 * @throws when none of them can be started, saying what is missing
 */
export async function launchChromium(): Promise<Browser> {
  const { path, environment } = await findChromium()
  return chromium.launch({
    executablePath: path,
    args: FLAGS,
    chromiumSandbox: false,
    env: { ...definedOnly(process.env), ...environment },
  })
}

async function findChromium(): Promise<Executable> {
  const chosen = process.env.CHROMIUM_PATH
  if (chosen !== undefined && chosen !== '') {
    if (!isExecutable(chosen))
      throw new Error(`CHROMIUM_PATH is ${chosen}, which is no executable file. Mend or unset it.`)
    return { path: chosen, environment: {} }
  }
  const folders = (process.env.PATH ?? '').split(delimiter).filter((folder) => folder !== '')
  const installed = folders.flatMap((folder) => NAMES.map((name) => join(folder, name))).find(isExecutable)
  return installed === undefined ? fromPackage() : { path: installed, environment: {} }
}

async function fromPackage(): Promise<Executable> {
  const folder = await unpack()
  const path = join(folder, 'chromium')
  const libraries = join(folder, 'al2023', 'lib')
  const environment: Record<string, string> = {}
  if ((await missingLibraries(path, {})).length > 0) {
    environment.LD_LIBRARY_PATH = [libraries, process.env.LD_LIBRARY_PATH ?? ''].filter((part) => part !== '').join(':')
    const missing = await missingLibraries(path, environment)
    if (missing.length > 0) {
      throw new Error(
        `Chromium from npm needs shared libraries that are neither on this machine nor in its package: ${missing.join(', ')}. ` +
          'Install the chromium package of this system, or set CHROMIUM_PATH.',
      )
    }
  }
  if (!existsSync('/etc/fonts/fonts.conf') || !existsSync('/usr/share/fonts')) {
    environment.FONTCONFIG_PATH = join(folder, 'fonts')
  }
  return { path, environment }
}

// The package unpacks into the temporary folder and takes a half unpacked file for a whole one, so it is run in a
// process of its own with a temporary folder of its own, which gets its name once it is complete.
async function unpack(): Promise<string> {
  const entry = createRequire(import.meta.url).resolve('@sparticuz/chromium')
  const { version }: { version: string } = JSON.parse(readFileSync(join(entry, '../../package.json'), 'utf8'))
  const folder = join(cacheFolder(), `chromium-${version}`)
  if (existsSync(folder)) return folder
  mkdirSync(cacheFolder(), { recursive: true })
  const unfinished = mkdtempSync(`${folder}.`)
  const script = `
    import chromium, { inflate } from ${JSON.stringify(entry)}
    await chromium.executablePath()
    await inflate(${JSON.stringify(join(entry, '../../bin/al2023.tar.br'))})`
  try {
    await execute(process.execPath, ['--input-type=module', '-e', script], {
      env: { ...process.env, TMPDIR: unfinished },
      timeout: UNPACK_LIMIT_MS,
    })
    renameSync(unfinished, folder)
  } catch (error) {
    rmSync(unfinished, { recursive: true, force: true })
    // Another process may have finished first; then its folder is as good.
    if (!existsSync(folder)) throw error
  }
  return folder
}

async function missingLibraries(path: string, environment: Record<string, string>): Promise<string[]> {
  const { stdout } = await execute('ldd', [path], { env: { ...process.env, ...environment } })
  return [...stdout.matchAll(/^\s*(\S+) => not found/gm)].flatMap(([, name]) => name ?? [])
}

function isExecutable(path: string): boolean {
  try {
    accessSync(path, constants.X_OK)
    return true
  } catch {
    return false
  }
}

function definedOnly(environment: NodeJS.ProcessEnv): Record<string, string> {
  return Object.fromEntries(
    Object.entries(environment).flatMap(([key, value]) => (value === undefined ? [] : [[key, value]])),
  )
}
