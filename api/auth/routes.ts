import type { FastifyInstance, FastifyReply, FastifyRequest } from 'fastify'
import rateLimit from '@fastify/rate-limit'
import { z } from 'zod'
import { problem } from '../problem.ts'
import { invalidInput } from '../trpc.ts'
import { requireSameOrigin } from './same-origin.ts'
import { CLIENT_IP_HEADER, type Sessions } from './sessions.ts'

const WINDOW = '15 minutes'
/** Failures, not tries: nobody is kept out by signing in often. */
const FAILURES_BY_ADDRESS = 20
const FAILURES_BY_EMAIL = 10

const signInBody = z.object({ email: z.string().min(1).max(320), password: z.string().min(1).max(256) })

/** The few of better-auth's paths that are used. Everything else of it stays unreachable. */
export async function authRoutes(
  scope: FastifyInstance,
  { sessions, publicUrl, origins }: { sessions: Sessions; publicUrl: string; origins: string[] },
): Promise<void> {
  await scope.register(rateLimit, { global: false })
  const limit = { timeWindow: WINDOW, cache: 50_000 }
  const byAddress = scope.createRateLimit({ ...limit, max: FAILURES_BY_ADDRESS, keyGenerator: ({ ip }) => `ip ${ip}` })
  const byEmail = scope.createRateLimit({ ...limit, max: FAILURES_BY_EMAIL, keyGenerator: emailOf })

  scope.addHook('onRequest', async (request) => requireSameOrigin(request, origins))

  const pass = async (request: FastifyRequest, reply: FastifyReply) => {
    const answer = await sessions.handle(webRequest(request, publicUrl))
    reply.code(answer.status)
    for (const cookie of answer.headers.getSetCookie()) reply.header('set-cookie', cookie)
    return { answer, body: (await answer.json().catch(() => null)) as { code?: string; message?: string } | null }
  }

  scope.post('/sign-in/email', { bodyLimit: 10_000 }, async (request, reply) => {
    const given = signInBody.safeParse(request.body)
    if (!given.success) throw invalidInput(given.error)
    for (const check of [byAddress, byEmail]) {
      const state = await check(request, { increment: false })
      if (!state.isAllowed && (state.isExceeded || state.remaining <= 0)) throw tooMany(reply, state.ttlInSeconds)
    }
    const { answer, body } = await pass(request, reply)
    if (answer.ok) return reply.send(body)
    for (const count of [byAddress, byEmail]) await count(request)
    if (answer.status === 401 || answer.status === 400)
      throw problem(
        401,
        'SIGN_IN_FAILED',
        'E-mail or password is wrong. Try again, or set a new password with: npx signalbox reset-password <e-mail>',
      )
    throw problem(answer.status, body?.code ?? 'SIGN_IN_FAILED', `${body?.message ?? 'Sign-in failed'}. Try again.`)
  })

  scope.post('/sign-out', async (request, reply) => {
    const { body } = await pass(request, reply)
    return reply.send(body)
  })
}

function tooMany(reply: FastifyReply, seconds: number) {
  void reply.header('retry-after', seconds)
  return problem(
    429,
    'SIGN_IN_LIMITED',
    `Too many failed sign-ins. Wait ${Math.ceil(seconds / 60)} minutes and try again.`,
  )
}

function emailOf(request: FastifyRequest): string {
  const given = signInBody.safeParse(request.body)
  return `email ${given.success ? given.data.email.trim().toLowerCase() : ''}`
}

/** Fastify's request as better-auth takes it. The address comes from the socket, never from the caller's header. */
function webRequest(request: FastifyRequest, publicUrl: string): Request {
  const headers = new Headers({ 'content-type': 'application/json', [CLIENT_IP_HEADER]: request.ip })
  for (const name of ['cookie', 'origin', 'user-agent', 'referer']) {
    const value = request.headers[name]
    if (typeof value === 'string') headers.set(name, value)
  }
  return new Request(new URL(request.url, publicUrl), {
    method: request.method,
    headers,
    body: JSON.stringify(request.body ?? {}),
  })
}
