import { describe, expect, it } from 'vitest'
import { act, asks, branch, factsAt, join, planOf, trigger } from '../../test/helpers/plans.ts'
import type { Plan } from '../model/plan.ts'
import type { Facts } from '../model/rule.ts'
import type { Advanced, OperatorCommand, RunInput, RunState, StepOutcome } from '../model/run.ts'
import { advance } from './advance.ts'
import { simulate } from './simulate.ts'

const T0 = 1_700_000_000_000
const HOUR = 3_600_000

function drive(plan: Plan) {
  let at = T0
  let state: RunState | null = null
  const feed = (input: RunInput): Advanced => {
    const next = advance(plan, state, input)
    state = JSON.parse(JSON.stringify(next.state)) as RunState
    return next
  }
  feed({ kind: 'start', at, trigger: { step: 'start', data: {} }, facts: factsAt(T0) })
  const operate = (command: OperatorCommand, facts: Facts | null = null) =>
    feed({ kind: 'operator', at: ++at, id: `op-${at}`, command, facts })
  return {
    get state(): RunState {
      if (state === null) throw new Error('not started')
      return state
    },
    operate,
    outcome: (step: string, outcome: StepOutcome) => feed({ kind: 'outcome', at: ++at, step, visit: 1, outcome }),
    done: (step: string, output: StepOutcome & { kind: 'done' } = { kind: 'done', output: { link: 'https://x/a' } }) =>
      feed({ kind: 'outcome', at: ++at, step, visit: 1, outcome: output }),
    due: (step: string, when: number) => {
      at = when
      return feed({ kind: 'due', at, step, visit: 1, facts: factsAt(when) })
    },
    answer: (port: string, { visit = 1, facts = null as Facts | null } = {}) =>
      operate({ kind: 'answer', step: 'ask', visit, port, output: { comment: 'Fine.' }, by: 'Ada' }, facts),
  }
}

const acts = ({ commands }: Advanced) => commands.flatMap((c) => (c.kind === 'act' ? [c.step] : []))
const text = ({ notes }: Advanced) => notes[0]?.text

//           asked ── tell
// start ── ask ─ yes ── go ── no ── stop ── timeout ── late
const plan = planOf([
  trigger('start', ['ask']),
  { ...asks('ask', HOUR, { asked: ['tell'], yes: ['go'], no: ['stop'], timeout: ['late'] }), keeps: true },
  { ...act('tell'), readsSteps: ['ask'] },
  { ...act('go'), readsSteps: ['ask'] },
  act('stop'),
  act('late'),
])

