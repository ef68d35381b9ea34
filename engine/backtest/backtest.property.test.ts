import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { ALL_KINDS, factsArbitrary, KINDS_WITH_PEOPLE, planArbitrary, T0 } from '../../test/helpers/random-plans.ts'
import { jsonValue, moments, NAMES, nows, type RuleOptions, rules, ZONES } from '../../test/helpers/random-rules.ts'
import { naiveBacktest, told } from '../../test/helpers/naive-backtest.ts'
import type { Fault } from '../../nodes/fault.ts'
import type { Plan, PlanStep } from '../model/plan.ts'
import type { Reentry } from '../model/playbook.ts'
import type { Instant, Rule } from '../model/rule.ts'
import { simulate } from '../run/simulate.ts'
import { backtest } from './backtest.ts'
import type { Stored } from './stored.ts'

const HOUR = 3_600_000
const DAY = 24 * HOUR
const fault: Fault = { code: 'NOT_FOUND', who: 'user', message: 'It is not there.', fix: 'Make it.' }
const fails = fc.array(fc.nat(13), { maxLength: 3 }).map((all) => new Set(all.map((n) => `s${n}`)))

/** The first trigger hears an event; a second one, where there is one, is for people. */
const hearing = (steps: PlanStep[], event: string): PlanStep[] =>
  steps.map((step) =>
    step.id === 't0' && step.op === 'trigger' ? { ...step, type: 'trigger.event@1', input: { event } } : step,
  )

describe('a backtest of one subject', () => {
  it('agrees with the simulator', () => {
    fc.assert(
      fc.property(planArbitrary(KINDS_WITH_PEOPLE), factsArbitrary, fails, (drawn, facts, failing) => {
        const plan: Plan = { ...drawn, steps: hearing(drawn.steps, 'Started') }
        const answer = (step: PlanStep) => (failing.has(step.id) ? { fault } : { output: { value: 1 } })
        const [contactId, accountId] = [facts.contact?.id ?? '', facts.account?.id ?? '']
        const externalIds = new Map([
          [contactId, facts.contact?.externalId ?? null],
          [accountId, facts.account?.externalId ?? null],
        ])
        const given = Object.entries(facts.contact?.properties ?? {}).map(
          ([property, value]): Stored => ({
            kind: 'change',
            subject: 'contact',
            subjectId: contactId,
            property,
            value,
            receivedAt: T0 - 1,
          }),
        )
        const event: Stored = {
          kind: 'event',
          id: 'm',
          contactId,
          accountId,
          name: 'Started',
          occurredAt: T0,
          receivedAt: T0,
          properties: {},
        }
        const render = <T>(input: T): T => input
        const found = backtest(
          { plan, from: T0, until: T0 + DAY, answer, render, externalIdOf: (id) => externalIds.get(id) ?? null },
          [...given, event],
        )
        const data = { name: 'Started', properties: {}, occurredAt: new Date(T0).toISOString(), messageId: 'm' }
        const dry = simulate(plan, { facts, trigger: { step: 't0', data }, answer, render, entered: null })
        expect(found.sample).toMatchObject([{ status: dry.status, reason: dry.reason, endedAt: dry.endedAt }])
        const outer = new Set(plan.steps.flatMap((step) => (step.within === undefined ? [step.id] : [])))
        const reached = (steps: Array<{ step: string; at: Instant | null; port: string | null }>) =>
          steps
            .flatMap(({ step, at, port }) => (at !== null && outer.has(step) ? [{ step, at, port }] : []))
            .toSorted(byStep)
        expect(reached(found.sample[0]?.path ?? [])).toEqual(reached(dry.steps))
        for (const step of dry.steps.filter((one) => outer.has(one.step))) {
          const tally = found.steps.find((one) => one.step === step.step)
          expect([step.step, tally?.reached, tally?.failed]).toEqual([
            step.step,
            step.at === null ? 0 : 1,
            step.status === 'failed' && step.at !== null ? 1 : 0,
          ])
        }
      }),
      { numRuns: 400 },
    )
  })
})

const byStep = (a: { step: string }, b: { step: string }): number => (a.step < b.step ? -1 : a.step > b.step ? 1 : 0)

const NAMED = { ...NAMES, properties: NAMES.properties.filter((name) => !name.includes('.')) }
const optionsAt = (now: Instant): RuleOptions => ({
  subject: 'contact',
  zones: ZONES,
  names: NAMED,
  now,
  kinds: ['property', 'changed', 'event', 'first', 'last', 'sequence', 'aggregate', 'trend', 'segment', 'signal'],
})

/** Every step's own time is told from all others', so that nothing ends at the same moment by chance. */
const uneven = (n: number): number => 2 ** n

