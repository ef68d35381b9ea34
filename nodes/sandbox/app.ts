import type { FastifyInstance } from 'fastify'
import type { FaultBox } from './faults.ts'
import type { Limit, RateWindow } from './limits.ts'
import type { RequestLog } from './requests.ts'
import type { RecordBody, RecordKeys, SandboxStore } from './store.ts'

/** What a vendor's stand-in works with. */
export interface Sandbox {
  app: string
  store: SandboxStore
  /** The vendor's rate limit; the app decides what counts, and how a refusal looks. */
  limit: RateWindow
  /** Milliseconds since 1970. */
  now(): number
  /** Where the app answers, e.g. `http://127.0.0.1:4010/salesforce`; known once the host listens. */
  url(): string
  signal: AbortSignal
}

/** A vendor's stand-in: a Fastify plugin under `/{app}` and what its control paths under `/_sandbox/{app}` need. */
export interface SandboxApp {
  app: string
  label: string
  limit: Limit
  /** Record types that can be listed and put, with other names they answer to, e.g. `{ contacts: ['contact'] }`. */
  recordTypes: { [type: string]: string[] }
  /** Record types a reset leaves alone: grants and set-up, so that connections go on working. */
  keeps: string[]
  /**
   * The vendor's own paths. Authorization belongs in a preHandler hook, so that faults come before it. Set a
   * not-found handler and an error handler of your own: the scope's hooks (log, faults) then see those answers too.
   */
  register(scope: FastifyInstance, sandbox: Sandbox): void
  /** Completes a record put through the control path (id, times) and names its keys. @throws Error saying what is wrong */
  complete(
    sandbox: Sandbox,
    put: { type: string; body: RecordBody },
  ): { id: string; body: RecordBody; keys: RecordKeys }
  /** Makes an access token that works at once; for the demo and for tests. */
  issueToken(sandbox: Sandbox, wish: RecordBody): RecordBody
  /** Makes tokens useless; answers how many. `access`: only access tokens; `refresh`: the whole grant. */
  expire(sandbox: Sandbox, what: 'access' | 'refresh'): number
  /** Called when the store is new and after a reset: what every account of the vendor has (users, built-in attributes). */
  seed(sandbox: Sandbox): void
  /** More control paths, under `/_sandbox/{app}`. */
  control?(scope: FastifyInstance, sandbox: Sandbox): void
}

/** One app with all its parts, as the control paths see it. */
export interface Stage {
  app: SandboxApp
  sandbox: Sandbox
  faults: FaultBox
  requests: RequestLog
}

/** A failure of a control path whose message is for the person who called it. */
export class ControlError extends Error {
  readonly statusCode: number
  constructor(statusCode: number, message: string) {
    super(message)
    this.name = 'ControlError'
    this.statusCode = statusCode
  }
}