describe('a step that asks somebody', () => {
  it('has word of it brought at once, and waits for the answer until its deadline', () => {
    const run = drive(plan)
    const asked = run.done('ask')
    expect(acts(asked)).toEqual(['tell'])
    expect(asked.commands).toContainEqual({ kind: 'sleep', step: 'ask', visit: 1, until: T0 + 1 + HOUR })
    expect(run.state.steps.ask).toMatchObject({ status: 'waiting', output: { link: 'https://x/a' } })
    run.done('tell')
    expect(run.state.status).toBe('waiting')
  })

  it('is left by the port of the answer, with what it brought beside what the asking left', () => {
    const run = drive(plan)
    run.done('ask')
    const next = run.answer('yes')
    expect(acts(next)).toEqual(['go'])
    expect(next.commands).toContainEqual({ kind: 'cancelSleep', step: 'ask', visit: 1 })
    expect(run.state.steps.ask).toMatchObject({ port: 'yes', output: { link: 'https://x/a', comment: 'Fine.' } })
    expect(text(next)).toBe('Answered by Ada')
  })

  it('keeps an answer that comes before it is known that it has asked', () => {
    const run = drive(plan)
    const early = run.answer('no')
    expect(early.commands).toEqual([])
    expect(run.state.steps.ask?.status).toBe('acting')
    expect(text(run.answer('yes'))).toBe('It was answered before')
    const asked = run.done('ask')
    expect(acts(asked)).toEqual(['tell', 'stop'])
    expect(asked.commands.filter(({ kind }) => kind === 'sleep')).toEqual([])
    expect(run.state.answers).toEqual({})
  })

  it('keeps an early answer over a retry and a connection that is away', () => {
    const run = drive(plan)
    run.answer('yes')
    const fault = { code: 'VENDOR_BUSY', who: 'vendor', message: 'Busy.', fix: 'Wait.' } as const
    run.outcome('ask', { kind: 'retry', fault, at: T0 + 5000 })
    run.due('ask', T0 + 5000)
    expect(acts(run.done('ask'))).toEqual(['tell', 'go'])
  })

  it('is left by timeout when nobody answers, and never by anything else', () => {
    const run = drive(plan)
    run.done('ask')
    const late = run.due('ask', T0 + 2 * HOUR)
    expect(acts(late)).toEqual(['late'])
    expect(run.state.steps.ask).toMatchObject({ port: 'timeout', output: { link: 'https://x/a' } })
    expect(text(run.answer('yes'))).toBe('Nobody waits for this answer any more: done')
    expect(run.state.steps.go?.status).toBe('skipped')
  })

  it('takes one answer, one that it offers, and none to what was asked before', () => {
    const run = drive(plan)
    run.done('ask')
    expect(text(run.answer('maybe'))).toBe('It has no answer “maybe”: say one of yes, no')
    expect(text(run.answer('timeout'))).toMatch(/no answer “timeout”/)
    expect(text(run.answer('yes', { visit: 2 }))).toMatch(/answers what was asked before/)
    run.answer('no')
    expect(text(run.answer('yes'))).toBe('Nobody waits for this answer any more: done')
    expect(run.state.steps.ask?.port).toBe('no')
  })

  it('cannot be answered by telling what it brought, but left out by a port that is named', () => {
    const run = drive(plan)
    run.done('ask')
    expect(text(run.operate({ kind: 'override', step: 'ask', output: {} }))).toMatch(/^It waits for an answer/)
    expect(text(run.operate({ kind: 'skip', step: 'ask' }))).toBe('Say by which port: yes, no, timeout')
    expect(text(run.operate({ kind: 'skip', step: 'ask', port: 'asked' }))).toMatch(/no port “asked”/)
    expect(acts(run.operate({ kind: 'skip', step: 'ask', port: 'no' }))).toEqual(['stop'])
  })

  it('ends with the run, and its answer then finds nobody', () => {
    const run = drive(plan)
    run.done('ask')
    run.operate({ kind: 'cancel', reason: 'Enough.' })
    expect(text(run.answer('yes'))).toMatch(/^The run has ended/)
  })

  it('tells nobody where the asking failed', () => {
    const run = drive(plan)
    const fault = { code: 'NOT_FOUND', who: 'user', message: 'Nobody.', fix: 'Name somebody.' } as const
    run.outcome('ask', { kind: 'failed', fault })
    expect(run.state.steps.tell?.status).toBe('skipped')
    expect(run.state.status).toBe('failed')
    run.operate({ kind: 'retry', step: null })
    expect(acts(run.done('ask'))).toEqual(['tell'])
  })

  it('may be one of two paths of which the first wins', () => {
    const race = planOf([
      trigger('start', ['ask', 'other']),
      asks('ask', null, { yes: ['first'] }),
      act('other', ['first']),
      join('first', { wait: 'any', losers: ['ask', 'other'] }, ['after']),
      act('after'),
    ])
    const run = drive(race)
    run.done('ask')
    expect(acts(run.done('other'))).toEqual(['after'])
    expect(run.state.steps.ask?.status).toBe('cancelled')
    expect(text(run.answer('yes'))).toBe('Nobody waits for this answer any more: cancelled')
  })

  it('looks at fresh facts when it is answered, and ends where an exit rule holds', () => {
    const withExit: Plan = {
      ...planOf([
        trigger('start', ['ask']),
        asks('ask', HOUR, { yes: ['big'] }),
        branch('big', [{ port: 'yes', if: { property: 'contact.mrr', op: 'gt', value: 10 } }], {
          yes: ['go'],
          else: [],
        }),
        act('go'),
      ]),
      enrollment: {
        reentry: { policy: 'every' },
        exit: [{ name: 'Left', if: { property: 'contact.left', op: 'eq', value: true } }],
        goal: null,
      },
    }
    const grown = drive(withExit)
    grown.done('ask')
    expect(acts(grown.answer('yes', { facts: factsAt(T0, { contact: { mrr: 20 } }) }))).toEqual(['go'])
    const gone = drive(withExit)
    gone.done('ask')
    gone.answer('yes', { facts: factsAt(T0, { contact: { left: true } }) })
    expect(gone.state).toMatchObject({ status: 'exited', reason: 'Left' })
  })
})

describe('a dry run', () => {
  const dry = (port?: string) =>
    simulate(plan, {
      facts: factsAt(T0),
      trigger: { step: 'start', data: {} },
      answer: (step) => ({ output: {}, ...(step.id === 'ask' && port !== undefined ? { port } : {}) }),
      render: (input) => input,
      entered: null,
    })
  const portOf = (run: ReturnType<typeof dry>) => run.steps.find(({ step }) => step === 'ask')?.port

  it('answers by the first port, or by the one that is pinned', () => {
    expect(portOf(dry())).toBe('yes')
    expect(portOf(dry('no'))).toBe('no')
    const late = dry('timeout')
    expect(portOf(late)).toBe('timeout')
    expect(late.endedAt).toBe(T0 + HOUR)
  })
})
