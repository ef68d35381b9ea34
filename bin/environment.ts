import { isIP } from 'node:net'
import { resolve } from 'node:path'
import { z } from 'zod'
import { UserError } from './supervise/user-error.ts'

const SHORTEST_KEY = 32

const port = (fallback: number) =>
  z
    .string()
    .regex(/^\d{1,5}$/, 'is not a port number. Give a whole number from 1 to 65535.')
    .transform(Number)
    .refine((value) => value >= 1 && value <= 65_535, 'is out of range. Give a whole number from 1 to 65535.')
    .default(fallback)

const flag = z
  .enum(['on', 'off', 'true', 'false', '1', '0'], { error: 'is neither on nor off. Write on or off.' })
  .transform((value) => value === 'on' || value === 'true' || value === '1')

const url = (protocols: string[]) =>
  z
    .string()
    .refine(
      (value) => URL.canParse(value) && protocols.includes(new URL(value).protocol),
      `is not an address. Write it like ${protocols[0]}//host.`,
    )

/** Ranges by name, as the web server knows them. */
const PROXY_RANGES = new Set(['loopback', 'linklocal', 'uniquelocal'])

const proxies = z
  .string()
  .transform((value) => value.split(',').map((part) => part.trim()))
  .refine(
    (parts) => parts.every(isProxy),
    'is no list of addresses. Write the proxies’ addresses or ranges with commas between, like 10.0.0.5, 172.16.0.0/12, or loopback, linklocal or uniquelocal.',
  )

/** A range of everybody is refused: whoever sends a header would choose the address they are counted under. */
function isProxy(part: string): boolean {
  if (PROXY_RANGES.has(part)) return true
  const [address = '', bits, ...rest] = part.split('/')
  const family = isIP(address)
  if (family === 0 || rest.length > 0) return false
  return (
    bits === undefined || (/^\d{1,3}$/.test(bits) && Number(bits) >= 1 && Number(bits) <= (family === 4 ? 32 : 128))
  )
}

const schema = (defaults: Defaults) =>
  z.object({
    SIGNALBOX_HOST: z.string().default('127.0.0.1'),
    SIGNALBOX_PORT: port(4000),
    SIGNALBOX_PUBLIC_URL: url(['http:', 'https:']).optional(),
    SIGNALBOX_TRUSTED_PROXIES: proxies.optional(),
    SIGNALBOX_DATA_DIR: z.string().default('.signalbox'),
    SIGNALBOX_DATABASE_URL: url(['postgres:', 'postgresql:']).optional(),
    SIGNALBOX_SANDBOX: flag.default(defaults.sandbox),
    SIGNALBOX_SANDBOX_PORT: port(4010),
    SIGNALBOX_DEMO: flag.default(defaults.demo),
    SIGNALBOX_ADMIN_EMAIL: z.email('is not an e-mail address.').optional(),
    SIGNALBOX_ADMIN_PASSWORD: z.string().min(8, 'is too short. Give at least 8 characters.').optional(),
    SIGNALBOX_API_KEY: z
      .string()
      .min(
        SHORTEST_KEY,
        `is too short. Give at least ${SHORTEST_KEY} characters, for example from: openssl rand -hex 24`,
      )
      .optional(),
    SIGNALBOX_SECRET: z
      .string()
      .min(
        SHORTEST_KEY,
        `is too short. Give at least ${SHORTEST_KEY} characters, for example from: openssl rand -hex 32`,
      )
      .optional(),
    TEMPORAL_ADDRESS: z
      .string()
      .regex(/^\S+:\d+$/, 'is not an address. Write host:port, without http://.')
      .optional(),
    TEMPORAL_NAMESPACE: z.string().default('default'),
    TEMPORAL_API_KEY: z.string().optional(),
    TEMPORAL_TLS: flag.optional(),
    TEMPORAL_TLS_SERVER_NAME: z.string().optional(),
    TEMPORAL_TLS_SERVER_CA_CERT_PATH: z.string().optional(),
    TEMPORAL_TLS_CLIENT_CERT_PATH: z.string().optional(),
    TEMPORAL_TLS_CLIENT_KEY_PATH: z.string().optional(),
  })

/** What differs between `npm start`, where the newcomer sees everything, and production. */
export type Defaults = { sandbox: boolean; demo: boolean }

