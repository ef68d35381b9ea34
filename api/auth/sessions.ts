import { betterAuth } from 'better-auth'
import type { FastifyRequest } from 'fastify'
import type { Db } from '../db/database.ts'

/** Sign-in with e-mail and password, sessions in a cookie. People are added by the first start and the CLI, never by sign-up. */
export interface Sessions {
  /** Serves better-auth's own paths under /auth. */
  handle(request: Request): Promise<Response>
  /** Who is signed in by this request's cookie; null when nobody. */
  read(request: FastifyRequest): Promise<SignedIn | null>
}

export interface SignedIn {
  sessionId: string
  user: { id: string; email: string; name: string }
}

/** Set by the routes on the request they hand on, never taken from the caller. */
export const CLIENT_IP_HEADER = 'x-signalbox-client-ip'
const SESSION_SECONDS = 14 * 24 * 3600

/**
 * @param options.secret signs the cookie; must stay the same, or everyone is signed out
 * @param options.origins from which a browser may send the cookie
 */
export function openSessions(db: Db, options: { publicUrl: string; secret: string; origins: string[] }): Sessions {
  const auth = betterAuth({
    appName: 'Signalbox',
    baseURL: options.publicUrl,
    basePath: '/auth',
    secret: options.secret,
    trustedOrigins: options.origins,
    database: { db, type: 'postgres' },
    user: { modelName: 'auth_user' },
    session: { modelName: 'auth_session', expiresIn: SESSION_SECONDS, updateAge: SESSION_SECONDS / 14 },
    account: { modelName: 'auth_credential' },
    verification: { modelName: 'auth_verification' },
    emailAndPassword: { enabled: true, disableSignUp: true, minPasswordLength: 8, maxPasswordLength: 256 },
    // The routes count failures themselves, by address and by e-mail.
    rateLimit: { enabled: false },
    telemetry: { enabled: false },
    logger: { disabled: true },
    advanced: {
      cookiePrefix: 'signalbox',
      useSecureCookies: options.publicUrl.startsWith('https:'),
      ipAddress: { ipAddressHeaders: [CLIENT_IP_HEADER] },
    },
  })
  return {
    handle: (request) => auth.handler(request),
    async read(request) {
      const { cookie } = request.headers
      if (cookie === undefined || !cookie.includes('signalbox.session_token')) return null
      const found = await auth.api.getSession({ headers: new Headers({ cookie }) })
      if (found === null) return null
      const { session, user } = found
      return { sessionId: session.id, user: { id: user.id, email: user.email, name: user.name } }
    },
  }
}

/** The addresses under which a browser may have opened this installation: the public one, and its loopback twins. */
export function allowedOrigins(publicUrl: string): string[] {
  const url = new URL(publicUrl)
  if (!['localhost', '127.0.0.1', '[::1]'].includes(url.hostname)) return [url.origin]
  const port = url.port === '' ? '' : `:${url.port}`
  return ['localhost', '127.0.0.1', '[::1]'].map((host) => `${url.protocol}//${host}${port}`)
}
