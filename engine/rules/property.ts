import type { Json } from '../../nodes/manifest.ts'
import { type ParsedPath, parsePath, readPath, readProperty } from '../model/path.ts'
import type { Evaluation, Instant, PropertyRule, ScoreRule, SegmentRule, SignalRule } from '../model/rule.ts'
import { compare } from './compare.ts'
import { leaf } from './leaf.ts'
import type { RuleScope } from './scope.ts'

const parsed = new Map<string, ParsedPath | null>()

function pathOf(property: string): ParsedPath | null {
  const known = parsed.get(property)
  if (known !== undefined) return known
  const path = parsePath(property)
  if (parsed.size >= 10_000) parsed.clear()
  parsed.set(property, path)
  return path
}

/** The value at a rule's path, or undefined where nothing is there. */
export function readRulePath(property: string, scope: RuleScope): Json | undefined {
  const path = pathOf(property)
  if (path === null) return undefined
  if (path.root === 'trigger') return readPath(scope.trigger, path.path)
  if (path.root === 'vars') return readPath(scope.vars, path.path)
  if (path.root === 'item') return readPath(scope.item, path.path)
  if (path.root === 'steps') return readPath(scope.stepOutput?.(path.step), path.path)
  return readProperty(path.root === 'contact' ? scope.contact : scope.account, path.name)
}

export function evaluateProperty(rule: PropertyRule, scope: RuleScope, now: Instant): Evaluation {
  const actual = readRulePath(rule.property, scope)
  const { value, note, validUntil = null } = compare(rule, actual, now)
  return leaf(rule, value, { actual, missing: actual === undefined, note, until: validUntil })
}

export function evaluateSegment(rule: SegmentRule, scope: RuleScope): Evaluation {
  const inside = scope.segments.includes(rule.segment)
  return leaf(rule, inside === (rule.is === 'in'), { actual: inside ? 'in' : 'out' })
}

export function evaluateSignal(rule: SignalRule, scope: RuleScope): Evaluation {
  const set = scope.signals.includes(rule.signal)
  return leaf(rule, set === (rule.is === 'set'), { actual: set ? 'set' : 'cleared' })
}

/** The part of a score that a rule asks for; undefined where there is none. */
export function readScore(rule: ScoreRule, scope: RuleScope): Json | undefined {
  const { scores } = scope
  const score = scores !== undefined && Object.hasOwn(scores, rule.score) ? scores[rule.score] : undefined
  return score?.[rule.of ?? 'value'] ?? undefined
}

export function evaluateScore(rule: ScoreRule, scope: RuleScope, now: Instant): Evaluation {
  const actual = readScore(rule, scope)
  const { value, note, validUntil = null } = compare(rule, actual, now)
  return leaf(rule, value, { actual, missing: actual === undefined, note, until: validUntil })
}
