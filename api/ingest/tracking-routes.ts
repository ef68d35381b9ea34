import { promisify } from 'node:util'
import { gunzip } from 'node:zlib'
import type { FastifyInstance, FastifyReply, FastifyRequest } from 'fastify'
import { isOutage } from '../db/outage.ts'
import { effectIn } from '../http/effect-header.ts'
import { sendProblem } from '../http/errors.ts'
import { ProblemError, problem } from '../problem.ts'
import { databaseStuck } from './gate.ts'
import type { Ingest } from './ingest.ts'
import { BATCH_LIMIT_BYTES, MESSAGE_KINDS, MESSAGE_LIMIT_BYTES } from './parse-message.ts'
import type { Sender } from './prepare-message.ts'

export interface TrackingDeps {
  ingest: Ingest
  /**
   * Who sends, by Bearer key or Basic write key, or by a key in the body where no header names one.
   * @throws ProblemError 401 or 403
   */
  authenticate(
    request: FastifyRequest,
    writeKey: string | undefined,
  ): Promise<{ workspaceId: string }> | { workspaceId: string }
}

const unzip = promisify(gunzip)
/** What JSON grows to at most, mostly, when it is unpacked. */
const GZIP_RATIO = 10

/**
 * Segment's HTTP tracking API. A plugin with body parsing of its own: gzip, and JSON that is sent as text/plain by
 * browsers' beacons.
 * @see https://segment.com/docs/connections/sources/catalog/libraries/server/http-api/
 */
export function trackingRoutes(deps: TrackingDeps) {
  return (scope: FastifyInstance, _options: object, done: (error?: Error) => void): void => {
    scope.removeAllContentTypeParsers()
    scope.addContentTypeParser(
      ['application/json', 'text/plain', 'application/octet-stream'],
      { parseAs: 'buffer' },
      async (request: FastifyRequest, body: Buffer) => parseBody(request, body),
    )
    scope.setErrorHandler((error, request, reply) => {
      const known = asProblem(error)
      if (known.status >= 500 && known.code !== 'INGEST_BUSY') request.log.error({ err: error }, 'tracking call failed')
      return sendProblem(reply, known)
    })
    scope.addHook('onRequest', async (_request, reply) => void reply.header('access-control-allow-origin', '*'))
    // Before the body is read: who is turned away costs no memory.
    scope.addHook('onRequest', async (request, reply) => {
      if (request.method === 'POST') holdPlace(deps.ingest, request, reply)
    })

    for (const kind of MESSAGE_KINDS)
      for (const path of [`/v1/${kind}`, `/v1/${kind.slice(0, 1)}`]) {
        allowAsking(scope, path)
        scope.post(path, { bodyLimit: MESSAGE_LIMIT_BYTES }, async (request, reply) => {
          const { workspaceId } = await deps.authenticate(request, writeKeyIn(request.body))
          const { answer } = await deps.ingest.accept(senderOf(request, workspaceId), kind, request.body)
          return answerJson(reply, answer)
        })
      }
    // Segment's older libraries say `import` for the same thing; its browser library says one letter.
    for (const path of ['/v1/batch', '/v1/import', '/v1/b']) {
      allowAsking(scope, path)
      scope.post(path, { bodyLimit: BATCH_LIMIT_BYTES }, async (request, reply) => {
        const { workspaceId } = await deps.authenticate(request, writeKeyIn(request.body))
        return answerJson(reply, await deps.ingest.acceptBatch(senderOf(request, workspaceId), request.body))
      })
    }
    done()
  }
}

/** With the effect of ours that the call names, if it names one. */
export function senderOf(request: FastifyRequest, workspaceId: string): Sender {
  const effect = effectIn(request)
  return effect === undefined ? { workspaceId } : { workspaceId, cause: { effect } }
}

