import type { Evaluation, Rule, Trace } from '../model/rule.ts'
import { ruleWords } from './explain.ts'
import { awaited, type ValidUntil } from './valid-until.ts'

/** What was found for a leaf, and how long the answer stands (left out: for ever). */
export interface Seen {
  actual?: Trace['actual']
  missing?: boolean
  note?: string | undefined
  until?: ValidUntil
}

/** The answer of a leaf with its trace. */
export function leaf(rule: Rule, value: boolean, { actual, missing, note, until }: Seen): Evaluation {
  const why: Trace = { rule: ruleWords(rule), value }
  if (missing) {
    why.actual = null
    why.missing = true
  } else if (actual !== undefined) why.actual = actual
  if (note !== undefined) why.note = note
  return { value, validUntil: awaited(until ?? null), why }
}

/** Several remarks as one. */
export function notes(...said: Array<string | undefined>): string | undefined {
  const real = said.filter((note) => note !== undefined)
  return real.length === 0 ? undefined : real.join('; ')
}

/** A rule whose window or duration is none; `checkRule` refuses such. */
export const unreadable = (rule: Rule): Evaluation => leaf(rule, false, { note: 'the rule gives no window' })
