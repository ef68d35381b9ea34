import type { FastifyRequest } from 'fastify'
import type { Db } from '../db/database.ts'
import type { KeyReader } from '../keys/api-keys.ts'
import { problem } from '../problem.ts'
import type { Actor } from './scopes.ts'
import type { Sessions } from './sessions.ts'

export interface Identified {
  actor: Actor
  workspaceId: string
}

/** A person in several workspaces names one by its slug; else it is the one joined first. */
export const WORKSPACE_HEADER = 'x-signalbox-workspace'

/** Finds out who asks. A key wins over a cookie; a wrong key is refused, even when a cookie would do. */
export class Identification {
  readonly #db: Db
  readonly #keys: KeyReader
  readonly #sessions: Sessions

  constructor(parts: { db: Db; keys: KeyReader; sessions: Sessions }) {
    this.#db = parts.db
    this.#keys = parts.keys
    this.#sessions = parts.sessions
  }

  /**
   * @returns null when the request names nobody
   * @throws ProblemError 401 for a wrong or revoked key
   */
  async identify(request: FastifyRequest, now: number): Promise<Identified | null> {
    const sent = sentKey(request.headers.authorization)
    if (sent !== null) return this.byKey(sent, now)
    const signedIn = await this.#sessions.read(request)
    if (signedIn === null) return null
    const wanted = request.headers[WORKSPACE_HEADER]
    const member = await this.#db
      .selectFrom('members')
      .innerJoin('workspaces', 'workspaces.id', 'members.workspace_id')
      .select(['members.workspace_id', 'members.role'])
      .where('members.user_id', '=', signedIn.user.id)
      .$if(typeof wanted === 'string', (query) => query.where('workspaces.slug', '=', String(wanted)))
      .orderBy('members.created_at')
      .executeTakeFirst()
    if (member === undefined)
      throw problem(403, 'NO_WORKSPACE', 'You belong to no such workspace. Ask an owner to add you.')
    return {
      workspaceId: member.workspace_id,
      actor: { kind: 'user', ...signedIn.user, role: member.role, sessionId: signedIn.sessionId },
    }
  }

  /** @throws ProblemError 401 */
  async byKey(key: string, now: number): Promise<Identified> {
    const known = await this.#keys.find(key, now)
    if (known === null)
      throw problem(401, 'KEY_UNKNOWN', 'This key is unknown or revoked. Make a new one under Settings and send that.')
    return {
      workspaceId: known.workspaceId,
      actor: { kind: 'key', id: known.id, name: known.name, scopes: known.scopes },
    }
  }
}

/**
 * The key in an Authorization header: `Bearer <key>`, or `Basic` with the key as user name, as Segment's libraries send it.
 * @throws ProblemError 401 when the header is of another kind
 */
export function sentKey(header: string | undefined): string | null {
  if (header === undefined) return null
  const [scheme, value] = header.split(' ', 2)
  if (scheme?.toLowerCase() === 'bearer' && value) return value
  if (scheme?.toLowerCase() === 'basic' && value) {
    const [user] = Buffer.from(value, 'base64').toString('utf8').split(':', 1)
    if (user) return user
  }
  throw problem(401, 'AUTHORIZATION_MALFORMED', 'Send the key as "Authorization: Bearer <api key>".')
}
