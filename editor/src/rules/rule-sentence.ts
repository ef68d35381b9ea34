import type { Rule } from '../../../engine/model/rule.ts'
import { ruleWords } from '../../../engine/rules/explain.ts'

/** The whole rule in a line, `all` as “and” and `any` as “or”. Empty: it holds nothing yet. */
export function ruleSentence(rule: Rule, within = false): string {
  if ('all' in rule) return joined(rule.all, 'and', within)
  if ('any' in rule) return joined(rule.any, 'or', within)
  if ('not' in rule) {
    const words = ruleSentence(rule.not, true)
    return words === '' ? '' : `not ${words}`
  }
  return ruleWords(rule)
}

function joined(rules: readonly Rule[], by: 'and' | 'or', within: boolean): string {
  const words = rules.map((rule) => ruleSentence(rule, rules.length > 1)).filter((one) => one !== '')
  const all = words.join(` ${by} `)
  return within && words.length > 1 ? `(${all})` : all
}
