import { parseArgs } from 'node:util'
import { cpuMark, machineLine, sinceMark } from './machine.ts'
import { missedBy, printReport, type Report } from './report.ts'

/** Loaded when asked for: each drags in another half of the product. */
const BENCHES: { [letter: string]: (options: { runs?: number }) => Promise<Report> } = {
  a: async () => (await import('./bench-runs.ts')).benchRuns(),
  b: async () => (await import('./bench-events.ts')).benchEvents(),
  c: async () => (await import('./bench-unmatched.ts')).benchUnmatched(),
  d: async () => (await import('./bench-compile.ts')).benchCompile(),
  e: async () => (await import('./bench-editor.ts')).benchEditor(),
  f: async () => (await import('./bench-previews.ts')).benchPreviews(),
  g: async () => (await import('./bench-rules.ts')).benchRules(),
  h: async () => (await import('./bench-memory.ts')).benchMemory(),
  i: async () => (await import('./bench-backtest.ts')).benchBacktest(),
  j: async () => (await import('./bench-shapes.ts')).benchShapes(),
  k: async (options) => (await import('./bench-waiting.ts')).benchWaiting(options),
}

/** Runs the benches named (all by default), one after the other. A missed goal is said; only a bench that cannot run fails. */
async function main(): Promise<void> {
  const { values, positionals: asked } = parseArgs({ allowPositionals: true, options: { runs: { type: 'string' } } })
  const options = values.runs === undefined ? {} : { runs: Number(values.runs) }
  if (options.runs !== undefined && (!Number.isInteger(options.runs) || options.runs < 50)) {
    console.error(`--runs ${values.runs} is not a number of runs from 50 on. It says how many wait in bench k.`)
    process.exit(1)
  }
  const unknown = asked.filter((letter) => !(letter in BENCHES))
  if (unknown.length > 0) {
    console.error(`There is no bench ${unknown.join(', ')}. There are ${Object.keys(BENCHES).join(', ')}.`)
    process.exit(1)
  }
  const reports: Report[] = []
  const broken: string[] = []
  for (const letter of asked.length > 0 ? asked : Object.keys(BENCHES)) {
    console.log(`\nbefore (${letter}): ${machineLine()}`)
    const mark = cpuMark()
    try {
      const report = await BENCHES[letter]?.(options)
      if (report === undefined) continue
      printReport(report)
      reports.push(report)
    } catch (error) {
      broken.push(letter)
      console.error(`(${letter}) could not run:`, error)
    }
    console.log(`after  (${letter}): ${machineLine()}; ${sinceMark(mark)}`)
  }
  summarize(reports, broken)
  process.exit(broken.length > 0 ? 1 : 0)
}

function summarize(reports: Report[], broken: string[]): void {
  const withGoal = reports.flatMap(({ figures }) => figures.filter((figure) => figure.goal !== undefined))
  const missed = withGoal.filter((figure) => missedBy(figure) !== 0)
  console.log(`\n${withGoal.length - missed.length} of ${withGoal.length} goals met.`)
  for (const figure of missed) console.log(`  MISSED: ${figure.name}`)
  for (const letter of broken) console.log(`  COULD NOT RUN: (${letter})`)
}

await main()
