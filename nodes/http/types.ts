import type { Json } from '../manifest.ts'

export const WRITE_METHODS = ['POST', 'PATCH'] as const
export const REPEATABLE_METHODS = ['GET', 'HEAD', 'PUT', 'DELETE', 'POST', 'PATCH'] as const
export type HttpMethod = (typeof REPEATABLE_METHODS)[number]

export interface HttpCall {
  method: HttpMethod
  /** Absolute, or a path below the connection's base URL. */
  url: string
  headers: { [name: string]: string }
  /** Sent as JSON, text as it is; undefined: no body. */
  body?: unknown
}

export interface HttpAnswer {
  status: number
  /** Names in lower case. Cookies are left out: they are credentials. */
  headers: { [name: string]: string }
  /** Parsed where it is JSON, else text; null where there is none. */
  body: Json
  /** The answer to a write was longer than we keep, so `body` is null though the write landed. */
  bodyOmitted: boolean
}

export interface HttpClient {
  /** @throws FaultError for every answer but a 2xx (and a 303, which says that the write landed). */
  send(call: HttpCall): Promise<HttpAnswer>
  /** Where the connection leads, or null for one that may call any public address. */
  readonly baseUrl: string | null
}
