import { randomUUID } from 'node:crypto'
import type { FastifyRequest, FastifyServerOptions } from 'fastify'

/** The token of a webhook or a mail's link and an OAuth answer stand in the address: none belongs into a log. */
export function loggedUrl(url: string): string {
  const [path = '', query] = url.split('?', 2)
  const masked = path.replace(/^(\/hooks\/in\/|\/unsubscribe\/|\/asks\/)[^/]+/, '$1[token]')
  return query === undefined ? masked : `${masked}?[query]`
}

export const requestId = (): string => randomUUID()

/** What pino is told to leave out, wherever it is put into a line. */
const REDACTED = [
  'authorization',
  'cookie',
  'accessToken',
  'refreshToken',
  'clientSecret',
  'password',
  'credentials',
  'secret',
  'token',
].flatMap((name) => [name, `*.${name}`, `*.*.${name}`])

/** @param level of pino; `silent` in tests that do not look at the log */
export function loggerOptions(
  level: string,
  stream?: { write(line: string): void },
): NonNullable<FastifyServerOptions['logger']> {
  return {
    level,
    redact: { paths: REDACTED, censor: '[redacted]' },
    serializers: {
      req: (request: FastifyRequest) => ({ method: request.method, url: loggedUrl(request.url), ip: request.ip }),
    },
    ...(stream === undefined ? {} : { stream }),
  }
}
