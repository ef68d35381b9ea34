import { Readable } from 'node:stream'
import type { FastifyInstance, FastifyRequest } from 'fastify'
import { actorName, allows, type Scope } from '../auth/scopes.ts'
import type { Context } from '../context.ts'
import { csvLine } from '../customers/csv.ts'
import { MASKED } from '../privacy/mask.ts'
import { readMasks } from '../privacy/masks.ts'
import { problem } from '../problem.ts'
import type { OpenContext } from '../rest-bridge.ts'
import { forbidden } from '../trpc.ts'
import { importKind } from './import-schemas.ts'
import { hiddenColumns, maskImport, withoutQuotes } from './mask-import.ts'
import { columnsOf, findImport, mappingOf, viewImport } from './read-imports.ts'
import { REFUSED_COLUMNS, suggestMapping } from './suggest-mapping.ts'
import { FILE_LIMIT_BYTES, uploadImport } from './upload-import.ts'

const REFUSED_PAGE = 1_000
/** What browsers send for a .csv: on Windows by what the machine opens it with. What is in it is looked at anyway. */
const CSV_TYPES = ['text/csv', 'application/csv', 'text/plain', 'application/vnd.ms-excel']
const UUID = /^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$/i

/** What of an import is a file: the upload, and the refused rows to mend and import again. */
export function importRoutes(createContext: (request: FastifyRequest) => Promise<OpenContext>) {
  return (scope: FastifyInstance, _options: object, done: (error?: Error) => void): void => {
    scope.removeAllContentTypeParsers()
    // As it comes: the file is never whole in memory.
    scope.addContentTypeParser(CSV_TYPES, (_request, payload, next) => next(null, payload))
    // Of other types nothing is read: who calls is looked at first, then that it is no file of rows.
    scope.addContentTypeParser('*', (_request, payload, next) => {
      payload.resume()
      next(null, undefined)
    })

    scope.post<{ Querystring: { kind?: string; name?: string } }>(
      '/v1/imports',
      { bodyLimit: FILE_LIMIT_BYTES },
      async (request, reply) => {
        const ctx = allowed(await createContext(request), 'data:write')
        const kind = importKind.safeParse(request.query.kind)
        if (!kind.success)
          throw problem(400, 'INPUT_INVALID', 'query.kind: write contacts, accounts or events: what the rows are.')
        if (!(request.body instanceof Readable))
          throw problem(415, 'MEDIA_TYPE_UNKNOWN', sendInstead(request.headers['content-type']))
        const name = (request.query.name ?? '').trim().slice(0, 200) || `${kind.data}.csv`
        const upload = { name, kind: kind.data, createdBy: actorName(ctx.actor) }
        const { id } = await uploadImport(ctx, upload, request.body)
        return reply.code(201).send(maskImport(await viewImport(ctx, { id }), await readMasks(ctx)))
      },
    )

    scope.get<{ Params: { id: string } }>('/v1/imports/:id/refused.csv', async (request, reply) => {
      const ctx = allowed(await createContext(request), 'data:read')
      const { id } = request.params
      const row = await findImport(ctx, UUID.test(id) ? id : '00000000-0000-0000-0000-000000000000')
      const columns = columnsOf(row)
      const header = columns.map(({ name }) => name)
      const masks = await readMasks(ctx)
      // What the columns are called where nobody has said yet what they are for.
      const mapping = mappingOf(row) ?? suggestMapping(row.kind, columns)
      const hidden = masks === null ? [] : hiddenColumns({ kind: row.kind, columns, mapping }, masks)
      return reply
        .header('content-type', 'text/csv; charset=utf-8')
        .header('content-disposition', `attachment; filename="refused-rows.csv"`)
        .header('cache-control', 'no-store')
        .send(Readable.from(refusedLines(ctx, { id, header, hidden })))
    })
    done()
  }
}

const sendInstead = (type: string | undefined): string =>
  `The content-type is ${type === undefined ? 'missing' : `“${type.slice(0, 100)}”`}. Send the file itself as the body, ` +
  `with content-type: text/csv (${CSV_TYPES.slice(1).join(', ')} are taken as well); save a spreadsheet as CSV first.`

async function* refusedLines(
  ctx: Context,
  of: { id: string; header: string[]; hidden: boolean[] },
): AsyncGenerator<string> {
  // A file of refused rows that was imported again has these columns already.
  const kept = [...of.header.keys()].filter((i) => !REFUSED_COLUMNS.includes(of.header[i] ?? ''))
  yield csvLine([...kept.map((i) => of.header[i] ?? ''), ...REFUSED_COLUMNS])
  let after = 0
  for (;;) {
    const rows = await ctx.db
      .selectFrom('import_refusals')
      .select(['row', 'reason', 'cells'])
      .where('workspace_id', '=', ctx.workspaceId)
      .where('import_id', '=', of.id)
      .where('row', '>', after)
      .orderBy('row')
      .limit(REFUSED_PAGE)
      .execute()
    yield rows
      .map(({ row, reason, cells }) => {
        const shown = of.hidden.includes(true) ? withoutQuotes(reason) : reason
        return csvLine([...cellsOf(cells, kept, of), row, shown])
      })
      .join('')
    after = rows.at(-1)?.row ?? 0
    if (rows.length < REFUSED_PAGE) return
  }
}

/**
 * A row that is too long keeps what is over in its last cell, so that the reason stands in its own column. Of a row with
 * more or fewer cells than columns nobody knows which cell is whose: where some column is masked, all are.
 */
function cellsOf(
  cells: unknown,
  kept: number[],
  { header, hidden }: { header: string[]; hidden: boolean[] },
): string[] {
  const given = Array.isArray(cells) ? cells.map(String) : []
  const all = hidden.includes(true) && given.length !== header.length
  const texts = given.map((text, i) => (text !== '' && (all || hidden[i] === true) ? MASKED : text))
  const over = texts.slice(header.length)
  return kept.map((i, n) => [texts[i] ?? '', ...(n === kept.length - 1 ? over : [])].join(' ').trim())
}

/** @throws ProblemError 401, 403 */
function allowed(ctx: OpenContext, scope: Scope): Context {
  const { actor, workspaceId } = ctx
  if (actor === undefined || workspaceId === undefined)
    throw problem(401, 'UNAUTHENTICATED', 'Sign in, or send a key as "Authorization: Bearer <api key>".')
  if (!allows(actor, scope)) throw forbidden(actor, scope)
  return { ...ctx, actor, workspaceId }
}
