import type { FastifyInstance } from 'fastify'
import { z } from 'zod'
import { ControlError, type Stage } from './app.ts'
import { faultRuleSchema } from './faults.ts'
import { limitSchema } from './limits.ts'
import type { RecordBody } from './store.ts'

const whole = (most: number) => z.coerce.number().int().min(0).max(most)
const requestsQuery = z.strictObject({
  limit: whole(100_000).default(100),
  before: whole(Number.MAX_SAFE_INTEGER).optional(),
})
const recordsQuery = z.strictObject({
  limit: whole(100_000).default(10_000),
  offset: whole(Number.MAX_SAFE_INTEGER).default(0),
})
const expireSchema = z.strictObject({ what: z.enum(['access', 'refresh']).default('access') })
const recordSchema = z.record(z.string(), z.json())
const nothing = z.union([z.undefined(), z.null(), z.strictObject({})])

/** Checks what came in. @throws ControlError 400 naming the place */
export function expectShape<S extends z.ZodType>(schema: S, value: unknown, where: string): z.output<S> {
  const result = schema.safeParse(value)
  if (result.success) return result.data
  const [issue] = result.error.issues
  const place = [where, ...(issue?.path ?? [])].join('.')
  throw new ControlError(400, `${place}: ${issue?.message ?? 'Not what was expected.'}`)
}

/** The paths under `/_sandbox/{app}`, for people and tests. Errors are `{ error }` with what to mend. */
export function controlRoutes(scope: FastifyInstance, stage: Stage): void {
  const { app, faults, requests, sandbox } = stage
  const typeNamed = (given: string): string => {
    for (const [type, others] of Object.entries(app.recordTypes))
      if (given === type || others.includes(given)) return type
    throw new ControlError(404, `No record type "${given}". There are ${Object.keys(app.recordTypes).join(', ')}.`)
  }

  scope.get('/', () => ({ data: { app: app.app, label: app.label, recordTypes: Object.keys(app.recordTypes) } }))

  scope.get('/requests', ({ query }) => {
    const { limit, before } = expectShape(requestsQuery, query, 'query')
    const data = requests.newest({ limit, ...(before === undefined ? {} : { before }) })
    const oldest = data.at(-1)
    return { data, nextCursor: data.length === limit && oldest ? String(oldest.id) : null }
  })

  scope.get<{ Params: { type: string } }>('/records/:type', ({ params, query }) => {
    const page = expectShape(recordsQuery, query, 'query')
    return { data: sandbox.store.list(typeNamed(params.type), page).map((record) => shown(record.body)) }
  })
  scope.post<{ Params: { type: string } }>('/records/:type', ({ params, body }, reply) => {
    const type = typeNamed(params.type)
    const given: RecordBody = expectShape(recordSchema, body, 'body')
    const record = sandbox.store.transaction(() => {
      const { keys, ...made } = complete(stage, type, given)
      sandbox.store.put(type, made, keys)
      return made
    })
    return reply.code(201).send({ data: shown(record.body) })
  })

  scope.get('/faults', () => ({ data: faults.list() }))
  scope.post('/faults', ({ body }, reply) =>
    reply.code(201).send({ data: faults.add(expectShape(faultRuleSchema, body, 'body')) }),
  )
  scope.delete('/faults', (_request, reply) => {
    faults.clear()
    return reply.code(204).send()
  })

  scope.get('/limits', () => ({ data: sandbox.limit.current() }))
  scope.post('/limits', ({ body }) => {
    const limit = expectShape(limitSchema, body, 'body')
    sandbox.store.put('_limit', { id: 'current', body: limit })
    sandbox.limit.change(limit)
    return { data: limit }
  })

  scope.post('/tokens', ({ body }, reply) =>
    reply.code(201).send({ data: app.issueToken(sandbox, expectShape(recordSchema, body ?? {}, 'body')) }),
  )
  scope.post('/expire', ({ body }) => {
    const { what } = expectShape(expireSchema, body ?? {}, 'body')
    return { data: { what, expired: app.expire(sandbox, what) } }
  })
  scope.post('/reset', ({ body }, reply) => {
    expectShape(nothing, body, 'body')
    sandbox.store.transaction(() => {
      sandbox.store.clear(app.keeps)
      app.seed(sandbox)
      sandbox.store.put('_state', { id: 'seeded', body: { seeded: true } })
    })
    faults.clear()
    requests.clear()
    sandbox.limit.change(app.limit)
    return reply.code(204).send()
  })

  app.control?.(scope, sandbox)
}

/** Names that begin with `_` are the stand-in's own book-keeping. */
const shown = (body: RecordBody): RecordBody =>
  Object.fromEntries(Object.entries(body).filter(([name]) => !name.startsWith('_')))

function complete({ app, sandbox }: Stage, type: string, body: RecordBody) {
  try {
    return app.complete(sandbox, { type, body })
  } catch (error) {
    if (error instanceof ControlError) throw error
    throw new ControlError(400, `body: ${error instanceof Error ? error.message : String(error)}`)
  }
}
