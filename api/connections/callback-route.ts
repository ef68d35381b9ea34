import type { FastifyInstance, FastifyRequest } from 'fastify'
import type { Context } from '../context.ts'
import { ProblemError, problem } from '../problem.ts'
import type { OpenContext } from '../rest-bridge.ts'
import { finishAuthorization } from './oauth-flow.ts'

/**
 * Where vendors send the browser back to. It always leads on to the connections page of the app: no address is taken
 * from the request, so it redirects nowhere else.
 */
export function oauthCallback(createContext: (request: FastifyRequest) => Promise<OpenContext>) {
  return (scope: FastifyInstance, _options: object, done: (error?: Error) => void): void => {
    scope.get<{ Params: { app: string } }>('/oauth/callback/:app', async (request, reply) => {
      const page = new URLSearchParams()
      try {
        const ctx = requireSignedIn(await createContext(request))
        const parameters = new URL(request.url, ctx.origin).searchParams
        const { slug } = await finishAuthorization(ctx, { app: request.params.app, parameters })
        page.set('connected', slug)
      } catch (error) {
        if (!(error instanceof ProblemError)) throw error
        page.set('problem', error.code)
        page.set('detail', error.message)
      }
      return reply.header('cache-control', 'no-store').redirect(`/connections?${page.toString()}`, 303)
    })
    done()
  }
}

function requireSignedIn(ctx: OpenContext): Context {
  const { actor, workspaceId } = ctx
  if (actor?.kind !== 'user' || workspaceId === undefined)
    throw problem(
      401,
      'UNAUTHENTICATED',
      'You are not signed in at the address that the vendor sends people back to. Sign in here and connect again.',
    )
  if (actor.role !== 'owner')
    throw problem(403, 'ROLE_TOO_LOW', `Your role (${actor.role}) may not connect systems. Ask an owner.`)
  return { ...ctx, actor, workspaceId }
}
