import fc from 'fast-check'
import { expect, it } from 'vitest'
import { documentOf, planFrom } from '../../test/helpers/flow-drawing.ts'
import { compileContext } from '../../test/helpers/manifest.ts'
import { factsAt } from '../../test/helpers/plans.ts'
import type { DrawnPlaybook } from '../compile/context.ts'
import type { Plan } from '../model/plan.ts'
import { advance } from './advance.ts'

/** start --> offer, whose arms lead nowhere */
function planOf(playbook: DrawnPlaybook, key?: string): Plan {
  const arms = [
    { port: 'new', percent: 50 },
    { port: 'old', percent: 50 },
  ]
  const document = documentOf([
    [
      { id: 'start', type: 'trigger.manual' },
      { id: 'offer', type: 'flow.split', input: { arms, ...(key === undefined ? {} : { key }) } },
    ],
    [['start', 'offer']],
  ])
  return planFrom(document, { ...compileContext, playbook })
}

function armOf(plan: Plan, id: string): string | undefined {
  const facts = factsAt(0)
  const contact = { id, externalId: null, properties: {} }
  const start = { kind: 'start' as const, at: 0, trigger: { step: 'start', data: {} }, facts: { ...facts, contact } }
  return advance(plan, null, start).state.steps.offer?.port
}

const PEOPLE = Array.from({ length: 600 }, (_, n) => `contact-${n}`)
const alike = (a: Plan, b: Plan): number => PEOPLE.filter((id) => armOf(a, id) === armOf(b, id)).length / PEOPLE.length

it('splits of the same name in two playbooks draw apart: who is where in the one says nothing of the other', () => {
  fc.assert(
    fc.property(fc.uuid(), fc.uuid(), (one, other) => {
      fc.pre(one !== other)
      const share = alike(planOf({ id: one, plainSplits: [] }), planOf({ id: other, plainSplits: [] }))
      // Half, within five times its spread.
      expect(share).toBeGreaterThan(0.39)
      expect(share).toBeLessThan(0.61)
    }),
    { numRuns: 25 },
  )
})

it('a split that was published by its id alone keeps everybody’s arm, and one with a key goes by its key in any playbook', () => {
  const before = { id: 'a', plainSplits: ['offer'] }
  const key = (plan: Plan) => plan.steps.map((step) => (step.op === 'split' ? step.key : null))[1]
  expect(key(planOf(before))).toBe('offer')
  expect(key(planOf({ id: 'a', plainSplits: ['other'] }))).toBe('a/offer')
  expect(alike(planOf({ id: 'a', plainSplits: [] }, 'spring'), planOf({ id: 'b', plainSplits: [] }, 'spring'))).toBe(1)
})
