import type { FastifyInstance, FastifyReply, FastifyRequest } from 'fastify'
import { problem, problemDocument, ProblemError } from '../problem.ts'

/** Answers every error of the scope as a problem document; only defects are logged as errors. */
export function answerProblems(server: FastifyInstance): void {
  server.setErrorHandler((error, request, reply) => {
    const known = asProblem(error, request)
    if (known.status >= 500) request.log.error({ err: error }, 'a request failed')
    return sendProblem(reply, known)
  })
}

export function sendProblem(reply: FastifyReply, known: ProblemError): FastifyReply {
  if (known.retryAfter !== undefined) void reply.header('retry-after', known.retryAfter)
  return reply
    .code(known.status)
    .header('content-type', 'application/problem+json; charset=utf-8')
    .serializer((value: string) => value)
    .send(JSON.stringify(problemDocument(known, reply.request.id)))
}

function asProblem(error: unknown, request: FastifyRequest): ProblemError {
  if (error instanceof ProblemError) return error
  const { code, statusCode, message } = describe(error)
  switch (code) {
    case 'FST_ERR_CTP_BODY_TOO_LARGE': {
      const limit = request.routeOptions.bodyLimit ?? 0
      return problem(
        413,
        'BODY_TOO_LARGE',
        `The body is larger than ${Math.floor(limit / 1000)} KB. Send less at a time.`,
      )
    }
    case 'FST_ERR_CTP_INVALID_JSON_BODY':
    case 'FST_ERR_CTP_EMPTY_JSON_BODY':
      return problem(400, 'MALFORMED_JSON', 'The body is not JSON. Mend it and send it again.')
    case 'FST_ERR_CTP_INVALID_MEDIA_TYPE':
      return problem(
        415,
        'MEDIA_TYPE_UNKNOWN',
        'The kind of body is not understood. Send JSON with content-type: application/json.',
      )
    case 'FST_ERR_CTP_INVALID_CONTENT_LENGTH':
      return problem(400, 'CONTENT_LENGTH_WRONG', 'The body is not as long as content-length says. Send it whole.')
    default:
  }
  if (error instanceof SyntaxError && statusCode === 400)
    return problem(400, 'MALFORMED_JSON', `The body is not JSON (${message}). Mend it and send it again.`)
  if (statusCode !== undefined && statusCode >= 400 && statusCode < 500)
    return problem(
      statusCode,
      code?.replace(/^FST_/, '') ?? 'REFUSED',
      `${message}. See /v1/openapi.json for what can be asked.`,
    )
  return problem(500, 'INTERNAL', {
    detail: `Something broke in Signalbox. Try again; if it stays, look for ${request.id} in the log of the API process.`,
    cause: error,
  })
}

function describe(error: unknown): { code?: string; statusCode?: number; message: string } {
  if (!(error instanceof Error)) return { message: String(error) }
  const { code, statusCode } = error as Error & { code?: unknown; statusCode?: unknown }
  return {
    message: error.message.replace(/\.$/, ''),
    ...(typeof code === 'string' ? { code } : {}),
    ...(typeof statusCode === 'number' ? { statusCode } : {}),
  }
}
