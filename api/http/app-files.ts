import { existsSync } from 'node:fs'
import { join } from 'node:path'
import fastifyStatic from '@fastify/static'
import type { FastifyInstance, FastifyReply, FastifyRequest } from 'fastify'
import { problem } from '../problem.ts'
import { sendProblem } from './errors.ts'

/** Paths that are never a page of the app. */
const NOT_PAGES = /^\/(v1|trpc|auth|hooks|oauth|docs|assets|metrics|healthz|readyz)(\/|$)/
const YEAR_SECONDS = 365 * 24 * 3600

/**
 * Serves the built editor: files under /assets have their content's hash in the name and may be kept for ever, the
 * page itself is asked for anew each time. Any other address is a page of the app, which routes by itself.
 * @param root the folder that `npm run build` writes
 */
export async function appFiles(server: FastifyInstance, root: string): Promise<void> {
  const built = existsSync(join(root, 'index.html'))
  if (built)
    await server.register(fastifyStatic, {
      root,
      prefix: '/',
      index: 'index.html',
      // The build may leave .br and .gz beside its files; they are used when the browser takes them.
      preCompressed: true,
      cacheControl: false,
      setHeaders: (reply, path) => {
        const kept = path.includes(`${root}/assets/`)
        void reply.header('cache-control', kept ? `public, max-age=${YEAR_SECONDS}, immutable` : 'no-cache')
      },
    })
  server.setNotFoundHandler((request, reply) => notFound(request, reply, built))
}

function notFound(request: FastifyRequest, reply: FastifyReply, built: boolean): FastifyReply {
  const path = request.url.split('?', 1)[0] ?? '/'
  const wantsPage =
    (request.method === 'GET' || request.method === 'HEAD') && (request.headers.accept ?? '').includes('text/html')
  if (!wantsPage || NOT_PAGES.test(path))
    return sendProblem(
      reply,
      problem(
        404,
        'NOT_FOUND',
        `There is nothing at ${request.method} ${path}. See /v1/openapi.json for what there is.`,
      ),
    )
  if (built) return reply.sendFile('index.html')
  return reply
    .code(503)
    .type('text/plain; charset=utf-8')
    .send('The editor is not built yet. Stop, run `npm start` (or `npm run build`), and load this page again.\n')
}
