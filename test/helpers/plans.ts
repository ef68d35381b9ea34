import type { Json } from '../../nodes/manifest.ts'
import type { Delay, Plan, PlanStep } from '../../engine/model/plan.ts'
import type { Facts, Instant, Rule } from '../../engine/model/rule.ts'

/** Plans by hand, for tests of what runs them: each step says where its ports lead; incoming edges follow. */

type Drawn<S extends PlanStep = PlanStep> = S
type Ports = { [port: string]: string[] }

const base = (id: string, type: string, out: Ports) => ({ id, type, label: id, in: [], out })

export const trigger = (id: string, next: string[] = []): Drawn => ({
  ...base(id, 'trigger.manual@1', { out: next }),
  op: 'trigger',
  input: {},
})

export const act = (id: string, next: string[] = []): Drawn<PlanStep & { op: 'act' }> => ({
  ...base(id, 'intercom.tagContact@1', { out: next }),
  op: 'act',
  connection: 'intercom',
  input: {},
  keeps: false,
  readsSteps: [],
})

/** An action that asks somebody who says yes or no. */
export const asks = (id: string, maxWaitMs: number | null, out: Ports = {}): Drawn<PlanStep & { op: 'act' }> => ({
  ...act(id),
  ...base(id, 'flow.approval@1', { asked: [], yes: [], no: [], timeout: [], ...out }),
  connection: null,
  answer: { ports: ['yes', 'no'], maxWaitMs },
})

export const branch = (id: string, cases: Array<{ port: string; if: Rule }>, out: Ports): Drawn => ({
  ...base(id, 'flow.branch@1', out),
  op: 'branch',
  cases,
})

export const delay = (id: string, how: Delay, next: string[] = []): Drawn => ({
  ...base(id, 'flow.delay@1', { out: next }),
  op: 'delay',
  delay: how,
})

export const join = (id: string, how: { wait: 'all' | 'any'; losers: string[] }, next: string[] = []): Drawn => ({
  ...base(id, 'flow.join@1', { out: next }),
  op: 'join',
  ...how,
})

export const exit = (id: string, reason: string): Drawn => ({ ...base(id, 'flow.exit@1', {}), op: 'exit', reason })

/** A plan has one at most. */
export const goal = (reached: string[], missed: string[]): Drawn => ({
  ...base('goal', 'flow.goal@1', { reached, missed }),
  op: 'goal',
})

export const split = (id: string, arms: Array<{ port: string; percent: number; to?: string[] }>, key = id): Drawn => ({
  ...base(id, 'flow.split@1', Object.fromEntries(arms.map(({ port, to = [] }) => [port, to]))),
  op: 'split',
  key,
  arms: arms.map(({ port, percent }) => ({ port, percent })),
})

export const waitRule = (id: string, how: { rule: Rule; maxWaitMs: number | null }, out: Ports): Drawn => ({
  ...base(id, 'flow.waitForRule@1', { met: [], timeout: [], ...out }),
  op: 'waitRule',
  ...how,
})

type WaitEvent = PlanStep & { op: 'waitEvent' }
export const waitEvent = (id: string, how: Partial<WaitEvent> & { event: string }, out: Ports): Drawn<WaitEvent> => ({
  ...base(id, 'flow.waitForEvent@1', { happened: [], timeout: [], ...out }),
  op: 'waitEvent',
  where: [],
  keys: [],
  since: 'trigger',
  maxWaitMs: null,
  keeps: false,
  ...how,
})

type Each = PlanStep & { op: 'each' }
/** Its steps are given apart, with `within`. */
export const each = (id: string, how: Partial<Each> & { list: string }, out: Ports): Drawn<Each> => ({
  ...base(id, 'flow.forEach@1', { item: [], out: [], ...out }),
  op: 'each',
  atOnce: 1,
  onItemFailure: 'stop',
  keeps: false,
  ...how,
})

/** Fills in the incoming edges. Steps are given in topological order. */
export function planOf(steps: PlanStep[]): Plan {
  const complete = steps.map((step) => ({
    ...step,
    in: steps.flatMap((from) =>
      Object.entries(from.out).flatMap(([port, targets]) =>
        targets.filter((to) => to === step.id).map(() => ({ step: from.id, port })),
      ),
    ),
  }))
  return {
    kind: 'plan',
    format: 1,
    subject: 'contact',
    enrollment: { reentry: { policy: 'every' }, exit: [], goal: null },
    steps: complete,
    reads: { properties: [], segments: [], signals: [], events: {} },
  }
}

type Properties = { [name: string]: Json }

/** Facts of one contact and its account. */
export const factsAt = (at: Instant, given: { contact?: Properties; account?: Properties } = {}): Facts => ({
  at,
  contact: { id: 'c-1', externalId: 'ada', properties: given.contact ?? {} },
  account: { id: 'a-1', externalId: 'acme', properties: given.account ?? {} },
  segments: [],
  signals: [],
  events: {},
})
