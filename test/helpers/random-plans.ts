import fc from 'fast-check'
import { ITEM_PORT, type Plan, type PlanStep } from '../../engine/model/plan.ts'
import type { Facts, Instant } from '../../engine/model/rule.ts'
import type { StepOutcome } from '../../engine/model/run.ts'
import {
  act,
  asks,
  branch,
  delay,
  each,
  exit,
  factsAt,
  goal,
  join,
  planOf,
  split,
  trigger,
  waitEvent,
  waitRule,
} from './plans.ts'
import { testFault } from './shell.ts'

export const T0 = 1_700_000_000_000

export const ALL_KINDS = [
  'act',
  'branch',
  'for',
  'untilDate',
  'all',
  'any',
  'exit',
  'split',
  'waitRule',
  'waitEvent',
  'goesOn',
  'branchesOff',
  'each',
] as const // prettier-ignore
/** Also those of which a backtest knows no answer. */
export const KINDS_WITH_PEOPLE = [...ALL_KINDS, 'asks'] as const
/** Those whose meaning does not hang on the order in which things happen. */
export const ORDERLESS_KINDS = ALL_KINDS.filter((kind) => kind !== 'any' && kind !== 'exit')
type Kind = (typeof KINDS_WITH_PEOPLE)[number]

/** Chance without end, to be read by `drawing`. */
export const noise = fc.infiniteStream(fc.nat(1_000_000))
/** A number below another one. */
export type Draw = (below: number) => number
export const drawing =
  (stream: Iterator<number>): Draw =>
  (below) =>
    Number(stream.next().value) % below

/** Everything an activity may answer. */
export function anyOutcome(draw: Draw, at: Instant): StepOutcome {
  switch (draw(8)) {
    case 0:
      return { kind: 'failed', fault: testFault }
    case 1:
      return { kind: 'retry', fault: testFault, at: at + draw(5000) }
    case 2:
      return { kind: 'paced', at: at + draw(5000) }
    case 3:
      return { kind: 'held', fault: testFault, connection: `c${draw(2)}` }
    case 4:
      return { kind: 'review', fault: testFault }
    default:
      return { kind: 'done', output: draw(100) }
  }
}

/** Plans as drawn, with kinds to choose from: most tests leave out `any` and `exit`, whose meaning hangs on order. */
export function planArbitrary(kinds: readonly Kind[]): fc.Arbitrary<Plan> {
  const node = fc.record({
    kind: fc.constantFrom(...kinds),
    // Which earlier ports lead here, as numbers to be taken modulo what there is.
    from: fc.array(fc.nat(1000), { minLength: 1, maxLength: 3 }),
    flags: fc.tuple(fc.nat(3), fc.nat(3)),
  })
  return fc
    .record({ triggers: fc.integer({ min: 1, max: 2 }), nodes: fc.array(node, { minLength: 1, maxLength: 14 }) })
    .map(({ triggers, nodes }) => drawn(triggers, nodes))
}

interface Node {
  kind: Kind
  from: number[]
  flags: [number, number]
}

function drawn(triggers: number, nodes: Node[]): Plan {
  const steps: PlanStep[] = Array.from({ length: triggers }, (_, i) => trigger(`t${i}`))
  const leads: Array<{ from: PlanStep; port: string; to: string }> = []
  for (const [i, { kind, from, flags }] of nodes.entries()) {
    const step = made(`s${i}`, kind, flags)
    const ports = steps.flatMap((earlier) =>
      earlier.within === undefined
        ? Object.keys(earlier.out).flatMap((port) => (port === ITEM_PORT ? [] : [{ from: earlier, port }]))
        : [],
    )
    for (const pick of new Set(from.map((n) => n % ports.length))) {
      const end = ports[pick]
      if (end) leads.push({ ...end, to: step.id })
    }
    steps.push(step)
    if (step.op !== 'each') continue
    step.out[ITEM_PORT] = [`${step.id}-first`, `${step.id}-which`]
    steps.push(...bodyOf(step.id))
  }
  for (const { from, port, to } of leads) from.out[port]?.push(to)
  for (const step of steps) if (step.op === 'join' && step.wait === 'any') step.losers = losers(steps, step.id)
  return planOf(steps)
}

