import { describe, expect, it } from 'vitest'
import { list, planned, post, set, wait } from '../../test/helpers/flow-drawing.ts'
import type { Json } from '../../nodes/manifest.ts'
import { renderInput } from '../expression/render.ts'
import type { Plan } from '../model/plan.ts'
import type { Facts } from '../model/rule.ts'
import { simulate } from './simulate.ts'

describe('a dry run', () => {
  const DAY = 86_400_000
  const T0 = Date.parse('2026-03-02T09:00:00Z')
  const facts: Facts = {
    at: T0,
    contact: { id: 'c-1', externalId: null, properties: { seats: 4 } },
    account: null,
    segments: [],
    signals: [],
    events: {},
  }
  const run = (plan: Plan, properties: { [name: string]: Json } = {}) =>
    simulate(plan, {
      facts,
      trigger: { step: 'start', data: { name: 'Order Placed', properties } },
      answer: () => ({ output: {} }),
      render: renderInput,
      entered: null,
    })

  it('gives a wait for an event up when its time is over', () => {
    const { plan } = planned(
      [wait(), post('thanks', 'x'), post('sorry', 'y')],
      [
        ['start', 'wait'],
        ['wait.happened', 'thanks'],
        ['wait.timeout', 'sorry'],
      ],
    )
    const ran = run(plan)
    expect(ran.steps.map(({ step, status, port }) => [step, status, port])).toEqual([
      ['start', 'done', 'out'],
      ['wait', 'done', 'timeout'],
      ['thanks', 'skipped', null],
      ['sorry', 'done', 'out'],
    ])
    expect(ran.endedAt).toBe(T0 + 7 * 86_400_000)
  })

  it('works out variables, and what is sent for the items of a list', () => {
    const { plan } = planned(
      [
        set('double', 'seats', '{{ contact.seats * 2 }}'),
        list(),
        post('tell', '{{ item.sku }} for {{ vars.seats }}'),
        post('end', '{{ steps.orders.done }} done, {{ vars.seats }} seats'),
      ],
      [
        ['start', 'double'],
        ['double', 'orders'],
        ['orders.item', 'tell'],
        ['orders.out', 'end'],
      ],
    )
    const ran = run(plan, { orders: [{ sku: 'a' }, { sku: 'b' }] })
    expect(ran.status).toBe('completed')
    const of = (id: string) => ran.steps.find(({ step }) => step === id)
    expect(of('orders')).toMatchObject({ status: 'done', text: '2 of 2 items done' })
    expect(of('end')?.input).toMatchObject({ text: '2 done, 8 seats' })
    expect(of('double')).toMatchObject({ status: 'done', assumed: false, text: 'seats = 8' })
    expect(of('tell')).toMatchObject({ status: 'done', input: { text: 'b for 8' } })
  })

  it('waits for a rule that time alone makes true, and gives up one that stays false', () => {
    const drawn = (rule: Json) =>
      planned(
        [{ id: 'wait', type: 'flow.waitForRule', input: { rule, maxWait: 'P14D' } }, post('yes', 'x'), post('no', 'y')],
        [
          ['start', 'wait'],
          ['wait.met', 'yes'],
          ['wait.timeout', 'no'],
        ],
      ).plan
    const port = (rule: Json) => {
      const ran = run(drawn(rule))
      return [ran.steps.find(({ step }) => step === 'wait')?.port, ran.endedAt - T0]
    }
    expect(port({ property: 'contact.seats', op: 'eq', value: 4 })).toEqual(['met', 0])
    expect(port({ property: 'contact.seats', op: 'gt', value: 4 })).toEqual(['timeout', 14 * DAY])
    const later = new Date(T0 + 3 * DAY).toISOString()
    const due = { property: 'trigger.properties.due', op: 'before', value: 'now' }
    expect(run(drawn(due), { due: later }).steps.find(({ step }) => step === 'wait')).toMatchObject({
      port: 'met',
      endedAt: expect.closeTo(T0 + 3 * DAY, -2) as number,
    })
  })

  it('waits until it is open, over a date that is closed', () => {
    // T0 is a Monday, 10:00 in Berlin.
    const input = {
      mode: 'openHours',
      windows: [{ days: ['mon', 'tue', 'wed'], from: '14:00', to: '16:00' }],
      pauses: ['2026-03-02', '2026-03-03'],
      zone: 'Europe/Berlin',
    }
    const { plan } = planned(
      [{ id: 'open', type: 'flow.delay', input }, post('tell', 'x')],
      [
        ['start', 'open'],
        ['open', 'tell'],
      ],
    )
    expect(run(plan).endedAt).toBe(Date.parse('2026-03-04T14:00:00+01:00'))
  })
})
