// node scripts/bootstrap.mjs start|test
// Brings a fresh clone to where `npm start` or `npm test` can run. Plain JavaScript without packages, for Node 18 and
// newer, because it runs before anything is installed. Everything that is there already costs it no time.
import { existsSync } from 'node:fs'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { buildWhenChanged } from './built.mjs'
import { takeLock } from './lock.mjs'
import { findNode, installPackages } from './packages.mjs'
import { elapsed, explain, say, step, UserError } from './progress.mjs'
import { findTemporalBinary } from './temporal-binaries.mjs'

const root = fileURLToPath(new URL('..', import.meta.url)).replace(/\/$/, '')
const FAST_MS = 1500

try {
  await bootstrap(process.argv[2])
} catch (error) {
  if (!(error instanceof UserError)) throw error
  say(`\n${explain(error)}\n`)
  process.exitCode = 1
}

async function bootstrap(purpose) {
  const start = performance.now()
  if (purpose !== 'start' && purpose !== 'test') throw new UserError('Usage: node scripts/bootstrap.mjs start|test')
  const release = await takeLock(join(root, '.cache', 'bootstrap.lock'), say)
  try {
    const wanted = wantedBinaries(purpose)
    // The download of Temporal and that of the packages wait for different servers.
    const [missing] = await Promise.all([prefetch(wanted), installPackages(root)])
    for (const name of missing) await fetchBinary(name)
    const node = await findNode(root)
    await buildEditor(node)
    await bundleWorkflows(node)
  } finally {
    release()
  }
  if (performance.now() - start > FAST_MS) say(`Everything that npm ${purpose} needs is there (${elapsed(start)})`)
}

function wantedBinaries(purpose) {
  if (purpose === 'test') return ['temporal', 'temporal-test-server']
  return process.env.TEMPORAL_ADDRESS ? [] : ['temporal']
}

/** Looks in every place that needs no packages; answers with the names still to be found. */
async function prefetch(names) {
  const missing = []
  for (const name of names) {
    try {
      await findTemporalBinary(name, { download: false })
    } catch {
      await step(`Fetching ${name}, which is neither on PATH nor in the cache`, async (log) => {
        await findTemporalBinary(name, { log, sdk: false }).catch(() => missing.push(name))
      })
    }
  }
  return missing
}

async function fetchBinary(name) {
  await step(`Fetching ${name} in other ways`, (log) => findTemporalBinary(name, { log }))
}

async function buildEditor(node) {
  if (!existsSync(join(root, 'vite.config.ts')) || !existsSync(join(root, 'editor/index.html'))) return
  await buildWhenChanged(root, {
    title: 'Building the editor',
    sources: ['editor', 'nodes', 'engine', 'api', 'vite.config.ts', 'tsconfig.json', 'package-lock.json'],
    output: 'dist/editor/index.html',
    command: [node, join(root, 'node_modules/vite/bin/vite.js'), 'build', '--logLevel', 'warn'],
  })
}

async function bundleWorkflows(node) {
  const script = 'engine/temporal/bundle.ts'
  if (!existsSync(join(root, script))) return
  const program = `import { workflowBundlePath } from './${script}'; await workflowBundlePath()`
  await buildWhenChanged(root, {
    title: 'Bundling the workflows',
    sources: ['engine', 'nodes', 'package-lock.json'],
    output: 'dist/workflow',
    command: [node, '--disable-warning=ExperimentalWarning', '--input-type=module', '-e', program],
  })
}