function made(id: string, kind: Kind, [a, b]: [number, number]): PlanStep {
  const flag = (n: number) => ({ property: `contact.flag${n}`, op: 'eq' as const, value: true })
  switch (kind) {
    case 'act':
      return act(id)
    case 'branch':
      return branch(
        id,
        [
          { port: 'one', if: flag(a) },
          { port: 'two', if: flag(b) },
        ],
        { one: [], two: [], else: [] },
      )
    case 'for':
      return delay(id, { mode: 'for', ms: 1000 * (a + 1) })
    case 'untilDate':
      return delay(id, {
        mode: 'untilDate',
        property: `contact.date${a}`,
        offsetMs: 0,
        missing: b % 2 === 0 ? 'skip' : 'fail',
      })
    case 'all':
    case 'any':
      return join(id, { wait: kind, losers: [] })
    case 'exit':
      return exit(id, `left at ${id}`)
    case 'split':
      return split(id, [
        { port: 'a', percent: 30 + 10 * a },
        { port: 'b', percent: 70 - 10 * a },
      ])
    case 'waitRule':
      return waitRule(id, { rule: flag(a), maxWaitMs: 1000 * (b + 1) }, {})
    case 'waitEvent':
      return waitEvent(id, { event: `event-${a}`, maxWaitMs: 1000 * (b + 1) }, {})
    case 'goesOn':
      return { ...act(id), onFailure: 'continue' }
    case 'branchesOff':
      return { ...act(id), onFailure: 'branch', out: { out: [], error: [] } }
    case 'asks':
      return asks(id, 1000 * (a + 1))
    case 'each':
      return each(id, { list: `contact.list${a}`, atOnce: b + 1, onItemFailure: a % 2 === 0 ? 'stop' : 'continue' }, {})
  }
}

/** The steps of a list: `first` leads to `second`, both or one of them an action, and a join where they meet. */
function bodyOf(id: string): PlanStep[] {
  const inside = (step: PlanStep): PlanStep => ({ ...step, within: id })
  return [
    inside(act(`${id}-first`, [`${id}-meet`])),
    inside(
      branch(`${id}-which`, [{ port: 'odd', if: { property: 'item', op: 'gt', value: 1 } }], {
        odd: [`${id}-second`],
        else: [`${id}-meet`],
      }),
    ),
    inside(act(`${id}-second`, [`${id}-meet`])),
    inside(join(`${id}-meet`, { wait: 'all', losers: [] })),
  ]
}

/**
 * The plan with a goal, which is reached once the contact has paid. Its ways lead to a step each, `r` and `m`, the one of
 * `reached` also to some of the plan's own.
 */
export function withGoal(plan: Plan, into: readonly number[]): Plan {
  const own = plan.steps.filter((step) => step.op !== 'trigger' && step.within === undefined)
  const also = [...new Set(into.map((n) => own[n % own.length]?.id ?? ''))].filter((id) => id !== '')
  const steps = [goal(['r', ...also], ['m']), ...plan.steps, act('r'), act('m')]
  return { ...planOf(steps), ...GOAL }
}

const PAID = { name: 'Paid', if: { property: 'contact.paid', op: 'eq' as const, value: true } }
const GOAL = { watches: true as const, enrollment: { reentry: { policy: 'every' as const }, exit: [], goal: PAID } }

/** Without a goal, with one that ends the run, and with one that it goes on from. */
export const goalsArbitrary = (plans: fc.Arbitrary<Plan>): fc.Arbitrary<Plan> =>
  fc
    .tuple(plans, fc.constantFrom('none', 'ends', 'ends', 'goesOn', 'goesOn'), fc.array(fc.nat(20), { maxLength: 3 }))
    .map(([plan, how, into]) => (how === 'none' ? plan : how === 'ends' ? { ...plan, ...GOAL } : withGoal(plan, into)))

/** Whether the goal holds by these facts. */
export const havingPaid = (facts: Facts, value: boolean): Facts =>
  facts.contact === null
    ? facts
    : { ...facts, contact: { ...facts.contact, properties: { ...facts.contact.properties, paid: value } } }

/** By trying every path: every way on from the step comes to the join. */
function losers(steps: PlanStep[], target: string): string[] {
  const leads = (id: string): boolean => {
    if (id === target) return true
    const next = Object.values(steps.find((step) => step.id === id)?.out ?? {}).flat()
    return next.length > 0 && next.every(leads)
  }
  return steps
    .filter((step) => step.op !== 'trigger' && step.within === undefined && step.id !== target && leads(step.id))
    .map((step) => step.id)
}

/** Facts that the branches and dates of random plans read. */
export const factsArbitrary: fc.Arbitrary<Facts> = fc
  .record({
    flags: fc.array(fc.boolean(), { minLength: 4, maxLength: 4 }),
    dates: fc.array(fc.option(fc.integer({ min: -5, max: 9 })), { minLength: 4, maxLength: 4 }),
    lists: fc.array(fc.array(fc.nat(3), { maxLength: 3 }), { minLength: 4, maxLength: 4 }),
  })
  .map(({ flags, dates, lists }) =>
    factsAt(T0, {
      contact: {
        ...Object.fromEntries(lists.map((list, i) => [`list${i}`, list])),
        ...Object.fromEntries(flags.map((flag, i) => [`flag${i}`, flag])),
        ...Object.fromEntries(dates.flatMap((s, i) => (s === null ? [] : [[`date${i}`, T0 / 1000 + s]]))),
      },
    }),
  )
