import { readFileSync } from 'node:fs'
import type { Environment } from './environment.ts'
import { UserError } from './supervise/user-error.ts'

/** What `Connection.connect` of the client and `NativeConnection.connect` of the worker both take. */
export type TemporalConnectionOptions = {
  address: string
  apiKey?: string
  tls?:
    | true
    | { serverNameOverride?: string; serverRootCACertificate?: Buffer; clientCertPair?: { crt: Buffer; key: Buffer } }
}

/**
 * How to reach the Temporal that the environment names.
 * @throws {UserError} when no address is set, or a certificate cannot be read
 */
export function temporalConnectionOptions(temporal: Environment['temporal']): TemporalConnectionOptions {
  const { address, apiKey, tls } = temporal
  if (address === null) {
    throw new UserError('TEMPORAL_ADDRESS is not set. Set it to host:port of a Temporal server, or use npm start.')
  }
  const options: TemporalConnectionOptions = { address, ...(apiKey === null ? {} : { apiKey }) }
  if (tls === null) return options
  const { serverName, serverCaPath, client } = tls
  if (serverName === null && serverCaPath === null && client === null) return { ...options, tls: true }
  return {
    ...options,
    tls: {
      ...(serverName === null ? {} : { serverNameOverride: serverName }),
      ...(serverCaPath === null
        ? {}
        : { serverRootCACertificate: readPem('TEMPORAL_TLS_SERVER_CA_CERT_PATH', serverCaPath) }),
      ...(client === null
        ? {}
        : {
            clientCertPair: {
              crt: readPem('TEMPORAL_TLS_CLIENT_CERT_PATH', client.certPath),
              key: readPem('TEMPORAL_TLS_CLIENT_KEY_PATH', client.keyPath),
            },
          }),
    },
  }
}

function readPem(variable: string, path: string): Buffer {
  try {
    return readFileSync(path)
  } catch (error) {
    const code = (error as NodeJS.ErrnoException).code ?? String(error)
    throw new UserError(`${variable}: ${path} cannot be read (${code}). Name a PEM file that this user may read.`)
  }
}
