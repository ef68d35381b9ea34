import { evaluate } from '../../engine/rules/evaluate.ts'
import { parseInstant } from '../../engine/model/instant.ts'
import type { Plan, PlanStep } from '../../engine/model/plan.ts'
import type { Facts } from '../../engine/model/rule.ts'

/** What a step comes to in the end, said without steps in time: for plans without `any` joins and exits. */
export interface Expected {
  status: 'done' | 'failed' | 'skipped'
  port: string | null
}

/**
 * The meaning of a plan as equations over the whole graph, iterated until nothing changes: a step happens when an edge
 * into it is taken, an edge is taken when its step happened, did not fail and chose its port. Written to be obviously
 * right, not fast, and to share no code with `advance`.
 */
export function reference(plan: Plan, start: string, given: { facts: Facts; fails: ReadonlySet<string> }) {
  const happens = new Map<string, boolean>(plan.steps.map((step) => [step.id, false]))
  for (let changed = true; changed; ) {
    changed = false
    for (const step of plan.steps) {
      const now =
        step.op === 'trigger'
          ? step.id === start
          : step.in.some((edge) => {
              const from = plan.steps.find((other) => other.id === edge.step)
              return from !== undefined && happens.get(from.id) === true && chosen(from, given) === edge.port
            })
      if (now !== happens.get(step.id)) {
        happens.set(step.id, now)
        changed = true
      }
    }
  }
  return new Map<string, Expected>(
    plan.steps.map((step) => {
      if (!happens.get(step.id)) return [step.id, { status: 'skipped', port: null }]
      const port = chosen(step, given)
      return [step.id, { status: port === null ? 'failed' : 'done', port }]
    }),
  )
}

/** The port a step leaves by when it happens; null when it fails. */
function chosen(step: PlanStep, { facts, fails }: { facts: Facts; fails: ReadonlySet<string> }): string | null {
  if (step.op === 'act' && fails.has(step.id)) return null
  if (step.op === 'branch') return step.cases.find((c) => evaluate(c.if, facts, facts.at).value)?.port ?? 'else'
  if (step.op === 'delay' && step.delay.mode === 'untilDate' && step.delay.missing === 'fail') {
    const name = step.delay.property.replace('contact.', '')
    if (parseInstant(facts.contact?.properties[name]) === null) return null
  }
  return 'out'
}
