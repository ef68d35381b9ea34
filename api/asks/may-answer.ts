import type { Actor, Role } from '../auth/scopes.ts'
import type { AsksTable } from '../db/people-tables.ts'
import { problem, type ProblemError } from '../problem.ts'

const RANK: { [role in Role]: number } = { viewer: 0, editor: 1, owner: 2 }
const NEEDED: { [who in AsksTable['who']]: Role } = { anybody: 'viewer', editors: 'editor', owners: 'owner' }

/** Whom something is asked of: those named, else whoever has the role. */
export type Asked = Pick<AsksTable, 'who' | 'people'>

/** Whether they are one of those who were asked. A key is nobody: an answer is a person's. */
export function mayAnswer(actor: Actor, { who, people }: Asked): boolean {
  if (actor.kind !== 'user') return false
  return people.length > 0 ? people.includes(actor.email.toLowerCase()) : RANK[actor.role] >= RANK[NEEDED[who]]
}

/** Whether they may ask somebody else in the place of those who were asked. */
export const mayPassOn = (actor: Actor, asked: Asked): boolean =>
  mayAnswer(actor, asked) || (actor.kind === 'user' && actor.role === 'owner')

/** What `who` may be for something to be asked of them where nobody is named. */
export const rolesAskedOf = (role: Role): Array<AsksTable['who']> =>
  (Object.keys(NEEDED) as Array<AsksTable['who']>).filter((who) => RANK[role] >= RANK[NEEDED[who]])

const WORDS: { [who in AsksTable['who']]: string } = {
  anybody: 'Members',
  editors: 'Editors and owners',
  owners: 'Owners',
}

export const whoMay = ({ who, people }: Asked): string => (people.length > 0 ? `Only ${people.join(', ')}` : WORDS[who])

export const notAsked = (asked: Asked): ProblemError =>
  problem(403, 'ASK_NOT_YOURS', `${whoMay(asked)} may answer this. Ask one of them to, or to pass it on to you.`)
