import type { FastifyInstance, FastifyRequest } from 'fastify'
import type { ApiDeps } from '../context.ts'
import { effectIn } from '../http/effect-header.ts'
import { problem } from '../problem.ts'
import { acceptPlaybookHook } from './playbook-hook.ts'
import { acceptVendorHook } from './vendor-hook.ts'

const LIMIT_BYTES = 500_000

export type HookDeps = Omit<ApiDeps, 'log'> & { clock: () => number }

/** Webhooks in: from vendors, signed; and a playbook's own, whose token stands in the address. */
export function hookRoutes(deps: HookDeps) {
  return (scope: FastifyInstance, _options: object, done: (error?: Error) => void): void => {
    // Signatures are over the bytes as they came.
    scope.removeAllContentTypeParsers()
    scope.addContentTypeParser('*', { parseAs: 'buffer' }, (_request, body, parsed) => parsed(null, body))

    scope.post<{ Params: { token: string } }>(
      '/hooks/in/:token',
      { bodyLimit: LIMIT_BYTES },
      async (request, reply) => {
        const ctx = { ...deps, now: deps.clock(), log: request.log }
        const run = await acceptPlaybookHook(ctx, {
          token: request.params.token,
          body: jsonBody(request),
          key: keyOf(request),
          effect: effectIn(request),
        })
        return reply.code(202).send({ run })
      },
    )
    // Vendors ask whether the address is there before they take it.
    scope.head('/hooks/:connection', (_request, reply) => reply.code(200).send())
    scope.post<{ Params: { connection: string } }>(
      '/hooks/:connection',
      { bodyLimit: LIMIT_BYTES },
      async (request, reply) => {
        const ctx = { ...deps, now: deps.clock() }
        await acceptVendorHook(ctx, {
          connectionId: request.params.connection,
          body: bytes(request),
          signature: headerOf(request, 'x-hub-signature'),
        })
        return reply.code(200).send({ received: true })
      },
    )
    done()
  }
}

const bytes = (request: FastifyRequest): Buffer => (Buffer.isBuffer(request.body) ? request.body : Buffer.alloc(0))

const headerOf = (request: FastifyRequest, name: string): string | null => {
  const value = request.headers[name]
  return typeof value === 'string' ? value : null
}

const keyOf = (request: FastifyRequest): string | null => headerOf(request, 'idempotency-key')

export function jsonBody(request: FastifyRequest): unknown {
  try {
    return JSON.parse(bytes(request).toString('utf8'))
  } catch (cause) {
    throw problem(400, 'MALFORMED_JSON', { detail: 'The body is not JSON. Mend it and send it again.', cause })
  }
}
