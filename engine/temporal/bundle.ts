import { createHash } from 'node:crypto'
import { mkdir, readdir, readFile, rename, writeFile } from 'node:fs/promises'
import { join, resolve } from 'node:path'
import { fileURLToPath } from 'node:url'
import { FAILURE_CONVERTER_PATH } from './data-converter.ts'

const HERE = fileURLToPath(new URL('.', import.meta.url))
const ROOT = resolve(HERE, '../..')
/** Rooms the workflow reaches; a change in any of them makes a new bundle. */
const SOURCES = ['engine/temporal', 'engine/model', 'engine/rules', 'engine/run', 'nodes']

/**
 * The workflow code as one script. Bundling takes seconds, so the result is kept in `dist/` under a hash of its
 * sources and the SDK's version.
 * @returns the path of the bundle
 */
export async function workflowBundlePath(): Promise<string> {
  const path = join(ROOT, 'dist', 'workflow', `${await sourceHash()}.js`)
  try {
    await readFile(path)
    return path
  } catch (error) {
    if (!(error instanceof Error && 'code' in error && error.code === 'ENOENT')) throw error
  }
  // Loaded only when needed: the bundler is large.
  const { bundleWorkflowCode } = await import('@temporalio/worker')
  const quiet = () => {}
  const { code } = await bundleWorkflowCode({
    workflowsPath: join(HERE, 'workflows.ts'),
    failureConverterPath: FAILURE_CONVERTER_PATH,
    logger: { log: quiet, trace: quiet, debug: quiet, info: quiet, warn: console.warn, error: console.error },
  })
  await mkdir(join(ROOT, 'dist', 'workflow'), { recursive: true })
  // Written aside and moved, so that two processes may do it at once.
  const aside = `${path}.${process.pid}`
  await writeFile(aside, code)
  await rename(aside, path)
  return path
}

async function sourceHash(): Promise<string> {
  const hash = createHash('sha256')
  const sdk: unknown = JSON.parse(await readFile(join(ROOT, 'node_modules/@temporalio/worker/package.json'), 'utf8'))
  hash.update(String((sdk as { version: string }).version))
  for (const room of SOURCES) {
    const files = (await readdir(join(ROOT, room))).filter((f) => f.endsWith('.ts') && !f.endsWith('.test.ts')).sort()
    for (const file of files) hash.update(file).update(await readFile(join(ROOT, room, file)))
  }
  return hash.digest('hex').slice(0, 16)
}
