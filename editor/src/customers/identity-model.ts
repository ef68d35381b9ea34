import type { ContactView } from '../api/types.ts'
import { wordsOf } from '../sandbox/sandbox-data.ts'

export type Identity = ContactView['identities'][number]
export type IdentityKind = Identity['kind']

/** What an identity of each kind is called, how one writes it, and what it is for. */
export const IDENTITY_KINDS: {
  [kind in IdentityKind]: { words: string; example: string; means: string }
} = {
  user_id: { words: 'Your id', example: 'user-4711', means: 'What your product calls them.' },
  email: { words: 'E-mail', example: 'ada@example.com', means: 'An address that is theirs alone.' },
  anonymous_id: { words: 'Anonymous id', example: 'a1b2c3', means: 'What a browser is called before they sign in.' },
  vendor_id: {
    words: 'Elsewhere',
    example: 'intercom:5ba682d23d7cf92bef87bfd4',
    means: 'The system, a colon, and their id there.',
  },
}

/** One line of the list: those that were told as identities can be taken away, the others only read. */
export interface IdentityLine {
  words: string
  value: string
  identity: Identity | null
}

/** By what somebody is known: your own ids, e-mail addresses, browsers, other systems; and our id. */
export function identityLines(known: {
  identities: readonly Identity[]
  links: ContactView['links']
  externalId: string | null
  id: string
}): IdentityLine[] {
  const { identities, links, externalId, id } = known
  const told = new Set(identities.map(({ value }) => value))
  const read = (words: string, value: string): IdentityLine => ({ words, value, identity: null })
  return [
    ...(externalId !== null && !told.has(externalId) ? [read(IDENTITY_KINDS.user_id.words, externalId)] : []),
    ...identities.map((identity) => ({
      words: IDENTITY_KINDS[identity.kind].words,
      value: identity.value,
      identity,
    })),
    ...Object.entries(links)
      .filter(([app, there]) => !told.has(`${app}:${wordsOf(there)}`))
      .map(([app, there]) => read(app, wordsOf(there))),
    read('Our id', id),
  ]
}
