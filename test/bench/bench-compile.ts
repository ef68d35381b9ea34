import { execFile } from 'node:child_process'
import { pathToFileURL } from 'node:url'
import { join } from 'node:path'
import { promisify } from 'node:util'
import type { CompileFigures } from './compile.ts'
import { median, type Report, shown } from './report.ts'

const execute = promisify(execFile)
/** Fresh processes: each has one first compile. */
const PROCESSES = 5
const STEPS = 1000
const PROCESS_LIMIT_MS = 60_000

/** (d) Compile of a thousand steps, in processes of their own so that "cold" is the first compile of a process. */
export async function benchCompile(): Promise<Report> {
  const found: CompileFigures[] = []
  for (let i = 0; i < PROCESSES; i += 1) found.push(await inFreshProcess())
  const middle = (pick: (figures: CompileFigures) => number) => median(found.map(pick))
  const spread = (pick: (figures: CompileFigures) => number) =>
    `${shown(Math.min(...found.map(pick)))}–${shown(Math.max(...found.map(pick)))}`
  const row = (name: string, pick: (figures: CompileFigures) => number, atMost: number) => ({
    name,
    value: middle(pick),
    unit: 'ms',
    goal: { atMost },
    note: spread(pick),
  })
  return {
    title: `(d) Compile of ${found[0]?.steps ?? 0} steps, milliseconds of the compiling thread's CPU: median of ${PROCESSES} processes`,
    figures: [
      row('cold: first compile of a process', ({ coldMs }) => coldMs, 60),
      row('warm: the document loaded again', ({ warmMs }) => warmMs, 25),
      row('after editing one field', ({ editMs }) => editMs, 5),
    ],
    details: [],
  }
}

async function inFreshProcess(): Promise<CompileFigures> {
  const module = pathToFileURL(join(import.meta.dirname, 'compile.ts')).href
  const script = `import { benchCompile } from ${JSON.stringify(module)}
    console.log(JSON.stringify(benchCompile(${STEPS})))`
  const args = ['--disable-warning=ExperimentalWarning', '--input-type=module', '-e', script]
  const { stdout } = await execute(process.execPath, args, { timeout: PROCESS_LIMIT_MS })
  return JSON.parse(stdout) as CompileFigures
}
