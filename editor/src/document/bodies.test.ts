import { describe, expect, it } from 'vitest'
import type { PlaybookDocument } from '../../../engine/model/playbook.ts'
import { catalog } from '../../../nodes/catalog.ts'
import { toManifest } from '../../../nodes/to-manifest.ts'
import { framesOf } from '../canvas/body-frames.tsx'
import { bodiesIn, listAround } from './bodies.ts'
import { sampleScope, upstreamData } from './upstream-data.ts'

const manifest = toManifest(catalog)
const eventProperties = [{ event: 'Order Shipped', path: 'carrier', type: 'string', sample: 'dhl' }]
const known = {
  manifest,
  properties: [{ path: 'contact.orders', type: 'list', sample: [{ sku: 'a' }] }],
  eventProperties,
}

// start --> orders ─ item → lines ─ item → tag        wait ─ happened → thanks
//              └──── out  → wait                        └── timeout → late
const playbook: PlaybookDocument = {
  name: 'P',
  subject: 'contact',
  enrollment: { reentry: { policy: 'every' }, exit: [], goal: null },
  steps: [
    { id: 'start', type: 'trigger.manual@1', input: {}, at: [0, 0] },
    { id: 'double', type: 'flow.setVariable@1', input: { name: 'first', value: '{{ contact.orders[0].sku + "!" }}' } },
    { id: 'orders', type: 'flow.forEach@1', input: { list: 'contact.orders' }, at: [0, 140] },
    { id: 'lines', type: 'flow.forEach@1', input: { list: 'item.lines' }, at: [-300, 280] },
    { id: 'tag', type: 'intercom.tagContact@1', input: {}, at: [-300, 420] },
    { id: 'wait', type: 'flow.waitForEvent@1', input: { event: 'Order Shipped', maxWait: 'P7D' }, at: [300, 280] },
    { id: 'thanks', type: 'intercom.tagContact@1', input: {}, at: [300, 420] },
    { id: 'late', type: 'intercom.tagContact@1', input: {}, at: [600, 420] },
  ],
  edges: [
    ['start', 'double'],
    ['double', 'orders'],
    ['orders.item', 'lines'],
    ['lines.item', 'tag'],
    ['orders', 'wait'],
    ['wait.happened', 'thanks'],
    ['wait.timeout', 'late'],
  ],
}
const paths = (step: string) => upstreamData(playbook, step, known).flatMap(({ data }) => data.map(({ path }) => path))

describe('steps for the items of a list', () => {
  it('are what its port “item” leads to, lists within it too', () => {
    expect(bodiesIn(playbook, manifest)).toEqual([
      { list: 'orders', steps: ['lines', 'tag'] },
      { list: 'lines', steps: ['tag'] },
    ])
    expect(['tag', 'lines', 'wait'].map((id) => listAround(playbook, id, manifest))).toEqual(['lines', 'orders', null])
  })

  it('stand in a frame that holds all of them', () => {
    const [outer, inner] = framesOf(playbook, manifest, new Map())
    expect(outer).toMatchObject({ list: 'orders', label: 'Each of contact.orders' })
    if (!outer || !inner) throw new Error('There are two lists.')
    expect([outer.y < inner.y, outer.x < inner.x, outer.y + outer.height > inner.y + inner.height]).toEqual([
      true,
      true,
      true,
    ])
  })

  it('may read the item, as the list’s sample has it, and others may not', () => {
    expect(paths('lines').filter((path) => path.startsWith('item'))).toEqual(['item', 'item.sku'])
    expect(paths('wait').filter((path) => path.startsWith('item'))).toEqual([])
  })
})

it('variables are offered behind the step that sets them, filled with samples', () => {
  expect(paths('orders')).toContain('vars.first')
  expect(paths('double')).not.toContain('vars.first')
  expect(sampleScope(upstreamData(playbook, 'orders', known)).vars).toEqual({ first: 'a!' })
})

it('what an event brought that was waited for is offered where it happened, as it came lately', () => {
  expect(paths('thanks').filter((path) => path.startsWith('steps.wait.'))).toEqual(['steps.wait.carrier'])
  expect(paths('late').filter((path) => path.startsWith('steps.wait.'))).toEqual([])
})
