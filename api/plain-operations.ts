import { exportOperations } from './customers/export-route.ts'
import { batchSchema, messageSchemas, trackingAnswerSchema } from './ingest/message.schema.ts'
import type { PlainOperation } from './openapi.ts'
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
    ...exportOperations(),
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

const asObject = (value: unknown): object => (value !== null && typeof value === 'object' ? value : {})
