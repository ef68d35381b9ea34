import type { JsonSchema } from '../nodes/manifest.ts'
import { type RestProcedure, restProcedures, withDefinitions } from './rest-bridge.ts'

type OpenApi = { [name: string]: unknown }

/** A route that is no procedure, as OpenAPI describes it (ingestion, schemas). */
export interface PlainOperation {
  method: 'get' | 'post'
  path: string
  operation: OpenApi
}

const PROBLEM_REF = { $ref: '#/components/schemas/Problem' }

/** The whole public API as OpenAPI 3.1, made from the schemas that also check every call. */
export function openApiDocument(options: { publicUrl: string; version: string; plain: PlainOperation[] }): OpenApi {
  const paths: Record<string, Record<string, OpenApi>> = {}
  for (const procedure of restProcedures())
    paths[procedure.rest.path] = {
      ...paths[procedure.rest.path],
      [procedure.rest.method.toLowerCase()]: operationOf(procedure),
    }
  for (const { path, method, operation } of options.plain)
    paths[path] = {
      ...paths[path],
      [method]: { ...operation, responses: { ...asObject(operation['responses']), ...REFUSALS } },
    }
  const schemas: Record<string, unknown> = { Problem: PROBLEM, PlaybookDocument: PLAYBOOK_DOCUMENT }
  const hoisted = Object.fromEntries(
    Object.entries(paths)
      .toSorted(([a], [b]) => (a < b ? -1 : 1))
      .map(([path, operations]) => [
        path,
        Object.fromEntries(
          Object.entries(operations).map(([method, operation]) => [
            method,
            hoist(operation, { prefix: String(operation['operationId']).replace('.', '_'), schemas }),
          ]),
        ),
      ]),
  )
  return {
    openapi: '3.1.0',
    info: {
      title: 'Signalbox',
      version: options.version,
      description:
        'Customer signals in, durable actions out. Authorization is `Bearer <api key>`. Errors are problem documents ' +
        '(RFC 9457) with a stable `code` and a `detail` that says what to do. Lists page by `cursor` and answer ' +
        '`{ data, nextCursor }`.',
    },
    servers: [{ url: options.publicUrl }],
    security: [{ key: [] }],
    paths: hoisted,
    components: {
      securitySchemes: {
        key: { type: 'http', scheme: 'bearer', description: 'An API key, made under Settings.' },
        writeKey: {
          type: 'http',
          scheme: 'basic',
          description: 'A write key as user name, as Segment’s libraries send it.',
        },
      },
      schemas,
    },
  }
}

const PLAYBOOK_DOCUMENT: JsonSchema = {
  type: 'object',
  description: 'A playbook document. Its whole schema, with every step, is served at /v1/schemas/playbook.json.',
  required: ['name', 'subject', 'enrollment', 'steps', 'edges'],
  properties: {
    name: { type: 'string' },
    description: { type: 'string' },
    subject: { enum: ['contact', 'account'] },
    enrollment: { type: 'object' },
    steps: { type: 'array', items: { type: 'object' } },
    edges: { type: 'array', items: { type: 'array', items: { type: 'string' } } },
  },
}

/**
 * A schema's own definitions (`#/$defs/Rule`) mean something inside that schema only: they go to the components, under
 * the operation's name, and what points at them follows.
 */
function hoist(value: unknown, to: { prefix: string; schemas: Record<string, unknown> }): unknown {
  if (Array.isArray(value)) return value.map((item) => hoist(item, to))
  if (value === null || typeof value !== 'object') return value
  const entries = Object.entries(value).flatMap(([name, part]): Array<[string, unknown]> => {
    if (name === '$defs' && part !== null && typeof part === 'object') {
      for (const [id, schema] of Object.entries(part)) to.schemas[`${to.prefix}_${id}`] = hoist(schema, to)
      return []
    }
    if (name === '$ref' && typeof part === 'string' && part.startsWith('#/$defs/'))
      return [[name, `#/components/schemas/${to.prefix}_${part.slice('#/$defs/'.length)}`]]
    return [[name, hoist(part, to)]]
  })
  return Object.fromEntries(entries)
}

