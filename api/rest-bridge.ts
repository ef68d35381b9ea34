import type { AnyProcedure } from '@trpc/server'
import type { FastifyInstance, FastifyRequest } from 'fastify'
import { z } from 'zod'
import type { Json, JsonSchema } from '../nodes/manifest.ts'
import type { ApiDeps, Requester } from './context.ts'
import { problem } from './problem.ts'
import { appRouter } from './router.ts'
import { createCallerFactory, type Meta, problemOf, type RestMeta } from './trpc.ts'

/** What a request is in before a procedure has seen who asks. */
export type OpenContext = ApiDeps & Partial<Requester> & Pick<Requester, 'now' | 'origin'>

/** A procedure that is a REST route too. */
export interface RestProcedure {
  /** `playbooks.publish` */
  name: string
  rest: RestMeta
  scope: Meta['scope']
  input: JsonSchema
  output: JsonSchema
  /** Fields of the input that stand in the path. */
  pathFields: string[]
}

const createCaller = createCallerFactory(appRouter)

/** Every procedure with `rest` in its meta, with its schemas as JSON Schema. */
export function restProcedures(): RestProcedure[] {
  // At run time the record is flat, by the procedures' whole names.
  const procedures = appRouter._def.procedures as unknown as Record<string, AnyProcedure>
  return Object.entries(procedures).flatMap(([name, procedure]) => {
    const meta = procedure._def.meta as Meta | undefined
    if (meta?.rest === undefined) return []
    const [input] = procedure._def.inputs
    const { output } = procedure._def as { output?: unknown }
    return [
      {
        name,
        rest: meta.rest,
        scope: meta.scope,
        input: jsonSchemaOf(input, 'input'),
        output: jsonSchemaOf(output, 'output'),
        pathFields: [...meta.rest.path.matchAll(/\{(\w+)\}/g)].map(([, field]) => field ?? ''),
      },
    ]
  })
}

/** @param schema anything that is no zod schema is taken for “nothing” */
export function jsonSchemaOf(schema: unknown, io: 'input' | 'output'): JsonSchema {
  if (!(schema instanceof z.ZodType)) return { type: 'object', properties: {} }
  const { $schema: _, ...rest } = z.toJSONSchema(schema, { io, unrepresentable: 'any', target: 'draft-2020-12' })
  return rest as JsonSchema
}

/** A field that refers to a definition of the whole input takes the definitions along; whoever publishes it finds them there. */
export const withDefinitions = (schema: JsonSchema, { $defs }: JsonSchema): JsonSchema => ({
  ...schema,
  ...($defs !== undefined && JSON.stringify(schema).includes('#/$defs/') ? { $defs } : {}),
})

/**
 * Serves the procedures as REST: one schema, one handler, one check for both. What stands in the path, the query, the
 * body and the named headers is put together as the procedure's one input.
 */
export function restRoutes(createContext: (request: FastifyRequest) => Promise<OpenContext>) {
  return (scope: FastifyInstance, _options: object, done: (error?: Error) => void): void => {
    for (const procedure of restProcedures()) {
      const { rest, name } = procedure
      scope.route({
        method: rest.method,
        url: rest.path.replaceAll(/\{(\w+)\}/g, ':$1'),
        handler: async (request, reply) => {
          const ctx = await createContext(request)
          const call = procedureNamed(createCaller(ctx), name)
          try {
            const answer = await call(inputOf(procedure, request))
            return await reply.code(rest.status ?? 200).send(answer)
          } catch (error) {
            throw problemOf(error)
          }
        },
      })
    }
    done()
  }
}

type Call = (input: unknown) => Promise<unknown>

function procedureNamed(caller: ReturnType<typeof createCaller>, name: string): Call {
  let at: unknown = caller
  for (const part of name.split('.')) at = (at as Record<string, unknown>)[part]
  return at as Call
}

/** @throws ProblemError 400 for a field that the route does not have */
export function inputOf(
  procedure: RestProcedure,
  request: Pick<FastifyRequest, 'params' | 'query' | 'body' | 'headers'>,
): unknown {
  const { rest, input } = procedure
  const known = propertiesOf(input)
  const params = request.params as Record<string, string>
  const query = request.query as Record<string, string | string[]>
  const given: Record<string, unknown> = {}
  for (const [name, value] of Object.entries(query)) {
    if (!Object.hasOwn(known, name) || procedure.pathFields.includes(name) || rest.bodyField === name)
      throw unknownField(
        'query',
        name,
        Object.keys(known).filter((field) => !procedure.pathFields.includes(field)),
      )
    given[name] = fromText(known[name] ?? {}, value)
  }
  if (rest.bodyField !== undefined) given[rest.bodyField] = request.body
  else Object.assign(given, bodyFields(request.body, known, procedure.pathFields))
  for (const [header, field] of Object.entries(rest.headers ?? {})) {
    const value = request.headers[header.toLowerCase()]
    if (typeof value === 'string') given[field] = fromText(known[field] ?? {}, value.replaceAll('"', ''))
  }
  for (const field of procedure.pathFields) given[field] = fromText(known[field] ?? {}, params[field] ?? '')
  return given
}

function bodyFields(body: unknown, known: Record<string, JsonSchema>, pathFields: string[]): Record<string, unknown> {
  if (body === undefined || body === null) return {}
  if (typeof body !== 'object' || Array.isArray(body))
    throw problem(400, 'INPUT_INVALID', 'The body has to be a JSON object. Put it into { }.')
  for (const name of Object.keys(body))
    if (!Object.hasOwn(known, name) || pathFields.includes(name))
      throw unknownField(
        'body',
        name,
        Object.keys(known).filter((field) => !pathFields.includes(field)),
      )
  return { ...body }
}

function unknownField(place: string, name: string, known: string[]) {
  const there = known.length === 0 ? 'It takes none.' : `There are: ${known.join(', ')}.`
  return problem(400, 'INPUT_UNKNOWN', {
    detail: `${place}.${name} is not something this route knows. ${there}`,
    problems: [{ path: `${place}.${name}`, message: 'Unknown.', code: 'unknown' }],
  })
}

const propertiesOf = (schema: JsonSchema): Record<string, JsonSchema> =>
  (schema['properties'] ?? {}) as Record<string, JsonSchema>

/** Text from an address as the type its schema names; what does not fit stays text, for the schema to refuse. */
function fromText(schema: JsonSchema, text: string | string[]): unknown {
  const types = typesOf(schema)
  if (types.has('array') && !Array.isArray(text)) return [text]
  if (Array.isArray(text) || types.has('string')) return text
  if ((types.has('integer') || types.has('number')) && /^-?\d+(\.\d+)?$/.test(text)) return Number(text)
  if (types.has('boolean') && (text === 'true' || text === 'false')) return text === 'true'
  return text
}

function typesOf(schema: JsonSchema): Set<Json> {
  const { type, anyOf } = schema
  if (Array.isArray(anyOf)) return new Set(anyOf.flatMap((part) => [...typesOf(part as JsonSchema)]))
  if (Array.isArray(type)) return new Set(type)
  return new Set(type === undefined ? [] : [type])
}
