import type { Plan, PlanStep } from '../model/plan.ts'
import { goesOn } from './carry-over.ts'
import { stepOf } from './instance.ts'
import { indexPlan } from './plan-index.ts'
import { readsOutputs } from './reads-of-step.ts'

/** What becomes of a run that waits at a step when it goes over: it waits on, as it is or by other settings, or has nowhere to wait. */
export type WaitChange = 'same' | 'changed' | 'gone'

export function waitChange({ from, to }: { from: Plan; to: Plan }, instance: string): WaitChange {
  const plans = { old: indexPlan(from), next: indexPlan(to) }
  if (!goesOn(plans, instance)) return 'gone'
  const [before, after] = [plans.old.byId.get(stepOf(instance)), plans.next.byId.get(stepOf(instance))]
  return JSON.stringify(settingsOf(before)) === JSON.stringify(settingsOf(after)) ? 'same' : 'changed'
}

/** All but its name and its edges. */
function settingsOf(step: PlanStep | undefined) {
  if (step === undefined) return null
  const { in: _1, out: _2, label: _3, ...settings } = step
  return settings
}

/** Where a run may go on that waits at a step which is gone: every step for the same items but the triggers. */
export function possibleTargets({ from, to }: { from: Plan; to: Plan }, instance: string): PlanStep[] {
  const within = from.steps.find(({ id }) => id === stepOf(instance))?.within
  return to.steps.filter((step) => step.op !== 'trigger' && step.within === within)
}

/** A step of the new version that reads what runs from the old one do not have. */
export interface MissingRead {
  /** Who reads. */
  step: PlanStep
  /** What: `steps.<id>` or `vars.<name>`. */
  reads: string
}

/**
 * What steps of the new version read of steps that a run which waits at one of these has passed, and that the old
 * version did not keep or did not have: it will be empty there. What is still to come in every case is left out.
 */
export function missingReads({ from, to }: { from: Plan; to: Plan }, waitsAt: readonly string[]): MissingRead[] {
  const ahead = waitsAt.map((at) => behindOf(to, stepOf(at)))
  const toCome = (id: string): boolean => ahead.length > 0 && ahead.every((behind) => behind.has(id))
  const keeps = new Set(from.steps.filter((step) => 'keeps' in step && step.keeps).map(({ id }) => id))
  const setBy = (plan: Plan, name: string): PlanStep[] =>
    plan.steps.filter((step) => step.op === 'act' && step.sets === name)
  return to.steps.flatMap((step): MissingRead[] => {
    const outputs = readsOutputs(step).filter((id) => !keeps.has(id) && !toCome(id))
    const names = varsReadBy(step).filter(
      (name) => setBy(from, name).length === 0 && !setBy(to, name).some(({ id }) => toCome(id)),
    )
    return [...outputs.map((id) => `steps.${id}`), ...names.map((name) => `vars.${name}`)].map((reads) => ({
      step,
      reads,
    }))
  })
}

/** The steps that a step leads to, near and far. */
function behindOf({ steps }: Plan, id: string): ReadonlySet<string> {
  const byId = new Map(steps.map((step) => [step.id, step]))
  const behind = new Set<string>()
  const ways = [id]
  for (let at = ways.pop(); at !== undefined; at = ways.pop())
    for (const to of Object.values(byId.get(at)?.out ?? {}).flat())
      if (!behind.has(to)) {
        behind.add(to)
        ways.push(to)
      }
  return behind
}

const varsReadBy = (step: PlanStep): string[] => [
  ...new Set(Array.from(JSON.stringify(settingsOf(step)).matchAll(/\bvars\.([A-Za-z_]\w*)/g), ([, name = '']) => name)),
]
