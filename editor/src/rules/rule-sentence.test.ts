import { expect, it } from 'vitest'
import type { Rule } from '../../../engine/model/rule.ts'
import { ruleSentence } from './rule-sentence.ts'

const mrr: Rule = { property: 'account.mrr', op: 'gt', value: 100 }
const trial: Rule = { segment: 'trial', is: 'in' }
const risk: Rule = { signal: 'at-risk', is: 'set' }

it.each<[Rule, string]>([
  [mrr, 'account.mrr gt 100'],
  [{ all: [mrr, trial] }, 'account.mrr gt 100 and segment trial in'],
  [{ any: [mrr, { all: [trial, risk] }] }, 'account.mrr gt 100 or (segment trial in and signal at-risk set)'],
  [{ all: [{ any: [trial, risk] }] }, 'segment trial in or signal at-risk set'],
  [{ not: { any: [trial, risk] } }, 'not (segment trial in or signal at-risk set)'],
  [{ all: [{ any: [] }] }, ''],
])('says %j', (rule, words) => {
  expect(ruleSentence(rule)).toBe(words)
})
