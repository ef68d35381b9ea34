import type { FastifyInstance, FastifyRequest } from 'fastify'
import type { Json } from '../../manifest.ts'
import { refuse } from './errors.ts'
import { makeId } from './ids.ts'
import type { Org } from './org.ts'
import { parseSoql } from './soql-parse.ts'
import { runSoql } from './soql-run.ts'

const CURSOR = '_cursor'
const CURSOR_MS = 2 * 86_400_000
const PAGE = 2_000

type Ask = { Params: { version: string }; Querystring: { q?: string } }
type More = { Params: { version: string; locator: string } }

/** SOQL and its pages. Results too long for a page are kept for two days under a locator. */
export function queryRoutes(scope: FastifyInstance, org: Org): void {
  for (const resource of ['query', 'queryAll']) {
    scope.get<Ask>(`/${resource}`, (request) => {
      const { q } = request.query
      if (q === undefined || q === '') throw refuse('MALFORMED_QUERY', 'A query string has to be specified')
      const query = parseSoql(q)
      const { version } = request.params
      const rows = runSoql(org, query, { deleted: resource === 'queryAll', version })
      if (query.fields === null) return { totalSize: rows.length, done: true, records: [] }
      return firstPage(org, rows, { size: pageSize(request), version })
    })
    scope.get<More>(`/${resource}/:locator`, ({ params }) => nextPage(org, params))
  }
}

function firstPage(org: Org, rows: Json[], { size, version }: { size: number; version: string }): Json {
  if (rows.length <= size) return { totalSize: rows.length, done: true, records: rows }
  const id = makeId('01g', org.sandbox.store.next(CURSOR))
  org.sandbox.store.put(CURSOR, { id, body: { rows, size, until: org.sandbox.now() + CURSOR_MS } })
  return page(rows, { id, size, version, from: 0 })
}

function nextPage(org: Org, { version, locator }: { version: string; locator: string }): Json {
  const [id = '', from = ''] = locator.split('-')
  const cursor = org.sandbox.store.get(CURSOR, id)
  const rows = cursor?.['rows']
  if (!cursor || !Array.isArray(rows) || Number(cursor['until']) < org.sandbox.now() || !/^\d+$/.test(from))
    throw refuse('INVALID_QUERY_LOCATOR', 'invalid query locator')
  return page(rows, { id, size: Number(cursor['size']), version, from: Number(from) })
}

function page(rows: Json[], at: { id: string; size: number; version: string; from: number }): Json {
  const next = at.from + at.size
  const done = next >= rows.length
  return {
    totalSize: rows.length,
    done,
    ...(done ? {} : { nextRecordsUrl: `/services/data/v${at.version}/query/${at.id}-${next}` }),
    records: rows.slice(at.from, next),
  }
}

function pageSize(request: FastifyRequest): number {
  const asked = /batchSize=(\d+)/i.exec(String(request.headers['sforce-query-options'] ?? ''))?.[1]
  if (asked === undefined) return PAGE
  // Salesforce brings a size outside of its bounds to the nearer one.
  return Math.min(PAGE, Math.max(200, Number(asked)))
}
