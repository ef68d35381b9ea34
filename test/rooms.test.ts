import { execFile } from 'node:child_process'
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { createRequire } from 'node:module'
import { tmpdir } from 'node:os'
import { dirname, join } from 'node:path'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'

const ROOT = join(import.meta.dirname, '..')
const CONFIG = join(ROOT, '.dependency-cruiser.cjs')

interface Seed {
  rule: string
  /** The one wrong import, from → to. */
  from: string
  to: string
}

// Each seed has files of its own, so that one wrong import breaks no other rule by accident.
const SEEDS: Seed[] = [
  { rule: 'no-cycle', from: 'api/circle/one.ts', to: 'api/circle/two.ts' },
  { rule: 'pure-stays-pure', from: 'engine/match/reads-clock.ts', to: 'engine/temporal/clock.ts' },
  { rule: 'pure-stays-pure', from: 'engine/compile/reads-disk.ts', to: 'node:fs' },
  { rule: 'pure-stays-pure', from: 'engine/compile/uses-package.ts', to: 'node_modules/lodash/index.js' },
  { rule: 'workflow-is-deterministic', from: 'engine/temporal/some-workflow.ts', to: 'engine/temporal/clock.ts' },
  { rule: 'workflow-is-deterministic', from: 'engine/temporal/other-workflow.ts', to: 'node:crypto' },
  { rule: 'workflow-bundle-has-no-parser', from: 'engine/model/some.ts', to: 'node_modules/zod/index.js' },
  { rule: 'workflow-bundle-has-no-parser', from: 'engine/run/some.ts', to: 'engine/expression/parse.ts' },
  { rule: 'definitions-import-no-sdk', from: 'nodes/app/send.action.ts', to: 'nodes/app/client.ts' },
  { rule: 'definitions-import-no-sdk', from: 'nodes/app/read.trigger.ts', to: 'node_modules/lodash/index.js' },
  { rule: 'nodes-import-no-room', from: 'nodes/knows-engine.ts', to: 'engine/temporal/clock.ts' },
  { rule: 'engine-downhill', from: 'engine/temporal/store.ts', to: 'api/db/some.ts' },
  { rule: 'api-downhill', from: 'api/page.ts', to: 'editor/src/page.ts' },
  { rule: 'editor-is-thin', from: 'editor/src/talks.ts', to: 'engine/temporal/clock.ts' },
  { rule: 'editor-is-thin', from: 'editor/src/server.ts', to: 'api/db/some.ts' },
  { rule: 'nobody-imports-bin-or-test', from: 'editor/src/root.ts', to: 'bin/root.ts' },
]

/** What must not fire: the same kinds of import, downhill or as a type. */
const ALLOWED: Array<{ from: string; to: string; type?: boolean }> = [
  { from: 'engine/model/some-schema.ts', to: 'node_modules/zod/index.js' },
  { from: 'engine/temporal/third-workflow.ts', to: 'engine/run/advance.ts' },
  { from: 'engine/temporal/third-workflow.ts', to: 'node_modules/@temporalio/workflow/index.js' },
  { from: 'editor/src/fine.ts', to: 'engine/run/advance.ts' },
  { from: 'editor/src/fine-types.ts', to: 'api/db/some.ts', type: true },
  { from: 'api/db/fine.ts', to: 'engine/temporal/clock.ts' },
  { from: 'bin/fine.ts', to: 'api/db/some.ts' },
  { from: 'nodes/app/fine.action.ts', to: 'node_modules/zod/index.js' },
]

interface Violation {
  rule: { name: string }
  from: string
  to: string
}

describe('the import rules of .dependency-cruiser.cjs', () => {
  let folder: string
  let violations: Violation[]

  beforeAll(async () => {
    folder = mkdtempSync(join(tmpdir(), 'signalbox-rooms-'))
    for (const path of ['zod', 'lodash', '@temporalio/workflow']) {
      write(folder, `node_modules/${path}/package.json`, JSON.stringify({ name: path, main: 'index.js' }))
    }
    write(
      folder,
      'package.json',
      JSON.stringify({ dependencies: { zod: '*', lodash: '*', '@temporalio/workflow': '*' } }),
    )
    write(
      folder,
      'tsconfig.json',
      JSON.stringify({ compilerOptions: { allowImportingTsExtensions: true, noEmit: true } }),
    )
    for (const { to } of [...SEEDS, ...ALLOWED]) if (!to.startsWith('node:')) write(folder, to, 'export const x = 1\n')
    for (const seed of [...SEEDS, ...ALLOWED]) write(folder, seed.from, importLine(seed))
    write(folder, 'api/circle/two.ts', importLine({ from: 'api/circle/two.ts', to: 'api/circle/one.ts' }))
    violations = await cruise(folder)
  })
  afterAll(() => rmSync(folder, { recursive: true, force: true }))

  it.each(SEEDS)('$rule refuses $from → $to', ({ rule, from, to }) => {
    const found = violations
      .filter((violation) => violation.from === from)
      .map((v) => ({ rule: v.rule.name, to: v.to }))
    expect(found).toContainEqual({ rule, to: to.replace('node:', '') })
  })

  it.each(ALLOWED)('lets $from import $to', ({ from }) => {
    expect(violations.filter((violation) => violation.from === from)).toEqual([])
  })

  it('has a seeded violation for each rule', async () => {
    const config = createRequire(import.meta.url)(CONFIG) as { forbidden: Array<{ name: string; comment: string }> }
    expect(config.forbidden.map(({ name }) => name).sort()).toEqual([...new Set(SEEDS.map(({ rule }) => rule))].sort())
    for (const { name, comment } of config.forbidden) expect(comment, `${name} says what to do`).toMatch(/\w{3,}.*\.$/)
  })
})

function write(folder: string, path: string, text: string): void {
  mkdirSync(dirname(join(folder, path)), { recursive: true })
  writeFileSync(join(folder, path), text)
}

function importLine({ from, to, type = false }: { from: string; to: string; type?: boolean }): string {
  const up = '../'.repeat(from.split('/').length - 1)
  const name = /^node_modules\/(.+)\/index\.js$/.exec(to)?.[1]
  const specifier = to.startsWith('node:') ? to : (name ?? `${up}${to}`)
  return `import ${type ? 'type ' : ''}{ x } from '${specifier}'\nexport const x1 = ${type ? '1 as unknown as typeof x' : 'x'}\nexport { x1 as x }\n`
}

/** Runs the tool as `npm run rooms` does, over the seeded folder. */
function cruise(folder: string): Promise<Violation[]> {
  const cli = join(ROOT, 'node_modules/dependency-cruiser/bin/dependency-cruiser.mjs')
  const rooms = ['nodes', 'engine', 'api', 'editor', 'bin']
  const args = [cli, '--config', CONFIG, '--output-type', 'json', ...rooms]
  return new Promise((resolve, reject) => {
    // The tool's exit code is the number of violations, so a code alone says nothing.
    execFile(process.execPath, args, { cwd: folder, maxBuffer: 1 << 26 }, (error, stdout, stderr) => {
      if (stdout === '') return reject(new Error(`dependency-cruiser said nothing: ${stderr}`, { cause: error }))
      const report = JSON.parse(stdout) as { summary: { violations: Violation[] } }
      resolve(report.summary.violations)
    })
  })
}
