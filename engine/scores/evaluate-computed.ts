import type { Json } from '../../nodes/manifest.ts'
import { parseFormula } from '../expression/parse.ts'
import { workOut } from '../expression/work-out.ts'
import type { ComputedDefinition, ComputedEvaluation } from '../model/computed.ts'
import { readPath } from '../model/path.ts'
import type { Instant, Reads, SubjectFacts, Trace } from '../model/rule.ts'
import type { RuleScope } from '../rules/evaluate.ts'
import { addProperty, mergeReads, noReads } from '../rules/reads.ts'
import { soonest, type ValidUntil } from '../rules/valid-until.ts'
import { describeFigure } from './describe.ts'
import { evaluateFigure, readsOfFigure } from './event-figure.ts'

/** A property is a value, not a document. */
export const MOST_VALUE_CHARACTERS = 8_000

/**
 * Works a computed property out. What the formula needs and nobody has makes it null, with the reason in `why.note`.
 * @param now the instant that windows are measured against
 */
export function evaluateComputed(definition: ComputedDefinition, scope: RuleScope, now: Instant): ComputedEvaluation {
  const until: ValidUntil[] = []
  const inputs: { [name: string]: Json } = {}
  const children: Trace[] = []
  for (const [name, figure] of Object.entries(definition.inputs)) {
    const { value, validUntil } = evaluateFigure(figure, scope, now)
    until.push(validUntil)
    if (value !== undefined) inputs[name] = value
    children.push({
      rule: `inputs.${name}: ${describeFigure(figure)}`,
      value: value !== undefined,
      actual: value ?? null,
      ...(value === undefined ? { missing: true } : {}),
    })
  }
  const worked = workOutFormula(definition.formula, {
    contact: variablesOf(scope.contact),
    account: variablesOf(scope.account),
    inputs,
  })
  const value = worked.ok ? worked.value : null
  const note = worked.ok ? {} : { note: worked.why, missing: true }
  const why: Trace = {
    rule: `${definition.property} = ${definition.formula}`,
    value: worked.ok,
    actual: value,
    ...note,
    children: [...children, ...pathTraces(definition.formula, scope)],
  }
  return { value, why, validUntil: soonest(until) }
}

type Formulated = { ok: true; value: Json } | { ok: false; why: string }

function workOutFormula(formula: string, scope: { [root: string]: Json }): Formulated {
  const parsed = parseFormula(formula)
  if (!parsed.ok) return { ok: false, why: parsed.message }
  const worked = workOut(parsed.expression, scope)
  if (!worked.ok) {
    if (worked.missing === undefined) return { ok: false, why: `The formula${worked.why}` }
    const { path, fallback } = worked.missing
    return { ok: false, why: `${path} is not there. Fill it, or give a fallback in the formula: ${fallback}.` }
  }
  const { value } = worked
  const size = typeof value === 'string' ? value.length : JSON.stringify(value).length
  if (size > MOST_VALUE_CHARACTERS)
    return {
      ok: false,
      why: `The formula gives ${size} characters; a property may have ${MOST_VALUE_CHARACTERS}. Shorten it.`,
    }
  return { ok: true, value }
}

/** Subjects are flat for expressions: `id`, `externalId` and their properties. */
function variablesOf(subject: SubjectFacts | null): { [name: string]: Json } {
  if (subject === null) return {}
  return { ...subject.properties, id: subject.id, externalId: subject.externalId }
}

/** What was found at each property that the formula reads. */
function pathTraces(formula: string, scope: RuleScope): Trace[] {
  const seen = new Set<string>()
  return subjectReads(formula).flatMap(({ root, path }): Trace[] => {
    const rule = [root, ...path].join('.')
    if (seen.has(rule)) return []
    seen.add(rule)
    const actual = readPath(variablesOf(scope[root]), path)
    const there = actual !== undefined
    return [{ rule, value: there, actual: actual ?? null, ...(there ? {} : { missing: true }) }]
  })
}

/** The properties of contact and account that a formula reads; none where it cannot be parsed. */
export function subjectReads(formula: string): Array<{ root: 'contact' | 'account'; path: string[] }> {
  const parsed = parseFormula(formula)
  if (!parsed.ok) return []
  return parsed.expression.reads.flatMap(({ root, path }) => (root === 'inputs' ? [] : [{ root, path }]))
}

/** What must be loaded before the property can be worked out. */
export function readsOfComputed(definition: ComputedDefinition): Reads {
  const properties = noReads()
  for (const { root, path } of subjectReads(definition.formula)) addProperty(properties, [root, ...path].join('.'))
  return mergeReads([properties, ...Object.values(definition.inputs).map(readsOfFigure)])
}
