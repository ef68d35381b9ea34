// `npm start`: the whole product on one machine, each part a supervised process.
import { watch } from 'node:fs'
import { join } from 'node:path'
import { ENTRY_POINTS } from './supervise/product.ts'
import { runProduct } from './supervise/run-product.ts'
import type { Supervision } from './supervise/supervise.ts'

const ROOMS_OF_PROCESSES = ['nodes', 'engine', 'api', 'bin']
const SETTLE_MS = 300

const stop = new AbortController()
let supervision: Supervision | null = null

const ask = () => {
  // A second Ctrl-C does not wait for anything to end in order.
  if (stop.signal.aborted) void supervision?.stop()
  stop.abort()
}
process.on('SIGINT', ask)
process.on('SIGTERM', ask)
process.on('SIGHUP', ask)

const say = (line: string) => process.stdout.write(`${line}\n`)
process.exitCode = await runProduct({
  entryPoints: ENTRY_POINTS,
  variables: process.env,
  say,
  stop: stop.signal,
  onStart: (running) => {
    supervision = running
    if (process.argv.includes('--watch')) restartOnChange(running)
  },
})
process.exit()

function restartOnChange(running: Supervision): void {
  let timer: NodeJS.Timeout | undefined
  const changed = (file: string | null) => {
    if (file === null || !file.endsWith('.ts') || file.endsWith('.test.ts')) return
    clearTimeout(timer)
    timer = setTimeout(() => {
      say(`${file} changed; starting API and worker again`)
      void Promise.all([running.restart('api'), running.restart('worker')])
    }, SETTLE_MS)
  }
  for (const room of ROOMS_OF_PROCESSES) {
    watch(join(import.meta.dirname, '..', room), { recursive: true }, (_event, file) => changed(file))
  }
}
