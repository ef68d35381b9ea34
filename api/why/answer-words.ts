import type { WhyNode } from './why-node.ts'
import { iso } from './window-view.ts'

/** The leaves an answer hangs on: of an “all” that failed those that failed, and so on. */
export function deciding(node: WhyNode): WhyNode[] {
  if (node.kind === 'not') return (node.children ?? []).flatMap(deciding)
  if (node.kind !== 'all' && node.kind !== 'any') return [node]
  const parts = node.children ?? []
  // An “all” fails by its false parts, an “any” holds by its true ones; else every part had its share.
  return parts.filter((part) => part.value === node.value).flatMap(deciding)
}

const MOST_REASONS = 4

/** The reasons of an answer as one clause. */
export function reasons(tree: WhyNode): string {
  const found = [...new Set(deciding(tree).flatMap((node) => (node.found === null ? [] : [node.found])))]
  if (found.length === 0) return tree.value ? 'nothing is asked for' : 'nothing could make it true'
  const named = found.slice(0, MOST_REASONS)
  const more = found.length - named.length
  const all = more === 0 ? named : [...named, `${more} more`]
  const last = all.pop() ?? ''
  return all.length === 0 ? last : `${all.join(', ')} and ${last}`
}

export type AnswerOf = { kind: 'rule' | 'segment' | 'signal' | 'score'; name: string }

/** `Ada was in segment “Big” at 2026-03-02T10:00:00.000Z, because account.mrr was 250.` */
export function answerWords(of: AnswerOf, told: { tree: WhyNode; label: string; at: number; isNow: boolean }): string {
  const { tree, label, at, isNow } = told
  const when = isNow ? 'now' : `at ${iso(at)}`
  const not = tree.value ? '' : ' not'
  const because = reasons(tree)
  const verb = isNow ? 'is' : 'was'
  switch (of.kind) {
    case 'segment':
      return `${label} ${verb}${not} in segment “${of.name}” ${when}, because ${because}.`
    case 'signal':
      return `Signal “${of.name}” ${verb}${not} set for ${label} ${when}, because ${because}.`
    case 'score':
      return `Score “${of.name}” of ${label} ${when}: ${tree.found ?? ''}.`
    case 'rule': {
      const held = isNow ? (tree.value ? 'holds' : 'does not hold') : tree.value ? 'held' : 'did not hold'
      return `The rule ${held} for ${label} ${when}, because ${because}.`
    }
  }
}

/** What a flip does, of each kind. */
export function turnsWords(of: AnswerOf, value: boolean): string {
  switch (of.kind) {
    case 'signal':
      return value ? 'clear it' : 'set it'
    case 'segment':
      return value ? 'take them out' : 'bring them in'
    case 'rule':
    case 'score':
      return value ? 'make it false' : 'make it true'
  }
}
