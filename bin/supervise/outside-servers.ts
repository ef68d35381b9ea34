import { connect } from 'node:net'
import type { Environment } from '../environment.ts'
import { UserError } from './user-error.ts'

const LIMIT_MS = 5000

/**
 * Looks whether the outside servers that the environment names accept connections, so that a wrong address is refused
 * at once and by its variable's name.
 *
 * @throws {UserError} naming the variable
 */
export async function refuseUnreachable(environment: Environment): Promise<void> {
  if (environment.databaseUrl !== null) {
    const { hostname, port } = new URL(environment.databaseUrl)
    await reach('SIGNALBOX_DATABASE_URL', { host: hostname, port: Number(port === '' ? 5432 : port) })
  }
  const address = environment.temporal.address
  if (address !== null) {
    const colon = address.lastIndexOf(':')
    await reach('TEMPORAL_ADDRESS', { host: address.slice(0, colon), port: Number(address.slice(colon + 1)) })
  }
}

function reach(variable: string, at: { host: string; port: number }): Promise<void> {
  return new Promise((resolve, reject) => {
    const socket = connect({ host: at.host.replace(/^\[|\]$/g, ''), port: at.port, timeout: LIMIT_MS })
    const refuse = (reason: string) => {
      socket.destroy()
      reject(
        new UserError(
          `${variable}: nothing answers at ${at.host}:${at.port} (${reason}). ` +
            `Start that server or mend the address; unset ${variable} to use the embedded one.`,
          'SERVER_UNREACHABLE',
        ),
      )
    }
    socket.once('connect', () => {
      socket.destroy()
      resolve()
    })
    socket.once('timeout', () => refuse(`no answer in ${LIMIT_MS / 1000} s`))
    socket.once('error', (error: NodeJS.ErrnoException) => refuse(error.code ?? error.message))
  })
}

/** Makes the database `name` on an embedded Postgres when it is not there yet. */
export async function ensureDatabase(adminUrl: string, name: string): Promise<void> {
  // Loaded here, because a start that finds the embedded servers turned off needs no client.
  const { default: pg } = await import('pg')
  const client = new pg.Client({ connectionString: adminUrl })
  await client.connect()
  try {
    const { rowCount } = await client.query('SELECT 1 FROM pg_database WHERE datname = $1', [name])
    if (rowCount === 0) await client.query(`CREATE DATABASE ${client.escapeIdentifier(name)}`)
  } finally {
    await client.end()
  }
}
