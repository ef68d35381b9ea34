import { mkdirSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { catalog } from '../nodes/catalog.ts'
import { toManifest } from '../nodes/to-manifest.ts'
import { nodeDocs } from './gen/node-docs.ts'

/** `npm run gen` writes what is generated; `npm run gen -- --check` only says what differs, and fails if anything does. */

const root = join(import.meta.dirname, '..')
const folder = join(root, 'docs', 'nodes')
const onlyCheck = process.argv.includes('--check')

const wanted = nodeDocs(toManifest(catalog))
mkdirSync(folder, { recursive: true })
const present = new Map(readdirSync(folder).map((name) => [name, readFileSync(join(folder, name), 'utf8')]))

const changed = [...wanted].filter(([name, text]) => present.get(name) !== text).map(([name]) => name)
const stale = [...present.keys()].filter((name) => name.endsWith('.md') && !wanted.has(name))

if (!onlyCheck) {
  for (const name of changed) writeFileSync(join(folder, name), wanted.get(name) ?? '')
  for (const name of stale) rmSync(join(folder, name))
}
for (const name of [...changed, ...stale]) console.log(`${onlyCheck ? 'differs' : 'wrote'}: docs/nodes/${name}`)
if (onlyCheck && changed.length + stale.length > 0) {
  console.error('docs/nodes does not match the definitions. Run `npm run gen` and commit the result.')
  process.exitCode = 1
}
