import { expect, it } from 'vitest'
import { planned, post } from '../../test/helpers/flow-drawing.ts'
import { factsAt } from '../../test/helpers/plans.ts'
import type { Plan } from '../model/plan.ts'
import type { Advanced, RunInput, RunState } from '../model/run.ts'
import { advance } from './advance.ts'

const T0 = Date.parse('2026-03-02T10:00:00Z')
const DAY = 86_400_000

//          asked ── tell ── waits ─ timeout ── again       as docs/asking-people.md draws it
// start ── ask ── approved ── go
const { plan } = planned(
  [
    { id: 'ask', type: 'flow.approval', input: { title: 'Ship it?', maxWait: 'P3D' } },
    post('tell', 'Please: {{ steps.ask.link }}'),
    {
      id: 'waits',
      type: 'flow.waitForRule',
      input: { rule: { property: 'steps.ask.by', op: 'exists' }, maxWait: 'P1D' },
    },
    post('again', 'Still waiting for you: {{ steps.ask.link }}'),
    post('go', 'By {{ steps.ask.by }}'),
  ],
  [
    ['start', 'ask'],
    ['ask.asked', 'tell'],
    ['tell', 'waits'],
    ['waits.timeout', 'again'],
    ['ask.approved', 'go'],
  ],
)

function asked(of: Plan) {
  let state: RunState | null = null
  const feed = (input: RunInput): Advanced => {
    const next = advance(of, state, input)
    state = next.state
    return next
  }
  const done = (step: string, output: object) =>
    feed({ kind: 'outcome', at: T0, step, visit: 1, outcome: { kind: 'done', output: output as never } })
  feed({ kind: 'start', at: T0, trigger: { step: 'start', data: {} }, facts: factsAt(T0) })
  done('ask', { link: 'https://x.example/asks/a' })
  done('tell', {})
  return { feed, state: () => state }
}

const acts = ({ commands }: Advanced) => commands.flatMap((command) => (command.kind === 'act' ? [command.step] : []))

it('reminds whoever is asked by a wait for the answer beside the question', () => {
  const { feed } = asked(plan)
  const late = feed({ kind: 'due', at: T0 + DAY, step: 'waits', visit: 1, facts: factsAt(T0 + DAY) })
  expect(acts(late)).toEqual(['again'])
})

it('reminds nobody of what was answered', () => {
  const { feed, state } = asked(plan)
  const output = { comment: null, by: 'ada@example.com', at: '2026-03-02T12:00:00.000Z' }
  const command = { kind: 'answer', step: 'ask', visit: 1, port: 'approved', output, by: 'ada@example.com' } as const
  const next = feed({ kind: 'operator', at: T0 + 1, id: 'answer', command, facts: factsAt(T0 + 1) })
  expect(acts(next)).toEqual(['go'])
  expect(acts(feed({ kind: 'due', at: T0 + DAY, step: 'waits', visit: 1, facts: factsAt(T0 + DAY) }))).toEqual([])
  expect(state()?.steps.waits).toMatchObject({ status: 'done', port: 'met' })
  expect(state()?.steps.again).toMatchObject({ status: 'skipped' })
})
