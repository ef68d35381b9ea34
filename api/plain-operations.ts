import { exportOperations } from './customers/export-route.ts'
import { bulkAnswer, type BulkKind, bulkSchemas } from './ingest/bulk.schema.ts'
import { importView } from './imports/import-schemas.ts'
import { batchSchema, messageSchemas, trackingAnswerSchema } from './ingest/message.schema.ts'
import type { PlainOperation } from './openapi.ts'
import { personExportOperation } from './privacy/export-route.ts'
import { jsonSchemaOf } from './rest-bridge.ts'

const EXAMPLES: Record<string, unknown> = {
  track: {
    messageId: 'order-1001-paid',
    userId: 'u-1042',
    event: 'Invoice Paid',
    properties: { amount: 1200 },
    timestamp: '2026-03-02T09:30:00Z',
  },
  identify: { userId: 'u-1042', traits: { email: 'ada@example.com', name: 'Ada Lovelace' } },
  group: { userId: 'u-1042', groupId: 'a-77', traits: { name: 'Analytical Engines', mrr: 240 } },
  page: { userId: 'u-1042', name: 'Pricing' },
  screen: { userId: 'u-1042', name: 'Pricing' },
  alias: { userId: 'u-1042', previousId: 'anon-5d3f' },
}

/** Routes that are no procedures, for the API reference. */
export function plainOperations(): PlainOperation[] {
  const tracking = Object.entries(messageSchemas).map(([kind, schema]) =>
    trackingOperation(kind, { schema, example: EXAMPLES[kind] }),
  )
  const batch = { batch: [{ type: 'track', ...asObject(EXAMPLES['track']) }] }
  return [
    ...tracking,
    trackingOperation('batch', { schema: batchSchema, example: batch }),
    ...Object.entries(BULK_EXAMPLES).map(([kind, example]) => bulkOperation(kind as BulkKind, example)),
    ...importOperations(),
    ...exportOperations(),
    personExportOperation(),
    {
      method: 'get',
      path: '/v1/schemas/playbook.json',
      operation: {
        operationId: 'schemas.playbook',
        tags: ['Playbooks'],
        summary: 'JSON Schema of a playbook document',
        responses: {
          '200': { description: 'The schema.', content: { 'application/json': { schema: { type: 'object' } } } },
        },
      },
    },
  ]
}

function trackingOperation(kind: string, body: { schema: unknown; example: unknown }): PlainOperation {
  return {
    method: 'post',
    path: `/v1/${kind}`,
    operation: {
      operationId: `track.${kind}`,
      tags: ['Events'],
      summary: kind === 'batch' ? 'Many messages at once (500 KB)' : `Segment's ${kind} call (32 KB)`,
      description:
        'Compatible with Segment’s HTTP tracking API. The answer comes when the message is committed; a repeated ' +
        'messageId is taken once.\n\nNeeds the scope `events:write`.',
      security: [{ key: [] }, { writeKey: [] }],
      requestBody: {
        required: true,
        content: { 'application/json': { schema: jsonSchemaOf(body.schema, 'input'), example: body.example } },
      },
      responses: {
        '200': {
          description: 'Committed.',
          content: {
            'application/json': { schema: jsonSchemaOf(trackingAnswerSchema, 'output'), example: { success: true } },
          },
        },
      },
    },
  }
}

const BULK_EXAMPLES: Record<BulkKind, object> = {
  contacts: { userId: 'u-1042', email: 'ada@example.com', properties: { seats: 12 }, groupId: 'a-77' },
  accounts: { groupId: 'a-77', name: 'Analytical Engines', properties: { mrr: 240 } },
  events: { userId: 'u-1042', event: 'Invoice Paid', properties: { amount: 1200 }, timestamp: '2026-03-02T09:30:00Z' },
}

function bulkOperation(kind: BulkKind, example: object): PlainOperation {
  const schema = jsonSchemaOf(bulkSchemas[kind], 'input')
  return {
    method: 'post',
    path: `/v1/bulk/${kind}`,
    operation: {
      operationId: `bulk.${kind}`,
      tags: ['Events'],
      summary: `Up to 10,000 ${kind} at once (20 MB)`,
      description:
        'A JSON list, or one item a line (NDJSON). Taken a thousand at a time, each thousand in one transaction; an item ' +
        'that is refused stops no other. With an Idempotency-Key the same call can be sent again: each item counts once, ' +
        'by its place.\n\nNeeds the scope `events:write`.',
      parameters: [
        { name: 'Idempotency-Key', in: 'header', required: false, schema: { type: 'string', maxLength: 200 } },
      ],
      requestBody: {
        required: true,
        content: {
          'application/json': { schema: { type: 'array', maxItems: 10_000, items: schema }, example: [example] },
          'application/x-ndjson': { schema: { type: 'string' }, example: `${JSON.stringify(example)}\n` },
        },
      },
      responses: {
        '200': {
          description: 'What was taken, and what was not and why.',
          content: {
            'application/json': {
              schema: jsonSchemaOf(bulkAnswer, 'output'),
              example: { items: 1, taken: 1, refused: [] },
            },
          },
        },
      },
    },
  }
}

/** What of an import is a file; the rest are procedures. */
function importOperations(): PlainOperation[] {
  const query = (name: string, more: object) => ({ name, in: 'query', ...more })
  return [
    {
      method: 'post',
      path: '/v1/imports',
      operation: {
        operationId: 'imports.upload',
        tags: ['Imports'],
        summary: 'Uploads a CSV file of contacts, accounts or events (100 MB)',
        description:
          'UTF-8, with a header. Answers its columns and a suggested mapping; nothing is taken before it is started.\n\n' +
          'Needs the scope `data:write`.',
        parameters: [
          query('kind', { required: true, schema: { enum: ['contacts', 'accounts', 'events'] } }),
          query('name', { required: false, schema: { type: 'string' } }),
        ],
        requestBody: { required: true, content: { 'text/csv': { schema: { type: 'string' } } } },
        responses: {
          '201': {
            description: 'Looked through and kept.',
            content: { 'application/json': { schema: jsonSchemaOf(importView, 'output') } },
          },
        },
      },
    },
    {
      method: 'get',
      path: '/v1/imports/{id}/refused.csv',
      operation: {
        operationId: 'imports.refused',
        tags: ['Imports'],
        summary: 'The refused rows as CSV, each with its reason, to mend and import again',
        parameters: [{ name: 'id', in: 'path', required: true, schema: { type: 'string', format: 'uuid' } }],
        responses: {
          '200': { description: 'The rows.', content: { 'text/csv': { schema: { type: 'string' } } } },
        },
      },
    },
  ]
}

const asObject = (value: unknown): object => (value !== null && typeof value === 'object' ? value : {})
