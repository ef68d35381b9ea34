import { randomInt } from 'node:crypto'
import { createServer } from 'node:net'

// Below Linux's and macOS's ephemeral ranges: a port that is kept must not be taken by somebody's outgoing connection.
const LOWEST = 20_000
const HIGHEST = 32_767
const TRIES = 200

/** A TCP port of 127.0.0.1 that nobody listens on now. Another process may take it before the caller does. */
export async function freePort(): Promise<number> {
  for (let attempt = 0; attempt < TRIES; attempt++) {
    const port = randomInt(LOWEST, HIGHEST + 1)
    if (await isPortFree(port)) return port
  }
  throw new Error(`No free port was found between ${LOWEST} and ${HIGHEST} on 127.0.0.1. Stop what holds them.`)
}

/** Whether a listener could be opened on `host`:`port` now. */
export function isPortFree(port: number, host = '127.0.0.1'): Promise<boolean> {
  return new Promise((resolve) => {
    const server = createServer()
    server.once('error', () => resolve(false))
    server.listen({ port, host, exclusive: true }, () => server.close(() => resolve(true)))
  })
}
