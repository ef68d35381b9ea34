import { initTRPC, TRPCError } from '@trpc/server'
import { z } from 'zod'
import { hideLinks } from './asks/hide-links.ts'
import { allows, type Actor, type Scope } from './auth/scopes.ts'
import type { ApiDeps, Requester } from './context.ts'
import { maskAnswer, refuseMasked } from './privacy/mask.ts'
import { type Masks, readMasks } from './privacy/masks.ts'
import { problem, problemDocument, ProblemError, type ProblemPart } from './problem.ts'

/** How a procedure is also a REST route. Path parameters, query and body together are the procedure's one input. */
export interface RestMeta {
  method: 'GET' | 'POST' | 'PUT' | 'PATCH' | 'DELETE'
  /** `/v1/playbooks/{slug}` */
  path: string
  /** Default 200. */
  status?: number
  tags: string[]
  summary: string
  description?: string
  /** The field of the input that is the whole body (`PUT` of a document). */
  bodyField?: string
  /** Header → field of the input, e.g. `Idempotency-Key`. */
  headers?: Record<string, string>
  example?: { input?: unknown; output: unknown }
}

export interface Meta {
  scope: Scope
  rest?: RestMeta
}

const t = initTRPC
  .context<ApiDeps & Partial<Requester> & Pick<Requester, 'now' | 'origin'>>()
  .meta<Meta>()
  .create({
    isServer: true,
    // A stack is for the log, not for the caller.
    isDev: false,
    sse: { ping: { enabled: true, intervalMs: 15_000 }, client: { reconnectAfterInactivityMs: 40_000 } },
    errorFormatter: ({ shape, error }) => ({
      ...shape,
      message: problemOf(error).message,
      data: { code: shape.data.code, httpStatus: shape.data.httpStatus, problem: problemDocument(problemOf(error)) },
    }),
  })

export const router = t.router
export const createCallerFactory = t.createCallerFactory

const CODES = {
  400: 'BAD_REQUEST',
  401: 'UNAUTHORIZED',
  403: 'FORBIDDEN',
  404: 'NOT_FOUND',
  409: 'CONFLICT',
  413: 'PAYLOAD_TOO_LARGE',
  422: 'UNPROCESSABLE_CONTENT',
  429: 'TOO_MANY_REQUESTS',
  501: 'NOT_IMPLEMENTED',
  502: 'BAD_GATEWAY',
  503: 'SERVICE_UNAVAILABLE',
} as const

const codeFor = (status: number) =>
  status in CODES ? CODES[status as keyof typeof CODES] : ('INTERNAL_SERVER_ERROR' as const)

const statusOf = new Map<string, number>(Object.entries(CODES).map(([status, code]) => [code, Number(status)]))

/** Whatever was thrown, as what may be told to the caller. Defects keep their words to the log. */
export function problemOf(error: unknown): ProblemError {
  if (error instanceof ProblemError) return error
  if (error instanceof z.ZodError) return invalidInput(error)
  if (error instanceof TRPCError) {
    if (error.cause instanceof ProblemError || error.cause instanceof z.ZodError) return problemOf(error.cause)
    if (error.code === 'PARSE_ERROR' || error.cause instanceof SyntaxError)
      return problem(400, 'MALFORMED_JSON', 'The body is not JSON. Mend it and send it again.')
    const status = statusOf.get(error.code)
    if (status !== undefined && status < 500)
      return problem(status, error.code, `${error.message} See /v1/openapi.json for what can be asked.`)
  }
  return problem(
    500,
    'INTERNAL',
    'Something broke in Signalbox. Try again; if it stays, look in the log of the API process.',
  )
}

/** Each wrong field with its place. */
export function invalidInput(error: z.ZodError, prefix: string[] = []): ProblemError {
  const problems: ProblemPart[] = error.issues.map((issue) => ({
    path: [...prefix, ...issue.path.map(String)].join('.') || 'body',
    message: issue.message,
    code: issue.code ?? 'invalid',
  }))
  const first = problems[0]
  const where = first === undefined ? '' : ` First: ${first.path}: ${first.message}.`.replace('..', '.')
  return problem(400, 'INPUT_INVALID', {
    detail: `What was sent does not have the shape that is asked for.${where} Correct the places in problems.`,
    problems,
  })
}