/** Browsers ask before they send to another site. A key is needed all the same: no cookie goes along. */
function allowAsking(scope: FastifyInstance, path: string): void {
  scope.options(path, (_request, reply) =>
    reply
      .header('access-control-allow-methods', 'POST')
      .header('access-control-allow-headers', 'authorization, content-type')
      .header('access-control-max-age', '86400')
      .code(204)
      .send(),
  )
}

/** Until it is answered, or its caller is gone. */
function holdPlace(ingest: Ingest, request: FastifyRequest, reply: FastifyReply): void {
  const leave = ingest.enter(sizeOf(request))
  // Gone already, while somebody before us looked at the call: nothing more is heard of it.
  if (reply.raw.closed || request.raw.destroyed) leave()
  else reply.raw.once('close', leave)
}

function sizeOf(request: FastifyRequest): number {
  const limit = request.routeOptions.bodyLimit ?? MESSAGE_LIMIT_BYTES
  const length = Number(request.headers['content-length'])
  if (!Number.isFinite(length)) return limit
  return request.headers['content-encoding'] === 'gzip' ? Math.min(limit, length * GZIP_RATIO) : Math.min(limit, length)
}

const answerJson = (reply: FastifyReply, answer: unknown): FastifyReply =>
  reply.header('content-type', 'application/json; charset=utf-8').send(JSON.stringify(answer))

function writeKeyIn(body: unknown): string | undefined {
  if (typeof body !== 'object' || body === null || !('writeKey' in body)) return undefined
  return typeof body.writeKey === 'string' && body.writeKey !== '' ? body.writeKey : undefined
}

async function parseBody(request: FastifyRequest, body: Buffer): Promise<unknown> {
  const encoding = request.headers['content-encoding']
  const limit = request.routeOptions.bodyLimit ?? MESSAGE_LIMIT_BYTES
  if (encoding !== undefined && encoding !== 'gzip' && encoding !== 'identity')
    throw problem(415, 'ENCODING_UNKNOWN', `content-encoding: send gzip or nothing, not ${encoding}.`)
  const plain = encoding === 'gzip' ? await unzipped(body, limit) : body
  try {
    return JSON.parse(plain.toString('utf8'))
  } catch (error) {
    throw problem(400, 'MALFORMED_JSON', {
      detail: `The body is not JSON (${error instanceof Error ? error.message : 'no detail'}). Send one JSON object.`,
      cause: error,
    })
  }
}

async function unzipped(body: Buffer, limit: number): Promise<Buffer> {
  try {
    return await unzip(body, { maxOutputLength: limit })
  } catch (error) {
    if (error instanceof RangeError) throw tooLarge(limit)
    throw problem(400, 'GZIP_INVALID', {
      detail: 'The body says it is gzip and cannot be unpacked; send it packed whole, or plain.',
      cause: error,
    })
  }
}

const tooLarge = (limit: number): ProblemError =>
  problem(
    413,
    'BODY_TOO_LARGE',
    limit === MESSAGE_LIMIT_BYTES
      ? 'A message may be 32 KB; send less, or a reference to it.'
      : 'A batch may be 500 KB; send it in parts.',
  )

function asProblem(error: unknown): ProblemError {
  if (error instanceof ProblemError) return error
  const code = typeof error === 'object' && error !== null && 'code' in error ? error.code : undefined
  if (code === 'FST_ERR_CTP_BODY_TOO_LARGE')
    return problem(
      413,
      'BODY_TOO_LARGE',
      'The body is over the limit (32 KB a message, 500 KB a batch); send it in parts.',
    )
  if (code === 'FST_ERR_CTP_INVALID_MEDIA_TYPE')
    return problem(415, 'MEDIA_TYPE_UNKNOWN', 'content-type: send application/json.')
  if (code === 'FST_ERR_CTP_EMPTY_JSON_BODY') return problem(400, 'MALFORMED_JSON', 'The body is empty; send JSON.')
  // Who sends is asked of the database too.
  if (isOutage(error)) return databaseStuck(error)
  return problem(500, 'INTERNAL', { detail: 'The message could not be stored; send it again.', cause: error })
}