/** Random rules in the place of the flags, and times that suit random histories. */
function withRules(
  drawn: Plan,
  given: { rules: Rule[]; sinceTrigger: boolean; exit: boolean; reentry: Reentry },
): Plan {
  const { rules: all } = given
  const ruleOf = (n: number): Rule => all[n % all.length] ?? { property: 'contact.plan', op: 'exists' }
  const steps = hearing(drawn.steps, NAMES.events[0] ?? '').map((step, n): PlanStep => {
    switch (step.op) {
      case 'branch':
        return step.within === undefined
          ? { ...step, cases: step.cases.map((one, i) => ({ ...one, if: ruleOf(n + i) })) }
          : step
      case 'waitRule':
        return { ...step, rule: ruleOf(n), maxWaitMs: (step.maxWaitMs ?? 0) * 20_000 + uneven(n % 20) }
      case 'waitEvent': {
        const since = given.sinceTrigger ? 'trigger' : 'entry'
        return {
          ...step,
          since,
          event: NAMES.events[n % 2] ?? '',
          maxWaitMs: (step.maxWaitMs ?? 0) * 20_000 + uneven(n % 20),
        }
      }
      case 'delay':
        return { ...step, delay: { mode: 'for', ms: (1 + (n % 5)) * 7 * HOUR + uneven(n % 20) } }
      default:
        return step
    }
  })
  const exit = given.exit ? [{ name: 'gone', if: ruleOf(0) }] : []
  return { ...drawn, steps, enrollment: { reentry: given.reentry, exit, goal: null }, watches: true }
}

function storedArbitrary(options: RuleOptions): fc.Arbitrary<Stored[]> {
  const who = fc.record({ contactId: fc.constantFrom('c-1', 'c-2', null), accountId: fc.constantFrom('a-1', null) })
  const values = fc.dictionary(fc.constantFrom('amount', 'plan', 'ends'), jsonValue(options), { noNullPrototype: true })
  const event = fc
    .tuple(who, fc.constantFrom(...NAMES.events.slice(0, 3)), fc.option(moments(options)), values)
    .map(([ids, name, at, properties]) => ({ kind: 'event' as const, ...ids, name, occurredAt: at, properties }))
  const change = fc
    .record({
      subjectId: fc.constantFrom('c-1', 'c-2', 'a-1'),
      property: fc.constantFrom(...NAMED.properties),
      value: jsonValue(options),
    })
    .map((one) => ({
      kind: 'change' as const,
      subject: one.subjectId === 'a-1' ? ('account' as const) : ('contact' as const),
      ...one,
    }))
  const edge = fc
    .record({
      slug: fc.constantFrom(...NAMES.slugs.contact),
      inside: fc.boolean(),
      segment: fc.boolean(),
      contactId: fc.constantFrom('c-1', 'c-2'),
    })
    .map(({ slug, inside, segment, contactId }) => ({
      kind: 'edge' as const,
      subject: 'contact' as const,
      contactId,
      accountId: null,
      slug,
      ...(segment
        ? { of: 'segment' as const, edge: inside ? ('entered' as const) : ('left' as const) }
        : { of: 'signal' as const, edge: inside ? ('set' as const) : ('cleared' as const) }),
    }))
  const one = fc.oneof(
    { weight: 6, arbitrary: event },
    { weight: 2, arbitrary: change },
    { weight: 1, arbitrary: edge },
  )
  return fc
    .array(fc.tuple(one, fc.constantFrom(0, 1, HOUR, 5 * HOUR, 26 * HOUR)), { maxLength: 30, size: 'max' })
    .map((all) => {
      let at = options.now - 2 * DAY
      return all.map(([what, later], i): Stored => {
        at += later
        return what.kind === 'event'
          ? { ...what, id: `m-${i}`, occurredAt: what.occurredAt ?? at, receivedAt: at }
          : { ...what, receivedAt: at }
      })
    })
}

describe('a backtest of many subjects', () => {
  it('comes to what looking at everything again at each event comes to', () => {
    const reentry = fc.constantFrom<Reentry>({ policy: 'every' }, { policy: 'once' }, { policy: 'once_per', days: 1 })
    const world = nows.chain((now) => {
      const options = optionsAt(now)
      return fc.record({
        now: fc.constant(now),
        // What an `any` join and an exit do hangs on the order at one moment, which the two draw differently.
        plan: planArbitrary(ALL_KINDS.filter((kind) => kind !== 'any' && kind !== 'exit')),
        given: fc.record({
          rules: fc.array(rules(options), { minLength: 3, maxLength: 3 }),
          sinceTrigger: fc.boolean(),
          exit: fc.boolean(),
          reentry,
        }),
        stored: storedArbitrary(options),
        failing: fails,
      })
    })
    let runs = 0
    fc.assert(
      fc.property(world, ({ now, plan: drawn, given, stored, failing }) => {
        const plan = withRules(drawn, given)
        const asked = {
          plan,
          from: now - DAY,
          until: now + 90 * DAY,
          answer: (step: PlanStep) => (failing.has(step.id) ? { fault } : { output: { value: 1 } }),
          externalIdOf: (id: string) => `x-${id}`,
          samples: 1000,
        }
        const found = backtest(asked, stored)
        const naive = naiveBacktest(asked, stored)
        expect(told(found.sample)).toEqual(told(naive.runs))
        expect(found.refused).toEqual(naive.refused)
        expect(Object.fromEntries(found.steps.map((step) => [step.step, step.written]))).toEqual(naive.written)
        runs += naive.runs.length
      }),
      { numRuns: 500 },
    )
    expect(runs, 'enough was compared').toBeGreaterThan(300)
  })
})
