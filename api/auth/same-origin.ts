import type { FastifyRequest } from 'fastify'
import { problem } from '../problem.ts'

const SAFE = new Set(['GET', 'HEAD', 'OPTIONS'])

/**
 * Refuses a change that another site had the browser send along with our cookie. A request with a key needs no such
 * check: no browser adds a key by itself.
 * @throws ProblemError 403 CROSS_ORIGIN
 */
export function requireSameOrigin(request: FastifyRequest, origins: readonly string[]): void {
  if (SAFE.has(request.method) || request.headers.authorization !== undefined) return
  const { origin, cookie } = request.headers
  const site = request.headers['sec-fetch-site']
  const named = origin !== undefined || site !== undefined
  const ours = origin !== undefined ? origins.includes(origin) : site === 'same-origin'
  // Without a cookie and without any origin it is a program, which has nothing to be abused yet.
  if (ours || (!named && cookie === undefined)) return
  throw problem(
    403,
    'CROSS_ORIGIN',
    `This came from ${origin ?? 'an unnamed page'}, not from Signalbox itself. Open ${origins[0] ?? 'Signalbox'} and do it there; set SIGNALBOX_PUBLIC_URL where the address is another.`,
  )
}
