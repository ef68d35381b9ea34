import type { FastifyInstance } from 'fastify'
import { z } from 'zod'
import { ControlError, type Sandbox, type SandboxApp } from '../../sandbox/app.ts'
import type { RecordBody } from '../../sandbox/store.ts'
import { collectionRoutes } from './collection-routes.ts'
import { dataRoutes } from './data-routes.ts'
import { setDuplicateRule } from './duplicate-rules.ts'
import { errorBody, refuse, SalesforceError } from './errors.ts'
import { ADMIN_ID, expireAll, GRANT_TYPES, isLive, issueTokens } from './grants.ts'
import { makeId, normalizeId } from './ids.ts'
import { oauthRoutes } from './oauth-routes.ts'
import { hideField, type Org, orgFor, removeField } from './org.ts'
import { queryRoutes } from './query-routes.ts'
import { putRecord } from './records.ts'
import { OBJECTS } from './schema.ts'
import { setMayCustomize, toolingRoutes } from './tooling-routes.ts'

/** A full sandbox's daily allowance: enough that nobody meets it by accident, and it can be lowered. */
const DAILY = { calls: 5_000_000, perMs: 86_400_000 }

const VERSIONS = Array.from({ length: 16 }, (_unused, index) => 53 + index)
const RETIRED_BELOW = 31

/** How many calls may run for how long before further ones are refused. */
const LONG_CALLS = { most: 25, afterMs: 20_000 }

/** Calls of this day so far, as of the last one. */
type Usage = { used: number }

const tokenWish = z.strictObject({ accessToken: z.string().min(8).optional(), clientId: z.string().min(1).optional() })
/** `hidden`: no field-level security for the user; `absent`: the org has no such field. */
const fieldWish = z.strictObject({
  object: z.string(),
  name: z.string(),
  hidden: z.boolean().optional(),
  absent: z.boolean().optional(),
})
const permissionWish = z.strictObject({ customizeApplication: z.boolean() })
const ruleWish = z.strictObject({
  object: z.enum(['Account', 'Contact', 'Lead']),
  field: z.enum(['Email', 'Name']),
  action: z.enum(['alert', 'block']),
})

/** A stand-in of a Salesforce org: OAuth, records, SOQL and limits, as far as Signalbox goes. */
export const salesforceSandbox: SandboxApp = {
  app: 'salesforce',
  label: 'Salesforce',
  limit: DAILY,
  recordTypes: Object.fromEntries(
    OBJECTS.map(({ name, labelPlural }) => [name, [name.toLowerCase(), labelPlural, labelPlural.toLowerCase()]]),
  ),
  keeps: GRANT_TYPES,
  register: (scope, sandbox) => {
    const usage: Usage = { used: 0 }
    answerInKind(scope, sandbox, usage)
    const bearer = (header: unknown) => liveToken(sandbox, header)
    oauthRoutes(scope, sandbox, bearer)
    scope.get('/services/data', () => VERSIONS.map(versionEntry))
    const org = orgFor(sandbox, ADMIN_ID)
    scope.register(
      async (data) => {
        guard(data, { sandbox, bearer, usage })
        dataRoutes(data, org)
        collectionRoutes(data, org)
        queryRoutes(data, org)
        toolingRoutes(data, org)
        data.get('/limits', () => limits(sandbox, usage))
      },
      { prefix: '/services/data/v:version' },
    )
  },
  complete: (sandbox, { type, body }) => {
    const org = orgFor(sandbox, ADMIN_ID)
    return putRecord(org, org.object(type), withKnownId(org, type, body))
  },
  issueToken: (sandbox, wish) => {
    const answer = issueTokens(sandbox, expectWish(tokenWish, wish))
    return {
      accessToken: answer['access_token'] ?? null,
      refreshToken: answer['refresh_token'] ?? null,
      instanceUrl: sandbox.url(),
    }
  },
  expire: expireAll,
  seed: (sandbox) => {
    const org = orgFor(sandbox, ADMIN_ID)
    for (const [number, user] of USERS.entries()) {
      const id = makeId('005', number + 1)
      // The counter goes along, so that users put later get ids of their own.
      sandbox.store.next('User')
      const record = putRecord(org, org.object('User'), { ...user, Id: id })
      sandbox.store.put('User', record, record.keys)
    }
  },
  control: (scope, sandbox) => {
    scope.post('/fields', ({ body }) => {
      const wish = expectWish(fieldWish, body)
      const field = { object: wish.object, name: wish.name }
      if (wish.absent !== undefined) removeField(sandbox, field, wish.absent)
      if (wish.hidden !== undefined) hideField(sandbox, field, wish.hidden)
      return { data: wish }
    })
    scope.post('/permissions', ({ body }) => {
      const wish = expectWish(permissionWish, body)
      setMayCustomize(sandbox, wish.customizeApplication)
      return { data: wish }
    })
    scope.post('/duplicate-rules', ({ body }) => {
      const rule = expectWish(ruleWish, body)
      setDuplicateRule(sandbox, rule)
      return { data: rule }
    })
  },
}

