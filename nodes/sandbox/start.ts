import { intercomSandbox } from '../intercom/sandbox/app.ts'
import { salesforceSandbox } from '../salesforce/sandbox/salesforce-sandbox.ts'
import { type RunningSandbox, startSandboxHost } from './host.ts'

/**
 * Starts both vendors' stand-ins on one port of 127.0.0.1.
 * @param options `port` 0 takes a free one; `dataDir` null keeps everything in memory
 * @throws Error with `code` EADDRINUSE when the port is taken
 */
export const startSandbox = (options: { port: number; dataDir: string | null }): Promise<RunningSandbox> =>
  startSandboxHost({ ...options, apps: [intercomSandbox, salesforceSandbox] })
