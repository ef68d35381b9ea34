import { createHash } from 'node:crypto'
import { Readable } from 'node:stream'
import { createGunzip } from 'node:zlib'
import type { FastifyInstance, FastifyRequest } from 'fastify'
import { isOutage } from '../db/outage.ts'
import { problem, ProblemError } from '../problem.ts'
import type { Item } from './accept-items.ts'
import { bulkItem } from './bulk-item.ts'
import { type BulkAnswer, type BulkKind, bulkSchemas } from './bulk.schema.ts'
import { databaseStuck } from './gate.ts'
import type { Ingest } from './ingest.ts'
import { ItemsBroken, type JsonItem, jsonItems } from './json-items.ts'
import { MESSAGE_LIMIT_BYTES, type Refusal } from './parse-message.ts'
import type { Sender } from './prepare-message.ts'
import { senderOf } from './tracking-routes.ts'

export const BULK_LIMIT_BYTES = 20 * 1024 * 1024
export const BULK_ITEMS = 10_000
const GROUP = 1_000
const KEY_LIMIT = 200

export interface BulkDeps {
  ingest: Ingest
  /** @throws ProblemError 401 or 403 */
  authenticate(request: FastifyRequest): Promise<{ workspaceId: string }>
  /** Used where the caller gave no Idempotency-Key. */
  freshKey(): string
}

/**
 * Many contacts, accounts or events at once: a JSON list or one item a line, taken a thousand at a time while the body
 * still comes. What is wrong with an item is said in the answer and stops no other.
 */
export function bulkRoutes(deps: BulkDeps) {
  return (scope: FastifyInstance, _options: object, done: (error?: Error) => void): void => {
    scope.removeAllContentTypeParsers()
    scope.addContentTypeParser(
      ['application/json', 'application/x-ndjson', 'application/jsonl'],
      (_request, payload, next) => next(null, payload),
    )
    for (const kind of Object.keys(bulkSchemas) as BulkKind[])
      scope.post(`/v1/bulk/${kind}`, { bodyLimit: BULK_LIMIT_BYTES }, async (request): Promise<BulkAnswer> => {
        deps.ingest.checkLoad()
        const { workspaceId } = await deps.authenticate(request)
        const bulk = createBulk(deps, {
          kind,
          from: senderOf(request, workspaceId),
          key: keyOf(request) ?? deps.freshKey(),
        })
        try {
          for await (const item of jsonItems(bytesOf(request), MESSAGE_LIMIT_BYTES)) await bulk.add(item)
          return await bulk.end()
        } catch (error) {
          throw bulkProblem(error, bulk.taken())
        }
      })
    done()
  }
}

/** @throws ProblemError 400 */
function keyOf(request: FastifyRequest): string | null {
  const key = request.headers['idempotency-key']
  if (key === undefined) return null
  if (typeof key === 'string' && key !== '' && key.length <= KEY_LIMIT) return key
  throw problem(400, 'INPUT_INVALID', `Idempotency-Key: write 1 to ${KEY_LIMIT} characters.`)
}

async function* bytesOf(request: FastifyRequest): AsyncGenerator<Buffer> {
  if (!(request.body instanceof Readable)) throw problem(400, 'MALFORMED_JSON', 'The body is empty; send items.')
  const encoding = request.headers['content-encoding'] ?? 'identity'
  if (encoding !== 'gzip' && encoding !== 'identity')
    throw problem(415, 'ENCODING_UNKNOWN', `content-encoding: send gzip or nothing, not ${encoding}.`)
  const { body } = request
  const plain: Readable = encoding === 'gzip' ? body.pipe(createGunzip()) : body
  if (plain !== body) body.on('error', (error) => plain.destroy(error))
  let bytes = 0
  for await (const part of plain as AsyncIterable<Buffer>) {
    bytes += part.length
    if (bytes > BULK_LIMIT_BYTES) throw problem(413, 'BODY_TOO_LARGE', 'A bulk call may be 20 MB; send it in parts.')
    yield part
  }
}

function createBulk(deps: BulkDeps, of: { kind: BulkKind; from: Sender; key: string }) {
  const prefix = `bulk:${createHash('sha256').update(of.key).digest('hex').slice(0, 32)}`
  const refused: BulkAnswer['refused'] = []
  let waiting: Array<{ index: number; unit: Item[] }> = []
  let items = 0
  let taken = 0
  const flush = async (): Promise<void> => {
    const group = waiting
    waiting = []
    if (group.length === 0) return
    // Between the parts too: a large call must not go on where others are turned away.
    deps.ingest.checkLoad()
    const answers = await deps.ingest.acceptItems(
      of.from,
      group.map(({ unit }) => unit),
    )
    for (const [i, { index }] of group.entries()) {
      const answer = answers[i]
      if (answer) refused.push({ index, ...answer })
      else taken += 1
    }
  }
  return {
    taken: () => taken,
    add: async (item: JsonItem): Promise<void> => {
      const index = items
      items += 1
      if (items > BULK_ITEMS)
        throw problem(413, 'BODY_TOO_LARGE', `A bulk call may have ${BULK_ITEMS} items; send the rest in another.`)
      const unit = 'tooLong' in item ? TOO_LONG : bulkItem(of.kind, item.text, `${prefix}:${index}`)
      if (Array.isArray(unit)) waiting.push({ index, unit })
      else refused.push({ index, ...unit })
      if (waiting.length === GROUP) await flush()
    },
    end: async (): Promise<BulkAnswer> => {
      await flush()
      return { items, taken, refused: refused.sort((a, b) => a.index - b.index) }
    },
  }
}

const TOO_LONG: Refusal = {
  code: 'MESSAGE_TOO_LARGE',
  reason: 'The item is over 32 KB; send less, or a reference to it.',
}

/** Says what is in already: with the same Idempotency-Key the call can be sent again as it was. */
function bulkProblem(error: unknown, taken: number): unknown {
  const sofar = `${taken} items were taken before; with an Idempotency-Key the whole call can be sent again.`
  if (error instanceof ItemsBroken)
    return problem(400, 'MALFORMED_JSON', `The body is no list of items: ${error.message} ${sofar}`)
  if (error instanceof ProblemError || !(error instanceof Error)) return error
  if (isOutage(error)) return databaseStuck(error)
  if ('code' in error && String(error.code).startsWith('Z_'))
    return problem(400, 'GZIP_INVALID', `The body says it is gzip and cannot be unpacked. ${sofar}`)
  return error
}