/** Procedures throw ProblemError; tRPC wants its own, with the right code for status and batch. */
const problems = t.middleware(async ({ next }) => {
  const result = await next()
  if (!result.ok && result.error.cause instanceof ProblemError) {
    const { cause } = result.error
    throw new TRPCError({ code: codeFor(cause.status), message: cause.message, cause })
  }
  return result
})

const authorized = t.middleware(({ ctx, meta, next }) => {
  const { actor, workspaceId } = ctx
  if (actor === undefined || workspaceId === undefined)
    throw problem(401, 'UNAUTHENTICATED', 'Sign in, or send a key as "Authorization: Bearer <api key>".')
  // A procedure without a scope would be open to every key: a defect, so it is closed.
  const scope = meta?.scope ?? 'admin'
  if (!allows(actor, scope)) throw forbidden(actor, scope)
  return next({ ctx: { ...ctx, actor, workspaceId } })
})

/**
 * Documents of playbooks may name any property: what they do with it is not shown to who writes them. Who may not write
 * them may try them, and then the way a run takes would tell.
 */
const MAY_NAME_MASKED = /^(playbooks|backtests|tests)\./

/** What somebody may not see leaves no procedure, and nothing is asked by it. @see mask.ts */
const masked = t.middleware(async ({ ctx, path, getRawInput, next }) => {
  const { actor, workspaceId } = ctx
  const look = async (): Promise<Masks | null> =>
    actor === undefined || workspaceId === undefined ? null : readMasks({ db: ctx.db, actor, workspaceId })
  const masks = await look()
  const mayName = MAY_NAME_MASKED.test(path) && actor !== undefined && allows(actor, 'playbooks:write')
  if (masks !== null && !mayName) refuseMasked(await getRawInput(), masks)
  const result = await next()
  if (!result.ok) return result
  const { data } = result
  if (isStream(data)) return { ...result, data: maskEach(data, look) }
  return masks === null ? result : { ...result, data: maskAnswer(data, masks) }
})

/** Gives a new link to whoever asked for it. */
const GIVES_LINKS = new Set(['asks.passOn'])

/** Links by which somebody else was to answer leave no procedure either. @see hide-links.ts */
const linksHidden = t.middleware(async ({ ctx, path, next }) => {
  const result = await next()
  const { actor, workspaceId, db } = ctx
  if (!result.ok || GIVES_LINKS.has(path) || actor === undefined || workspaceId === undefined) return result
  const { data } = result
  const hide = (part: unknown): Promise<unknown> => hideLinks(part, { db, workspaceId, actor })
  return { ...result, data: isStream(data) ? changeEach(data, hide) : await hide(data) }
})

const isStream = (data: unknown): data is AsyncIterable<unknown> =>
  typeof data === 'object' && data !== null && Symbol.asyncIterator in data

/** A stream may be open for days: what is masked meanwhile is not told any more. */
const maskEach = (data: AsyncIterable<unknown>, look: () => Promise<Masks | null>): AsyncGenerator<unknown, void> =>
  changeEach(data, async (part) => {
    const masks = await look()
    return masks === null ? part : maskAnswer(part, masks)
  })

async function* changeEach(
  data: AsyncIterable<unknown>,
  change: (part: unknown) => Promise<unknown>,
): AsyncGenerator<unknown, void> {
  for await (const part of data) yield await change(part)
}

export function forbidden(actor: Actor, scope: Scope): ProblemError {
  return actor.kind === 'key'
    ? problem(
        403,
        'SCOPE_MISSING',
        `The key "${actor.name}" lacks the scope ${scope}. Make a key that has it under Settings.`,
      )
    : problem(403, 'ROLE_TOO_LOW', `Your role (${actor.role}) may not do this. Ask an owner of the workspace.`)
}

/** The one way to make a procedure: says which scope it needs, and the REST route it is too. */
export const procedure = (meta: Meta) =>
  t.procedure.meta(meta).use(problems).use(authorized).use(linksHidden).use(masked)

/** For what is thrown before a procedure runs, so that tRPC answers with the right status. */
export function toTrpcError(error: unknown): TRPCError {
  const known = problemOf(error)
  return new TRPCError({
    code: codeFor(known.status),
    message: known.message,
    cause: known.status < 500 ? known : error,
  })
}
