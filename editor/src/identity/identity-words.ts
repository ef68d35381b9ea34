import type { Comparison, DuplicateRow, MergeRow } from '../api/types.ts'

/** What a name of somebody is, as a person says it. */
export const IDENTITY_WORDS: { readonly [kind: string]: string } = {
  user_id: 'Your id',
  email: 'E-mail',
  anonymous_id: 'Anonymous id',
  vendor_id: 'Elsewhere',
}

/** Why two contacts may be one person. */
export function suspicionWords({ kind, value }: DuplicateRow['reason']): string {
  return kind === 'email' ? `Both have the e-mail address ${value}` : `Both are ${value} in a connected system`
}

/** Why two contacts became one. */
export function mergeWords(reason: MergeRow['reason']): string {
  const value = typeof reason['value'] === 'string' ? ` ${reason['value']}` : ''
  switch (reason.kind) {
    case 'hand':
      return 'Said to be one person'
    case 'alias':
      return `An alias call named both:${value}`
    case 'anonymous_id':
      return `The same browser:${value}`
    case 'email':
      return `The same e-mail address:${value}`
    case 'vendor_id':
      return `The same record elsewhere:${value}`
    default:
      return `${reason.kind}${value}`
  }
}

/** Who did it, where the rules did. */
export const actorWords = (actor: string): string => (actor === 'signalbox' ? 'the rules' : actor)

/** Why the first of the two stays. */
export function staysWords(stays: Comparison['stays']): string {
  switch (stays) {
    case 'named':
      return 'because only they have an id of yours'
    case 'older':
      return 'because they have been known for longer'
    case 'id':
      return 'because of two of the same age the one with the smaller id stays'
  }
}
