import { startSandbox } from '../nodes/sandbox/start.ts'
import { DatabaseInUse } from '../nodes/sandbox/store.ts'
import { readEnvironment } from './environment.ts'
import { exitWithParent } from './supervise/parent-watch.ts'
import { UserError } from './supervise/user-error.ts'

/** The process of the vendors' stand-ins. Prints `signalbox:ready` once they answer. */
async function main(): Promise<void> {
  const { dataDir, sandboxPort } = readEnvironment(process.env, { sandbox: true, demo: false })
  const sandbox = await startSandbox({ port: sandboxPort, dataDir }).catch((error: unknown) => {
    if (error instanceof Error && 'code' in error && error.code === 'EADDRINUSE')
      throw new UserError(
        `Port ${sandboxPort} is taken. Set SIGNALBOX_SANDBOX_PORT to a free port, or end the process that holds it.`,
      )
    if (error instanceof DatabaseInUse) throw new UserError(error.message)
    throw error
  })
  const stop = () => sandbox.close()
  exitWithParent(stop)
  for (const signal of ['SIGTERM', 'SIGINT'] as const)
    process.once(signal, () => void stop().then(() => process.exit(0)))
  console.log(`Sandboxes answer at ${sandbox.url}`)
  console.log('signalbox:ready')
}

main().catch((error: unknown) => {
  console.error(error instanceof UserError ? error.message : error)
  process.exit(1)
})
