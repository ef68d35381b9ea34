import { mkdirSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { catalog } from '../nodes/catalog.ts'
import { toManifest } from '../nodes/to-manifest.ts'
import { errorDocs } from './gen/error-docs.ts'
import { nodeDocs } from './gen/node-docs.ts'

/** `npm run gen` writes what is generated; `npm run gen -- --check` only says what differs, and fails if anything does. */

const root = join(import.meta.dirname, '..')
const onlyCheck = process.argv.includes('--check')

const differing = [
  ...bringUpToDate('docs/nodes', () => nodeDocs(toManifest(catalog))),
  ...bringUpToDate('docs/errors', (present) => errorDocs(root, present)),
]
for (const path of differing) console.log(`${onlyCheck ? 'differs' : 'wrote'}: ${path}`)
if (onlyCheck && differing.length > 0) {
  console.error('These pages do not match the code. Run `npm run gen` and commit the result.')
  process.exitCode = 1
}

/** @returns the paths that differ, or did */
function bringUpToDate(name: string, make: (present: Map<string, string>) => Map<string, string>): string[] {
  const folder = join(root, name)
  mkdirSync(folder, { recursive: true })
  const pages = readdirSync(folder).filter((file) => file.endsWith('.md'))
  const present = new Map(pages.map((file) => [file, readFileSync(join(folder, file), 'utf8')]))
  const wanted = make(present)
  const changed = [...wanted].filter(([file, text]) => present.get(file) !== text).map(([file]) => file)
  const stale = pages.filter((file) => !wanted.has(file))
  if (!onlyCheck) {
    for (const file of changed) writeFileSync(join(folder, file), wanted.get(file) ?? '')
    for (const file of stale) rmSync(join(folder, file))
  }
  return [...changed, ...stale].map((file) => `${name}/${file}`)
}
