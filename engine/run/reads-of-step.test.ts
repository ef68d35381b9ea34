import { expect, it } from 'vitest'
import { list, planned, post, set } from '../../test/helpers/flow-drawing.ts'
import { restingOn } from './reads-of-step.ts'

// start → find → keep → orders ─ item → tell         find is made up
//                            └─ out  → many ─ yes → end
it('a step rests on what is made up also by way of a variable, a rule, and the items of a list', () => {
  const { plan } = planned(
    [
      { id: 'find', type: 'http.request', input: { method: 'POST', url: 'https://example.com/' } },
      set('keep', 'channel', '{{ steps.find.body.names }}'),
      set('fixed', 'plain', 'nothing made up'),
      list({ list: 'vars.channel' }),
      post('tell', '{{ item.name }}'),
      {
        id: 'many',
        type: 'flow.branch',
        input: { cases: [{ port: 'yes', if: { property: 'vars.channel', op: 'exists' } }] },
      },
      post('end', '{{ vars.plain }}'),
      post('late', '{{ vars.?channel.orValue("none") }}'),
    ],
    [
      ['start', 'find'],
      ['find', 'keep'],
      ['keep', 'fixed'],
      ['fixed', 'orders'],
      ['orders.item', 'tell'],
      ['orders.out', 'many'],
      ['many.yes', 'end'],
      ['many.else', 'late'],
    ],
  )
  const resting = restingOn(plan, (id) => id === 'find')
  expect(plan.steps.flatMap(({ id }) => (resting.has(id) ? [id] : []))).toEqual([
    'keep',
    'orders',
    'tell',
    'many',
    'late',
  ])
  expect(restingOn(plan, () => false).size).toBe(0)
})
