// What `npm test` and CI run: every check, then every test, then one line with the total.
//   node scripts/test.ts [vitest's arguments: paths, -t name]     with paths, the checks are left out
import { spawn } from 'node:child_process'
import { existsSync, mkdtempSync, readFileSync, rmSync } from 'node:fs'
import { availableParallelism, tmpdir } from 'node:os'
import { join } from 'node:path'
import { summarize, type TestReport } from './test-summary.ts'

const CHECKS = [
  { script: 'lint', title: 'Lint' },
  { script: 'types', title: 'Types' },
  { script: 'rooms', title: 'Import rules' },
  { script: 'unused', title: 'Unused code and packages' },
  { script: 'format:check', title: 'Format' },
]

const root = join(import.meta.dirname, '..')
const begun = performance.now()
const seconds = (since: number) => `${((performance.now() - since) / 1000).toFixed(1)} s`
const print = (line: string) => process.stdout.write(`${line}\n`)

type Finished = { code: number; output: string }

function command(name: string, args: string[], inherit: boolean): Promise<Finished> {
  return new Promise((resolve) => {
    const child = spawn(name, args, { cwd: root, stdio: inherit ? 'inherit' : ['ignore', 'pipe', 'pipe'] })
    let output = ''
    child.stdout?.on('data', (chunk: Buffer) => (output += chunk.toString()))
    child.stderr?.on('data', (chunk: Buffer) => (output += chunk.toString()))
    child.once('error', (error) => resolve({ code: 1, output: error.message }))
    child.once('close', (code) => resolve({ code: code ?? 1, output }))
  })
}

async function runCheck({ script, title }: (typeof CHECKS)[number]): Promise<boolean> {
  const from = performance.now()
  const { code, output } = await command('npm', ['run', '--silent', script], false)
  print(`  ${code === 0 ? '✓' : '✗'} ${title} (npm run ${script}), ${seconds(from)}`)
  if (code !== 0) print(output.trimEnd())
  return code === 0
}

/** Two at a time on two cores: each of them is one busy thread most of the time. */
async function runChecks(): Promise<{ passed: number; failed: number }> {
  print('\n== Checks ==')
  const left = [...CHECKS]
  const results: boolean[] = []
  const lane = async () => {
    for (let check = left.shift(); check !== undefined; check = left.shift()) results.push(await runCheck(check))
  }
  await Promise.all(Array.from({ length: Math.max(1, Math.min(availableParallelism(), 4)) }, lane))
  return { passed: results.filter(Boolean).length, failed: results.filter((passed) => !passed).length }
}

async function runTests(args: string[]): Promise<{ passed: number; failed: number; skipped: number }> {
  print('\n== Tests ==')
  const folder = mkdtempSync(join(tmpdir(), 'signalbox-report-'))
  const report = join(folder, 'report.json')
  const vitest = [join(root, 'node_modules/vitest/vitest.mjs'), 'run', ...args]
  const reporters = ['--reporter=default', '--reporter=json', `--outputFile.json=${report}`]
  const { code } = await command(process.execPath, [...vitest, ...reporters], true)
  const found: TestReport | null = existsSync(report) ? JSON.parse(readFileSync(report, 'utf8')) : null
  rmSync(folder, { recursive: true, force: true })
  return summarize(found, code)
}

const args = process.argv.slice(2)
const checks = args.length === 0 ? await runChecks() : { passed: 0, failed: 0 }
const tests = await runTests(args)
const passed = checks.passed + tests.passed
const failed = checks.failed + tests.failed
print(`\n== Total, in ${seconds(begun)} (each check counts as one) ==`)
print(`${passed} passed, ${failed} failed${tests.skipped > 0 ? `, ${tests.skipped} skipped` : ''}`)
process.exitCode = failed === 0 && passed > 0 ? 0 : 1
