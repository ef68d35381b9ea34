import type { Json } from '../nodes/manifest.ts'

/** One part of what was sent that is wrong, with its place. Compile problems are richer and fit too. */
export interface ProblemPart {
  /** Where: `steps.tag.input.contact`, `body.name`, `query.limit`. */
  path: string
  message: string
  code?: string
  fix?: string
  [more: string]: Json | undefined
}

/** RFC 9457, with a stable `code` and a `detail` that says what to do. */
export interface ProblemDocument {
  type: string
  title: string
  status: number
  code: string
  detail: string
  instance?: string
  problems?: ProblemPart[]
}

const TITLES: Record<number, string> = {
  400: 'The request is not understood',
  401: 'Sign in first',
  403: 'Not allowed',
  404: 'Not there',
  405: 'Not possible here',
  409: 'In conflict with what is there',
  410: 'Gone',
  413: 'Too large',
  415: 'Not a known kind of body',
  422: 'Not possible as it is',
  429: 'Too many requests',
  500: 'A defect of Signalbox',
  501: 'Not built yet',
  502: 'The other system did not answer as expected',
  503: 'Not ready',
}

export interface ProblemWords {
  detail: string
  problems?: ProblemPart[]
  cause?: unknown
  /** Seconds. */
  retryAfter?: number
}

/** What a caller did or met, thrown anywhere below a route and answered as a problem document. */
export class ProblemError extends Error {
  readonly status: number
  readonly code: string
  readonly problems: ProblemPart[] | undefined
  /** Seconds until it is worth to try again, for the header Retry-After. */
  readonly retryAfter: number | undefined
  constructor(status: number, code: string, options: ProblemWords) {
    super(options.detail, { cause: options.cause })
    this.name = 'ProblemError'
    this.status = status
    this.code = code
    this.problems = options.problems
    this.retryAfter = options.retryAfter
  }
}

/**
 * @param code stable, in capitals: others branch on it
 * @param words what is wrong and what to do about it; with `problems` where several places are wrong
 */
export function problem(status: number, code: string, words: string | ProblemWords): ProblemError {
  return new ProblemError(status, code, typeof words === 'string' ? { detail: words } : words)
}

/** The document that goes over the wire. */
export function problemDocument(error: ProblemError, instance?: string): ProblemDocument {
  return {
    type: `urn:signalbox:problem:${error.code}`,
    title: TITLES[error.status] ?? 'Not possible',
    status: error.status,
    code: error.code,
    detail: error.message,
    ...(instance === undefined ? {} : { instance }),
    ...(error.problems === undefined ? {} : { problems: error.problems }),
  }
}

/** For a row that is not there, or belongs to another workspace: nobody learns which. */
export const notFound = (what: string, id: string): ProblemError =>
  problem(404, 'NOT_FOUND', `There is no ${what} "${id}" in this workspace. Look it up in the list and try again.`)
