/** What a key may do. `admin` may do everything; the others are separate, and a write scope does not include reading. */
export const SCOPES = [
  'events:write',
  'playbooks:read',
  'playbooks:write',
  'runs:read',
  'runs:write',
  'data:read',
  'data:write',
  'admin',
] as const
export type Scope = (typeof SCOPES)[number]

export const ROLES = ['owner', 'editor', 'viewer'] as const
export type Role = (typeof ROLES)[number]

const VIEWER: Scope[] = ['playbooks:read', 'runs:read', 'data:read']
const ROLE_SCOPES: Record<Role, ReadonlySet<Scope>> = {
  viewer: new Set(VIEWER),
  editor: new Set([...VIEWER, 'events:write', 'playbooks:write', 'runs:write', 'data:write']),
  owner: new Set(SCOPES),
}

/** Who asks: a signed-in person or a program with a key. */
export type Actor =
  | { kind: 'user'; id: string; email: string; name: string; role: Role; sessionId: string }
  | { kind: 'key'; id: string; name: string; scopes: readonly string[] }

/** Whether the actor may do what needs this scope. */
export function allows(actor: Actor, scope: Scope): boolean {
  if (actor.kind === 'user') return ROLE_SCOPES[actor.role].has(scope)
  return actor.scopes.includes('admin') || actor.scopes.includes(scope)
}

/** How the actor is written into audit and versions. */
export const actorName = (actor: Actor): string => (actor.kind === 'user' ? actor.email : `key ${actor.name}`)