const user = (first: string, last: string, active = true): RecordBody => ({
  FirstName: first,
  LastName: last,
  Username: `${first.toLowerCase()}@sandbox.example`,
  Email: `${first.toLowerCase()}@sandbox.example`,
  Alias: first.toLowerCase().slice(0, 8),
  IsActive: active,
})
const USERS = [
  user('Admin', 'Sandbox'),
  user('Riley', 'Okafor'),
  user('Sam', 'Lindqvist'),
  user('Former', 'Colleague', false),
]

/** Salesforce's own shape for every failure below this scope, also for those of Fastify's. */
function answerInKind(scope: FastifyInstance, sandbox: Sandbox, usage: Usage): void {
  scope.addHook('onSend', async (_request, reply) => {
    const { calls } = sandbox.limit.current()
    reply.header('sforce-limit-info', `api-usage=${usage.used}/${calls}`)
  })
  scope.setErrorHandler((error: Error & { statusCode?: number; code?: string }, _request, reply) => {
    if (error instanceof SalesforceError) return reply.code(error.status).send(errorBody(error.errors))
    if (error.code === 'FST_ERR_CTP_INVALID_MEDIA_TYPE')
      return reply
        .code(415)
        .send(errorBody([{ code: 'UNSUPPORTED_MEDIA_TYPE', message: 'Content-Type not supported' }]))
    const status = error.statusCode ?? 500
    const code = status < 500 ? 'JSON_PARSER_ERROR' : 'UNKNOWN_EXCEPTION'
    return reply.code(status).send(errorBody([{ code, message: error.message }]))
  })
  scope.setNotFoundHandler((_request, reply) =>
    reply.code(404).send(errorBody([{ code: 'NOT_FOUND', message: 'The requested resource does not exist' }])),
  )
}

/** What every call of the data API passes: version, session, and both limits. */
function guard(
  scope: FastifyInstance,
  { sandbox, bearer, usage }: { sandbox: Sandbox; bearer: (header: unknown) => string | null; usage: Usage },
): void {
  const running = new Map<object, number>()
  scope.addHook<{ Params: { version: string } }>('preHandler', async (request) => {
    const version = Number(request.params.version)
    if (version < RETIRED_BELOW)
      throw refuse('UNSUPPORTED_API_VERSION', 'API version is not supported', { status: 410 })
    if (bearer(request.headers.authorization) === null) {
      throw new SalesforceError(401, [{ code: 'INVALID_SESSION_ID', message: 'Session expired or invalid' }])
    }
    const long = [...running.values()].filter((since) => sandbox.now() - since >= LONG_CALLS.afterMs)
    if (long.length >= LONG_CALLS.most)
      throw limitExceeded('ConcurrentRequests (Concurrent API Requests) Limit exceeded.')
    const allowance = sandbox.limit.take(sandbox.now())
    usage.used = allowance.used
    if (!allowance.allowed) throw limitExceeded('TotalRequests Limit exceeded.')
  })
  scope.addHook('onRequest', async (request) => {
    running.set(request, sandbox.now())
  })
  scope.addHook('onResponse', async (request) => {
    running.delete(request)
  })
  scope.addHook('onRequestAbort', async (request) => {
    running.delete(request)
  })
}

const limitExceeded = (message: string) => new SalesforceError(403, [{ code: 'REQUEST_LIMIT_EXCEEDED', message }])

function liveToken(sandbox: Sandbox, header: unknown): string | null {
  const token = typeof header === 'string' ? /^(?:Bearer|OAuth) (\S+)$/i.exec(header)?.[1] : undefined
  return token !== undefined && isLive(sandbox, token) ? token : null
}

function limits(sandbox: Sandbox, usage: Usage) {
  const { calls } = sandbox.limit.current()
  const entry = { Max: calls, Remaining: calls - usage.used }
  return { DailyApiRequests: entry, DailyBulkV2QueryJobs: { Max: 10_000, Remaining: 10_000 } }
}

function versionEntry(version: number) {
  const [season, year] = [
    (['Summer', 'Winter', 'Spring'] as const)[(version + 2) % 3],
    4 + Math.floor((version + 1) / 3),
  ]
  return { label: `${season} '${year}`, url: `/services/data/v${version}.0`, version: `${version}.0` }
}

function withKnownId(org: Org, type: string, body: RecordBody): RecordBody {
  const given = body['Id']
  if (given === undefined) return body
  const id = typeof given === 'string' ? normalizeId(given) : null
  if (id === null || !id.startsWith(org.object(type).keyPrefix)) throw new Error(`Id: not an id of ${type}.`)
  return { ...body, Id: id }
}

function expectWish<S extends z.ZodType>(schema: S, value: unknown): z.output<S> {
  const parsed = schema.safeParse(value ?? {})
  if (parsed.success) return parsed.data
  const [issue] = parsed.error.issues
  throw new ControlError(400, `body.${issue?.path.join('.') ?? ''}: ${issue?.message ?? 'Not what was expected.'}`)
}
