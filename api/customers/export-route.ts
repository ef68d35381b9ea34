import { Readable } from 'node:stream'
import type { FastifyInstance, FastifyRequest } from 'fastify'
import { z } from 'zod'
import { withoutLinks } from '../asks/hide-links.ts'
import type { Actor } from '../auth/scopes.ts'
import type { Scope } from '../audiences/write-audience.ts'
import type { PlainOperation } from '../openapi.ts'
import { jsonSchemaOf, withDefinitions } from '../rest-bridge.ts'
import { invalidInput } from '../trpc.ts'
import { filterInput } from './customer-schemas.ts'
import { exportCustomers } from './export-customers.ts'
import { MOST_COLUMNS } from './list-columns.ts'
import type { CustomerKind } from './sort-order.ts'

const exportInput = filterInput.extend({
  columns: z
    .preprocess(
      (given) => (typeof given === 'string' ? [given] : given),
      z.array(z.string().max(300)).max(MOST_COLUMNS),
    )
    .optional()
    .describe('One parameter a column, in their order, as for the list.'),
  bom: z.enum(['true', 'false']).optional().describe('true: with a byte order mark, by which Excel knows UTF-8.'),
})

const KINDS: Array<[CustomerKind, string]> = [
  ['contact', '/v1/exports/contacts.csv'],
  ['account', '/v1/exports/accounts.csv'],
]

/**
 * CSV files of what a list shows. No procedures: the file goes out as it is read, page by page, and the next page is
 * read when the last one has gone.
 */
export function exportRoutes(identify: (request: FastifyRequest) => Promise<Scope & { actor: Actor }>) {
  return (scope: FastifyInstance, _options: object, done: (error?: Error) => void): void => {
    for (const [kind, path] of KINDS)
      scope.get(path, async (request, reply) => {
        const ctx = await identify(request)
        const input = exportInput.safeParse(request.query)
        if (!input.success) throw invalidInput(input.error, ['query'])
        const { head, pages } = await exportCustomers(ctx, kind, input.data)
        const mark = input.data.bom === 'true' ? '\uFEFF' : ''
        const day = new Date(ctx.now).toISOString().slice(0, 10)
        return reply
          .type('text/csv; charset=utf-8')
          .header('content-disposition', `attachment; filename="${kind}s-${day}.csv"`)
          .send(Readable.from(lines(mark + head, pages), { objectMode: false, highWaterMark: 1 }))
      })
    done()
  }
}

async function* lines(head: string, pages: AsyncGenerator<string, void>): AsyncGenerator<string, void> {
  yield head
  for await (const page of pages) yield withoutLinks(page)
}

/** For the API reference. */
export const exportOperations = (): PlainOperation[] =>
  KINDS.map(([kind, path]) => ({
    method: 'get',
    path,
    operation: {
      operationId: `exports.${kind}s`,
      tags: ['Customers'],
      summary: `The ${kind}s that a search and a filter leave as a CSV file, with the columns that are asked for`,
      description:
        'In order of their ids, so that who changes meanwhile is in it once. Text that a spreadsheet would run as a ' +
        "formula gets a `'` before it.\n\nNeeds the scope `data:read`.",
      parameters: Object.entries(parametersOf()).map(([name, schema]) => ({
        name,
        in: 'query',
        required: false,
        schema,
      })),
      responses: { '200': { description: 'The file.', content: { 'text/csv': { schema: { type: 'string' } } } } },
    },
  }))

function parametersOf(): object {
  const input = jsonSchemaOf(exportInput, 'input')
  return Object.fromEntries(
    Object.entries(input['properties'] ?? {}).map(([name, schema]) => [name, withDefinitions(schema, input)]),
  )
}
