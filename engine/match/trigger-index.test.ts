import { describe, expect, it } from 'vitest'
import { planOf } from '../../test/helpers/plans.ts'
import type { Json } from '../../nodes/manifest.ts'
import type { Plan } from '../model/plan.ts'
import { buildTriggerIndex, type Occurrence } from './trigger-index.ts'

const T0 = 1_700_000_000_000
const on = (type: string, input: { [field: string]: Json }): Plan =>
  planOf([{ id: 'start', type: `${type}@1`, label: type, in: [], out: { out: [] }, op: 'trigger', input }])
const added = (seats: number): Occurrence => ({
  kind: 'event',
  event: 'Seat Added',
  data: { name: 'Seat Added', properties: { seats } },
})

describe('the trigger index', () => {
  const index = buildTriggerIndex([
    { key: 'every', plan: on('trigger.event', { event: 'Seat Added' }) },
    {
      key: 'many',
      plan: on('trigger.event', {
        event: 'Seat Added',
        where: { property: 'trigger.properties.seats', op: 'gte', value: 10 },
      }),
    },
    { key: 'other', plan: on('trigger.event', { event: 'Seat Removed' }) },
    { key: 'set', plan: on('trigger.signal', { signal: 'ready', edge: 'set' }) },
    { key: 'cleared', plan: on('trigger.signal', { signal: 'ready', edge: 'cleared' }) },
    { key: 'entered', plan: on('trigger.segment', { segment: 'trial', edge: 'entered' }) },
    { key: 'manual', plan: on('trigger.manual', {}) },
  ])

  it('finds the triggers of an event whose rule holds, and says why others did not start', () => {
    expect(index.match(added(12), T0).starts.map(({ key }) => key)).toEqual(['every', 'many'])
    const { starts, refused } = index.match(added(3), T0)
    expect(starts).toEqual([{ key: 'every', step: 'start', subject: 'contact', why: null }])
    expect(refused).toMatchObject([{ key: 'many', why: { value: false, actual: 3 } }])
  })

  it('tells the edges of signals and segments apart', () => {
    const edge = (edge: 'set' | 'cleared') =>
      index.match({ kind: 'signal', signal: 'ready', edge, data: {} }, T0).starts
    expect(edge('set').map(({ key }) => key)).toEqual(['set'])
    expect(edge('cleared').map(({ key }) => key)).toEqual(['cleared'])
    const left: Occurrence = { kind: 'segment', segment: 'trial', edge: 'left', data: {} }
    expect(index.match(left, T0)).toEqual({ starts: [], refused: [] })
    expect(index.match({ ...left, edge: 'entered' }, T0).starts.map(({ key }) => key)).toEqual(['entered'])
  })

  it('is not confused by names that every object has', () => {
    expect(index.match({ kind: 'event', event: 'constructor', data: {} }, T0)).toEqual({ starts: [], refused: [] })
  })

  it('looks only at listeners of the event, however many playbooks there are', () => {
    let looked = 0
    const watched = (event: string): Plan => {
      const plan = on('trigger.event', { event, where: { property: 'trigger.name', op: 'exists' } })
      const [step] = plan.steps
      if (step) Object.defineProperty(step, 'id', { get: () => ((looked += 1), 'start'), enumerable: true })
      return plan
    }
    const large = buildTriggerIndex(Array.from({ length: 1000 }, (_, i) => ({ key: i, plan: watched(`event ${i}`) })))
    looked = 0
    expect(large.match({ kind: 'event', event: 'event 7', data: { name: 'x' } }, T0).starts).toHaveLength(1)
    expect(looked).toBe(0)
  })
})