const PROBLEM: JsonSchema = {
  type: 'object',
  required: ['type', 'title', 'status', 'code', 'detail'],
  properties: {
    type: { type: 'string' },
    title: { type: 'string' },
    status: { type: 'integer' },
    code: { type: 'string', description: 'Stable: branch on this.' },
    detail: { type: 'string', description: 'What is wrong and what to do about it.' },
    instance: { type: 'string', description: 'Id of the request, as in the log.' },
    problems: {
      type: 'array',
      items: {
        type: 'object',
        required: ['path', 'message'],
        properties: {
          path: { type: 'string' },
          message: { type: 'string' },
          code: { type: 'string' },
          fix: { type: 'string' },
        },
      },
    },
  },
}

const refusal = (description: string): OpenApi => ({
  description,
  content: { 'application/problem+json': { schema: PROBLEM_REF } },
})

const REFUSALS: OpenApi = {
  '400': refusal('The input is wrong; `problems` says where.'),
  '401': refusal('No key, or an unknown one.'),
  '403': refusal('The key lacks a scope.'),
  default: refusal('Any other refusal.'),
}

function operationOf({ name, rest, scope, input, output, pathFields }: RestProcedure): OpenApi {
  const properties = (input['properties'] ?? {}) as Record<string, JsonSchema>
  const required = new Set(Array.isArray(input['required']) ? input['required'] : [])
  const headerFields = new Map(Object.entries(rest.headers ?? {}).map(([header, field]) => [field, header]))
  const others = Object.keys(properties).filter((field) => !pathFields.includes(field) && !headerFields.has(field))
  const inBody = rest.method !== 'GET' && rest.method !== 'DELETE'
  const parameter = (field: string, where: { in: string; name?: string }) => ({
    name: where.name ?? field,
    in: where.in,
    required: where.in === 'path' || required.has(field),
    schema: withDefinitions(properties[field] ?? { type: 'string' }, input),
  })
  const bodySchema =
    rest.bodyField === undefined ? bodyOf(others, input, required) : { $ref: '#/components/schemas/PlaybookDocument' }
  const parameters = [
    ...pathFields.map((field) => parameter(field, { in: 'path' })),
    ...[...headerFields].map(([field, header]) => parameter(field, { in: 'header', name: header })),
    ...(inBody ? [] : others.map((field) => parameter(field, { in: 'query' }))),
  ]
  return {
    operationId: name,
    tags: rest.tags,
    summary: rest.summary,
    description: [rest.description, `Needs the scope \`${scope}\`.`].filter(Boolean).join('\n\n'),
    ...(parameters.length > 0 ? { parameters } : {}),
    ...(inBody && others.length > 0
      ? {
          requestBody: {
            required: required.size > pathFields.length,
            content: { 'application/json': withExample(bodySchema, rest.example?.input) },
          },
        }
      : {}),
    responses: {
      [String(rest.status ?? 200)]: {
        description: 'Done.',
        content: { 'application/json': withExample(output, rest.example?.output) },
      },
      ...REFUSALS,
    },
  }
}

function bodyOf(fields: string[], input: JsonSchema, required: Set<unknown>): OpenApi {
  const properties = (input['properties'] ?? {}) as Record<string, JsonSchema>
  return {
    type: 'object',
    ...(input['$defs'] === undefined ? {} : { $defs: input['$defs'] }),
    properties: Object.fromEntries(fields.map((field) => [field, properties[field]])),
    required: fields.filter((field) => required.has(field)),
  }
}

const withExample = (schema: unknown, example: unknown): OpenApi => ({
  schema,
  ...(example === undefined ? {} : { example }),
})

const asObject = (value: unknown): OpenApi => (value !== null && typeof value === 'object' ? { ...value } : {})
