import { describe, expect, it } from 'vitest'
import { compiled, planned, post, said, type Step } from '../../test/helpers/flow-drawing.ts'
import type { Enrollment } from '../model/playbook.ts'

const ask = (input: Step['input'] = {}): Step => ({
  id: 'ask',
  type: 'flow.approval',
  input: { title: 'Ship {{ trigger.name }}?', maxWait: 'P3D', ...input },
})
const form = (fields: unknown[]): Step => ({
  id: 'ask',
  type: 'flow.form',
  input: { title: 'How many?', maxWait: 'P3D', fields: fields as never },
})
const call = (input: Step['input'] = {}): Step => ({
  id: 'call',
  type: 'flow.callPlaybook',
  input: { playbook: 'offer', wait: 'yes', ...input },
})

describe('steps that ask somebody', () => {
  it('wait for one of their answers, for so long', () => {
    const { of } = planned(
      [ask(), post('tell', 'Please: {{ steps.ask.link }}'), post('go', 'By {{ steps.ask.by }}'), post('late', 'x')],
      [
        ['start', 'ask'],
        ['ask.asked', 'tell'],
        ['ask.approved', 'go'],
        ['ask.timeout', 'late'],
      ],
    )
    expect(of('ask')).toMatchObject({
      op: 'act',
      connection: null,
      keeps: true,
      answer: { ports: ['approved', 'rejected'], maxWaitMs: 3 * 86_400_000 },
      out: { asked: ['tell'], approved: ['go'], rejected: [], timeout: ['late'] },
    })
  })

  it.each<[Step, string]>([
    [ask({ maxWait: 'three days' }), 'steps.ask.input.maxWait'],
    [ask({ who: 'everyone' }), 'steps.ask.input.who'],
    [ask({ title: '' }), 'steps.ask.input.title'],
    [form([]), 'steps.ask.input.fields'],
    [form([{ name: 'a b', label: 'A', type: 'text' }]), 'steps.ask.input.fields.0.name'],
    [form([{ name: 'a', label: 'A', type: 'colour' }]), 'steps.ask.input.fields.0.type'],
  ])('are refused as %j', (step, path) => {
    const found = said(
      [step, post('go', 'x')],
      [
        ['start', 'ask'],
        [step.type === 'flow.form' ? 'ask.answered' : 'ask.approved', 'go'],
      ],
    )
    expect(found.filter(({ severity }) => severity === 'error').map((problem) => problem.path)).toEqual([path])
  })
})

describe('a call of another playbook', () => {
  it('waits for its end, or does not', () => {
    const edges: Array<[string, string]> = [
      ['start', 'call'],
      ['call.done', 'go'],
    ]
    const waiting = planned([call({ maxWait: 'P7D' }), post('go', '{{ steps.call.output.percent }}')], edges)
    expect(waiting.of('call')).toMatchObject({ answer: { ports: ['done', 'failed'], maxWaitMs: 7 * 86_400_000 } })
    const going = planned([call({ wait: 'no' }), post('go', '{{ steps.call.run }}')], edges)
    expect(going.of('call')).not.toHaveProperty('answer')
    expect(Object.keys(going.of('call')?.out ?? {})[0]).toBe('done')
  })

  it('reads what an exit leaves by paths, whose steps keep it', () => {
    const outputs = { seats: 'contact.seats', by: 'steps.ask.by' }
    const edges: Array<[string, string]> = [
      ['start', 'ask'],
      ['ask.approved', 'end'],
    ]
    const { plan, of } = planned([ask(), { id: 'end', type: 'flow.exit', input: { reason: 'Done', outputs } }], edges)
    expect(of('end')).toMatchObject({ outputs })
    expect(of('ask')).toMatchObject({ keeps: true })
    expect(plan.reads.properties).toContain('contact.seats')
    const wrong = { id: 'end', type: 'flow.exit', input: { reason: 'Done', outputs: { by: 'steps.nobody.by' } } }
    expect(said([ask(), wrong], edges)).toMatchObject([{ severity: 'error', path: 'steps.end.input.outputs.by' }])
  })
})

describe('a step for the goal', () => {
  const goal: Step = { id: 'goal', type: 'flow.goal' }
  const named: Partial<Enrollment> = {
    goal: { name: 'Has seats', if: { property: 'contact.seats', op: 'gt', value: 0 } },
  }
  const drawn: Array<[string, string]> = [
    ['start', 'nag'],
    ['goal.reached', 'thank'],
  ]
  const errors = (steps: Step[], edges: Array<[string, string]>, enrollment: Partial<Enrollment>) =>
    compiled([steps, edges], enrollment).problems.filter(({ severity }) => severity === 'error')

  it('is where a run goes on, and nothing leads to it', () => {
    const steps = [post('nag', 'x'), goal, post('thank', 'x')]
    expect(errors(steps, drawn, named)).toEqual([])
    expect(errors(steps, [...drawn, ['nag', 'goal']], named)).toMatchObject([{ code: 'EDGE_INVALID', step: 'goal' }])
  })

  it('wants a goal, and to be the only one', () => {
    const steps = [post('nag', 'x'), goal, post('thank', 'x')]
    expect(errors(steps, drawn, {})).toMatchObject([{ step: 'goal', message: expect.stringMatching(/has no goal/) }])
    const twice = [...steps, { id: 'other', type: 'flow.goal' }, post('also', 'x')]
    expect(errors(twice, [...drawn, ['other.missed', 'also']], named)).toMatchObject([{ step: 'other' }])
  })
})

it('a milestone has its name and its time from the start', () => {
  const step = { id: 'value', type: 'flow.milestone', input: { name: 'First value', within: 'P14D' } }
  const { of } = planned(
    [step, post('go', 'x')],
    [
      ['start', 'value'],
      ['value.late', 'go'],
    ],
  )
  expect(of('value')).toMatchObject({ op: 'milestone', name: 'First value', withinMs: 14 * 86_400_000, keeps: false })
})
