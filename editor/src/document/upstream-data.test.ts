import { describe, expect, it } from 'vitest'
import type { PlaybookDocument } from '../../../engine/model/playbook.ts'
import { catalog } from '../../../nodes/catalog.ts'
import { toManifest } from '../../../nodes/to-manifest.ts'
import { expressionOf, sampleScope, typeOfValue, upstreamData } from './upstream-data.ts'

const manifest = toManifest(catalog)
const known = {
  manifest,
  properties: [
    { path: 'contact.seats', type: 'number', sample: 12 },
    { path: 'account.plan name', type: 'string', sample: 'team' },
  ],
}
// happened --> tag --> opp        byHand (alone)
const playbook: PlaybookDocument = {
  name: 'P',
  subject: 'contact',
  enrollment: { reentry: { policy: 'every' }, exit: [], goal: null },
  steps: [
    { id: 'happened', type: 'trigger.event@1', input: { event: 'X' } },
    { id: 'byHand', type: 'trigger.manual@1', input: {} },
    { id: 'tag', type: 'intercom.tagContact@1', input: {} },
    { id: 'opp', type: 'salesforce.createOpportunity@1', input: {} },
  ],
  edges: [
    ['happened', 'tag'],
    ['tag', 'opp'],
  ],
}
const paths = (document: PlaybookDocument, step: string | null) =>
  upstreamData(document, step, known).flatMap(({ data }) => data.map(({ path }) => path))

describe('what a step may read', () => {
  it('has the subject everywhere, and outputs only of what lies before', () => {
    expect(paths(playbook, null)).toEqual(['contact.id', 'contact.seats', 'account.id', 'account.plan name'])
    expect(paths(playbook, 'opp').some((path) => path.startsWith('steps.tag.'))).toBe(true)
    expect(paths(playbook, 'tag').some((path) => path.startsWith('steps.'))).toBe(false)
    expect(paths(playbook, 'tag')).toContain('trigger.properties')
  })

  it('offers of several triggers only what all of them bring', () => {
    const both: PlaybookDocument = { ...playbook, edges: [...playbook.edges, ['byHand', 'tag']] }
    expect(paths(both, 'tag')).not.toContain('trigger.properties')
  })

  it('offers the fault behind an error branch, the output behind the other way, and both where they meet or a run goes on', () => {
    const dealt = (onFailure: 'continue' | 'branch', edges: Array<[string, string]>): string[] => {
      const steps = playbook.steps.map((step) => (step.id === 'tag' ? { ...step, onFailure } : step))
      const read = paths({ ...playbook, steps, edges: [['happened', 'tag'], ...edges] }, 'opp')
      const fault = read.filter((path) => path.startsWith('steps.tag.fault.'))
      const output = read.filter((path) => path.startsWith('steps.tag.') && !path.startsWith('steps.tag.fault'))
      return [...fault, ...(output.length > 0 ? ['output'] : [])]
    }
    const fault = ['code', 'message', 'fix'].map((name) => `steps.tag.fault.${name}`)
    expect(dealt('branch', [['tag', 'opp']])).toEqual(['output'])
    expect(dealt('branch', [['tag.error', 'opp']])).toEqual(fault)
    expect(
      dealt('branch', [
        ['tag', 'opp'],
        ['tag.error', 'opp'],
      ]),
    ).toEqual([...fault, 'output']) // prettier-ignore
    expect(dealt('continue', [['tag', 'opp']])).toEqual([...fault, 'output'])
  })

  it('infers the item from the list: of a variable, and of a list within the items', () => {
    const orders = [{ sku: 'A-1', lines: [{ price: 12.5 }] }]
    const each = (id: string, list: string) => ({ id, type: 'flow.forEach@1', input: { list } })
    //  happened --> keep --> orders --item--> lines --item--> tag
    const nested: PlaybookDocument = {
      ...playbook,
      steps: [
        ...playbook.steps,
        { id: 'keep', type: 'flow.setVariable@1', input: { name: 'orders', value: orders } },
        each('orders', 'vars.orders'),
        each('lines', 'item.lines'),
      ],
      edges: [
        ['happened', 'keep'],
        ['keep', 'orders'],
        ['orders.item', 'lines'],
        ['lines.item', 'tag'],
      ],
    }
    const items = (step: string) =>
      upstreamData(nested, step, known)
        .find(({ title }) => title === 'The item')
        ?.data.map(({ path, type }) => [path, type])
    expect(items('orders')).toBeUndefined()
    expect(items('lines')).toEqual([
      ['item', 'object'],
      ['item.sku', 'text'],
      ['item.lines', 'list'],
    ])
    expect(items('tag')).toEqual([
      ['item', 'object'],
      ['item.price', 'number'],
    ])
  })

  it('writes keys that are no names in brackets', () => {
    expect(expressionOf(['account', 'plan name'])).toBe('account["plan name"]')
    expect(expressionOf(['steps', 'a_1', 'id'])).toBe('steps.a_1.id')
  })

  it('puts samples into a scope that a template can be filled from', () => {
    const scope = sampleScope(upstreamData(playbook, 'opp', known))
    expect(scope.contact).toMatchObject({ seats: 12 })
    expect(scope.account).toMatchObject({ 'plan name': 'team' })
    expect(scope.steps.tag).toEqual(manifest.steps.find(({ type }) => type === 'intercom.tagContact')?.sample)
  })

  it('tells a date from a text', () => {
    expect(typeOfValue('2027-01-15')).toBe('date')
    expect(typeOfValue('2027-01-15T10:00:00Z')).toBe('date')
    expect(typeOfValue('2027-01')).toBe('text')
    expect(typeOfValue(null)).toBe('unknown')
  })
})
