import type { Json } from '../../nodes/manifest.ts'
import type { Plan, PlanStep } from '../model/plan.ts'
import { stepsReadBy, walkRule } from '../rules/reads.ts'
import { rulesOfStep } from './rules-of-step.ts'

/** Ids of the steps whose outputs it reads. */
export function readsOutputs(step: PlanStep): string[] {
  if (step.op === 'act') return step.readsSteps
  const fromRules = rulesOfStep(step).flatMap(stepsReadBy)
  return [
    ...fromRules,
    ...pathsOf(step).flatMap((path) => (path.startsWith('steps.') ? [path.split('.')[1] ?? ''] : [])),
  ]
}

/** Paths that it reads beside its rules and templates. */
function pathsOf(step: PlanStep): string[] {
  if (step.op === 'waitEvent') return step.keys.map(({ path }) => path)
  if (step.op === 'each') return [step.list]
  if (step.op !== 'delay' || step.delay.mode === 'for') return []
  const { delay } = step
  const zone = delay.zone && 'property' in delay.zone ? [delay.zone.property] : []
  return delay.mode === 'untilDate' ? [delay.property, ...zone] : zone
}

/**
 * Steps that rest on outputs that are made up: what they read of them, of a variable that was set from one, or of an
 * item of such a list.
 * @param madeUp whether the output of a step is
 */
export function restingOn(plan: Plan, madeUp: (step: string) => boolean): ReadonlySet<string> {
  const resting = new Set<string>()
  const variables = new Set<string>()
  // In the plan's order, so that what a step reads was looked at before it.
  for (const step of plan.steps) {
    const { names, item } = carriedBy(step)
    const inItem = item && step.within !== undefined && resting.has(step.within)
    if (!inItem && !readsOutputs(step).some(madeUp) && !names.some((name) => variables.has(name))) continue
    resting.add(step.id)
    if (step.op === 'act' && step.sets !== undefined) variables.add(step.sets)
  }
  return resting
}

const VARIABLE = /\bvars(?:\.\??|\[\??["'])([A-Za-z_]\w*)/g
const ITEM = /\{\{[^}]*\bitem\b/

/** What it reads of variables, and whether it reads the item. Of templates by their text: a room without a parser. */
function carriedBy(step: PlanStep): { names: string[]; item: boolean } {
  const paths = pathsOf(step)
  for (const rule of rulesOfStep(step))
    walkRule(rule, (leaf) => {
      if ('property' in leaf) paths.push(leaf.property)
    })
  const texts = step.op === 'act' ? textsIn(step.input) : []
  return {
    names: [
      ...paths.flatMap((path) => (path.startsWith('vars.') ? [path.split('.')[1] ?? ''] : [])),
      ...texts.flatMap((text) => [...text.matchAll(VARIABLE)].map((match) => match[1] ?? '')),
    ],
    item: paths.some((path) => path === 'item' || path.startsWith('item.')) || texts.some((text) => ITEM.test(text)),
  }
}

function textsIn(value: Json): string[] {
  if (typeof value === 'string') return value.includes('{{') ? [value] : []
  if (value === null || typeof value !== 'object') return []
  return Object.values(value).flatMap(textsIn)
}
