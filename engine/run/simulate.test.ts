import { describe, expect, it } from 'vitest'
import { act, branch, delay, factsAt, join, planOf, trigger } from '../../test/helpers/plans.ts'
import { renderInput } from '../expression/render.ts'
import type { Plan, PlanStep } from '../model/plan.ts'
import { type Simulation, simulate } from './simulate.ts'

const T0 = 1_700_000_000_000
const DAY = 86_400_000
const filled = (id: string, next: string[], input: { [field: string]: string }): PlanStep => ({
  ...act(id, next),
  input,
})

// start → wait 3 d → find → won? ─ yes → tag
//                                └ else → mail
const plan: Plan = planOf([
  trigger('start', ['wait']),
  delay('wait', { mode: 'for', ms: 3 * DAY }, ['find']),
  { ...act('find', ['won']), keeps: true, input: { name: '{{ account.name }}' } },
  branch('won', [{ port: 'yes', if: { property: 'steps.find.stage', op: 'eq', value: 'won' } }], {
    yes: ['tag'],
    else: ['mail'],
  }),
  { ...filled('tag', [], { tag: 'won {{ steps.find.id }}' }), op: 'act', readsSteps: ['find'] } as PlanStep,
  filled('mail', [], { to: '{{ contact.email }}' }),
])

const world = (more: Partial<Simulation> = {}): Simulation => ({
  facts: factsAt(T0, { account: { name: 'Acme' } }),
  trigger: { step: 'start', data: {} },
  answer: () => ({ output: { id: '006', stage: 'won' } }),
  render: renderInput,
  entered: null,
  ...more,
})

describe('simulate', () => {
  it('jumps over waits, shows what each write would send, and marks what rests on made-up answers', () => {
    const dry = simulate(plan, world())
    expect(dry).toMatchObject({ status: 'completed', endedAt: T0 + 3 * DAY, enrollment: { ok: true } })
    expect(
      dry.steps.map(({ step, status, at, assumed }) => [step, status, at === null ? null : at - T0, assumed]),
    ).toEqual([
      ['start', 'done', 0, false],
      ['wait', 'done', 0, false],
      ['find', 'done', 3 * DAY, false],
      ['won', 'done', 3 * DAY, true],
      ['tag', 'done', 3 * DAY, true],
      ['mail', 'skipped', null, false],
    ])
    expect(dry.steps.map(({ input }) => input).filter(Boolean)).toEqual([{ name: 'Acme' }, { tag: 'won 006' }])
    expect(dry.steps.find(({ step }) => step === 'won')).toMatchObject({
      port: 'yes',
      why: [{ value: true, actual: 'won' }],
    })
  })

  it('shows a field that cannot be filled as the failure it would be', () => {
    const dry = simulate(plan, world({ answer: () => ({ output: { id: '006', stage: 'lost' } }) }))
    expect(dry.status).toBe('failed')
    expect(dry.steps.find(({ step }) => step === 'mail')).toMatchObject({
      status: 'failed',
      fault: { code: 'TEMPLATE_FAILED' },
      text: expect.stringMatching(/contact\.email is not there/),
      input: null,
    })
  })

  it('lets the steps behind an error branch read what went wrong', () => {
    const tell = { ...filled('tell', [], { text: '{{ steps.find.fault.code }}' }), readsSteps: ['find'] } as PlanStep
    const branching: Plan = planOf([
      trigger('start', ['find']),
      { ...act('find'), onFailure: 'branch', out: { out: [], error: ['tell'] } },
      tell,
    ])
    const gone = { code: 'NOT_FOUND', who: 'user', message: 'Not there.', fix: 'Make it.' } as const
    const dry = simulate(branching, world({ answer: ({ id }) => (id === 'find' ? { fault: gone } : { output: null }) }))
    expect(dry.status).toBe('completed')
    expect(dry.steps.at(-1)).toMatchObject({ status: 'done', input: { text: 'NOT_FOUND' } })
  })

  it('says that somebody may not enter, and shows the path all the same', () => {
    const once = { ...plan, enrollment: { ...plan.enrollment, reentry: { policy: 'once' as const } } }
    const dry = simulate(once, world({ entered: { last: T0 - DAY, open: false } }))
    expect(dry.enrollment).toMatchObject({ ok: false, reason: expect.stringMatching(/once/) })
    expect(dry.status).toBe('completed')
    expect(simulate(plan, world({ facts: { ...factsAt(T0), contact: null } })).enrollment).toMatchObject({ ok: false })
  })

  it('lets the first of a wait and an action win a join', () => {
    const race = planOf([
      trigger('start', ['wait', 'a']),
      delay('wait', { mode: 'for', ms: DAY }, ['first']),
      act('a', ['first']),
      join('first', { wait: 'any', losers: ['wait', 'a'] }, ['b']),
      act('b'),
    ])
    const dry = simulate(race, world())
    expect(dry).toMatchObject({ status: 'completed', endedAt: T0 })
    expect(dry.steps.find(({ step }) => step === 'wait')?.status).toBe('cancelled')
  })
})

// start → mail → note
it('waits for the end of quiet hours, and leaves out what a cap does not let go', () => {
  const two = planOf([
    trigger('start', ['mail']),
    filled('mail', ['note'], { to: 'a' }),
    filled('note', [], { to: 'b' }),
  ])
  const asked: Array<[string, number]> = []
  const dry = simulate(two, {
    ...world({}),
    reach: (_action, input, at) => {
      asked.push([String(input.to), at])
      if (input.to === 'b') return { kind: 'withheld', why: { code: 'FREQUENCY_CAP', message: 'One too many.' } }
      return at < T0 + DAY ? { kind: 'paced', at: T0 + DAY, why: 'Quiet hours.' } : null
    },
  })
  expect(asked).toEqual([
    ['a', T0],
    ['a', T0 + DAY],
    ['b', T0 + DAY],
  ]) // prettier-ignore
  expect(dry.steps.slice(1)).toMatchObject([
    { status: 'done', at: T0, endedAt: T0 + DAY, text: 'Quiet hours.' },
    { status: 'done', at: T0 + DAY, text: 'One too many.' },
  ])
  expect(dry).toMatchObject({ status: 'completed', effects: [{ step: 'mail' }] })
})
