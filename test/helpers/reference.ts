import { evaluate } from '../../engine/rules/evaluate.ts'
import { parseInstant } from '../../engine/model/instant.ts'
import type { Plan, PlanStep } from '../../engine/model/plan.ts'
import type { Facts } from '../../engine/model/rule.ts'
import { shareOf } from '../../engine/run/share.ts'

/**
 * What a step comes to in the end, said without steps in time: for plans without `any` joins and exits, and for facts
 * that do not change while nothing happens, so that a wait is over at once or times out.
 */
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
    plan.steps.flatMap((step): Array<[string, Expected]> => {
      // What was done for the items of a list is over with them.
      if (step.within !== undefined) return []
      if (!happens.get(step.id)) return [[step.id, { status: 'skipped', port: null }]]
      const port = chosen(step, given)
      const failed = port === null || (step.op === 'act' && given.fails.has(step.id))
      // Where a failure is dealt with, the port is not its own: it says what follows.
      return [[step.id, { status: failed ? 'failed' : 'done', port: failed ? null : port }]]
    }),
  )
}

/** The port a step leaves by when it happens; null when it fails. */
function chosen(step: PlanStep, { facts, fails }: { facts: Facts; fails: ReadonlySet<string> }): string | null {
  if (step.op === 'act' && fails.has(step.id))
    return step.onFailure === undefined ? null : step.onFailure === 'branch' ? 'error' : 'out'
  if (step.op === 'waitRule') return evaluate(step.rule, facts, facts.at).value ? 'met' : 'timeout'
  if (step.op === 'waitEvent') return 'timeout'
  if (step.op === 'split') return armOf(step, facts)
  if (step.op === 'branch') return step.cases.find((c) => evaluate(c.if, facts, facts.at).value)?.port ?? 'else'
  if (step.op === 'delay' && step.delay.mode === 'untilDate' && step.delay.missing === 'fail') {
    const name = step.delay.property.replace('contact.', '')
    if (parseInstant(facts.contact?.properties[name]) === null) return null
  }
  return 'out'
}

/** The arm that the subject's share falls into. */
function armOf(step: PlanStep & { op: 'split' }, facts: Facts): string | null {
  const share = shareOf(step.key, facts.contact?.id ?? '') * 100
  let upTo = 0
  for (const { port, percent } of step.arms) {
    upTo += percent
    if (share < upTo) return port
  }
  return step.arms.at(-1)?.port ?? null
}

/** The instances that act, sorted: those that happen, and those of a list once for each of its items. */
export function expectedActs(plan: Plan, expected: ReadonlyMap<string, Expected>, facts: Facts): string[] {
  const acts: string[] = []
  for (const step of plan.steps) {
    if (step.op !== 'act') continue
    if (step.within === undefined) {
      if (expected.get(step.id)?.status !== 'skipped') acts.push(step.id)
      continue
    }
    const list = plan.steps.find(({ id }) => id === step.within)
    if (list?.op !== 'each' || expected.get(list.id)?.status === 'skipped') continue
    const items = facts.contact?.properties[list.list.replace('contact.', '')]
    if (!Array.isArray(items)) continue
    // Of the drawn bodies the second action is for items above 1 alone.
    for (const [index, item] of items.entries())
      if (!step.id.endsWith('-second') || Number(item) > 1) acts.push(`${list.id}:${index}/${step.id}`)
  }
  return acts.toSorted()
}