/** How to reach Temporal over TLS; paths of PEM files. */
export type TemporalTls = {
  serverName: string | null
  serverCaPath: string | null
  /** Of the client's certificate and key, for mutual TLS; both or none. */
  client: { certPath: string; keyPath: string } | null
}

/** The process's whole configuration, parsed once at its root. */
export type Environment = {
  host: string
  port: number
  publicUrl: string
  /** Whose word on the caller's address (X-Forwarded-For) is taken; empty: nobody's. */
  trustedProxies: string[]
  /** Absolute. */
  dataDir: string
  /** Null: embedded Postgres in the data folder. */
  databaseUrl: string | null
  temporal: {
    /** host:port; null: embedded development server in the data folder. */
    address: string | null
    namespace: string
    apiKey: string | null
    /** Null: plain text. */
    tls: TemporalTls | null
  }
  sandbox: boolean
  sandboxPort: number
  demo: boolean
  adminEmail: string | null
  adminPassword: string | null
  apiKey: string | null
  /** Encrypts credentials. Null: made once in the data folder. */
  secret: string | null
}

/**
 * Reads the environment variables of the public interface. An empty variable counts as not set.
 *
 * @throws {UserError} naming every wrong variable and its remedy; values are left out, since some are secrets
 */
export function readEnvironment(variables: NodeJS.ProcessEnv, defaults: Defaults): Environment {
  const given = Object.fromEntries(Object.entries(variables).filter(([, value]) => value !== undefined && value !== ''))
  const result = schema(defaults).safeParse(given)
  if (!result.success) {
    const lines = result.error.issues.map((issue) => `${issue.path.join('.')} ${issue.message}`)
    throw new UserError(lines.join('\n'), 'ENVIRONMENT_INVALID')
  }
  const read = result.data
  return {
    host: read.SIGNALBOX_HOST,
    port: read.SIGNALBOX_PORT,
    publicUrl: (read.SIGNALBOX_PUBLIC_URL ?? `http://localhost:${read.SIGNALBOX_PORT}`).replace(/\/+$/, ''),
    trustedProxies: read.SIGNALBOX_TRUSTED_PROXIES ?? [],
    dataDir: resolve(read.SIGNALBOX_DATA_DIR),
    databaseUrl: read.SIGNALBOX_DATABASE_URL ?? null,
    temporal: {
      address: read.TEMPORAL_ADDRESS ?? null,
      namespace: read.TEMPORAL_NAMESPACE,
      apiKey: read.TEMPORAL_API_KEY ?? null,
      tls: readTls(read),
    },
    sandbox: read.SIGNALBOX_SANDBOX,
    sandboxPort: read.SIGNALBOX_SANDBOX_PORT,
    demo: read.SIGNALBOX_DEMO,
    adminEmail: read.SIGNALBOX_ADMIN_EMAIL ?? null,
    adminPassword: read.SIGNALBOX_ADMIN_PASSWORD ?? null,
    apiKey: read.SIGNALBOX_API_KEY ?? null,
    secret: read.SIGNALBOX_SECRET ?? null,
  }
}

function readTls(read: z.infer<ReturnType<typeof schema>>): TemporalTls | null {
  const certPath = read.TEMPORAL_TLS_CLIENT_CERT_PATH
  const keyPath = read.TEMPORAL_TLS_CLIENT_KEY_PATH
  if ((certPath === undefined) !== (keyPath === undefined)) {
    throw new UserError(
      'TEMPORAL_TLS_CLIENT_CERT_PATH and TEMPORAL_TLS_CLIENT_KEY_PATH belong together. Set both, or neither.',
      'ENVIRONMENT_INVALID',
    )
  }
  const serverCaPath = read.TEMPORAL_TLS_SERVER_CA_CERT_PATH ?? null
  const serverName = read.TEMPORAL_TLS_SERVER_NAME ?? null
  // An API key is sent only over TLS, as Temporal's own tools do.
  const implied =
    certPath !== undefined || serverCaPath !== null || serverName !== null || read.TEMPORAL_API_KEY !== undefined
  if (!(read.TEMPORAL_TLS ?? implied)) return null
  return {
    serverName,
    serverCaPath,
    client: certPath === undefined || keyPath === undefined ? null : { certPath, keyPath },
  }
}
