import type { Flip } from '../../engine/rules/flip.ts'
import { iso } from './window-view.ts'

/** A way to the other answer. */
export interface FlipView {
  kind: 'changes' | 'time'
  /** A plain sentence: `One more "login" in the last 7 days would set it.` */
  words: string
  /** When it comes by itself. */
  at: string | null
  /** Where in the rule, e.g. `all.1`. */
  paths: string[]
}

/** A path keeps its name: `contact.plan`. */
const capital = (words: string): string =>
  /^(contact|account)\./.test(words) ? words : words.slice(0, 1).toUpperCase() + words.slice(1)
const sentence = (words: string): string => (words.endsWith('.') ? words : `${words}.`)

/** @param turns what the flip does, e.g. `set it` */
export function flipView(flip: Flip, turns: string): FlipView {
  if (flip.kind === 'time')
    return { kind: 'time', words: sentence(capital(flip.sentence)), at: iso(flip.at), paths: [] }
  const { changes } = flip
  const words = changes.map((change) => change.sentence).join(', and ')
  // “one more "login"” names what would do it; the others say themselves what would have to be.
  const named = changes.every((change) => /^(one|\d+) (more|fewer) /.test(change.sentence) && change.need !== null)
  return {
    kind: 'changes',
    words: sentence(capital(named ? `${words} would ${turns}` : words)),
    at: null,
    paths: changes.map((change) => change.path),
  }
}

/** Of one part: the new data that would turn it. When it turns by itself is said by `validUntil`. */
export const flipSentences = (flips: readonly Flip[]): string[] =>
  flips.flatMap((flip) =>
    flip.kind === 'changes' && flip.changes.every(({ need }) => need !== null) ? [flipView(flip, 'turn it').words] : [],
  )
