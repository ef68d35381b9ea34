import type { PlanStep } from '../../model/plan.ts'
import { act } from './act.ts'
import { branch } from './branch.ts'
import { delay } from './delay.ts'
import { each } from './each.ts'
import { exit } from './exit.ts'
import { goal } from './goal.ts'
import { join } from './join.ts'
import { milestone } from './milestone.ts'
import type { Op } from './op.ts'
import { split } from './split.ts'
import { trigger } from './trigger.ts'
import { waitEvent } from './wait-event.ts'
import { waitRule } from './wait-rule.ts'

/** A kind of step that is left out does not compile. */
const OPS: { [K in PlanStep['op']]: Op<K> } = {
  act,
  branch,
  delay,
  each,
  exit,
  goal,
  join,
  milestone,
  split,
  trigger,
  waitEvent,
  waitRule,
}

/** What a step does, by its kind. */
export const opOf = <K extends PlanStep['op']>(step: PlanStep & { op: K }): Op<K> => OPS[step.op] as Op<K>
