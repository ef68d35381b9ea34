import { createHash } from 'node:crypto'
import { existsSync, mkdirSync, readdirSync, readFileSync, writeFileSync } from 'node:fs'
import { dirname, join } from 'node:path'
import { run, step, UserError } from './progress.mjs'

const BUILD_LIMIT_MS = 10 * 60_000

/**
 * Runs a build step when its sources changed since it last succeeded, or when what it made is gone.
 * @param {string} root
 * @param {{ title: string, sources: string[], output: string, command: [string, ...string[]] }} build `sources` are files
 *   and folders, `output` a file or
 *   folder that the command makes, all relative to root; the stamp lies beside the output.
 * @throws {UserError} with what the command said last
 */
export async function buildWhenChanged(root, build) {
  const output = join(root, build.output)
  const stamp = `${output}.stamp`
  const hash = hashOf(root, build.sources)
  if (existsSync(output) && existsSync(stamp) && readFileSync(stamp, 'utf8') === hash) return
  await step(build.title, async () => {
    const [command, ...args] = build.command
    const result = await run(command, args, { cwd: root, timeoutMs: BUILD_LIMIT_MS })
    const said = result.output.trim().split('\n').slice(-30).join('\n')
    if (!result.ok) throw new UserError(`${build.title} failed. It said last:\n${said}`)
    if (!existsSync(output)) throw new UserError(`${build.title} made no ${build.output}. It said last:\n${said}`)
  })
  mkdirSync(dirname(stamp), { recursive: true })
  writeFileSync(stamp, hash)
}

/** A hash over names and contents of files and folders; tests do not count, since they build nothing. */
export function hashOf(root, sources) {
  const hash = createHash('sha256')
  const add = (path) => {
    const full = join(root, path)
    if (!existsSync(full)) return
    hash.update(`${path}\0`).update(readFileSync(full)).update('\0')
  }
  for (const source of sources) {
    for (const path of filesUnder(root, source)) if (!/\.test\.tsx?$/.test(path)) add(path)
  }
  return hash.digest('hex')
}

function filesUnder(root, path) {
  const full = join(root, path)
  if (!existsSync(full)) return []
  try {
    return readdirSync(full, { withFileTypes: true })
      .sort((left, right) => (left.name < right.name ? -1 : 1))
      .flatMap((entry) => (entry.isDirectory() ? filesUnder(root, `${path}/${entry.name}`) : [`${path}/${entry.name}`]))
  } catch (error) {
    if (error.code === 'ENOTDIR') return [path]
    throw error
  }
}
