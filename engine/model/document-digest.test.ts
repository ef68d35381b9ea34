import { expect, it } from 'vitest'
import { documentDigest, fnv1a } from './document-digest.ts'
import type { PlaybookDocument } from './playbook.ts'

const document: PlaybookDocument = {
  name: 'Expansion',
  subject: 'contact',
  enrollment: { reentry: { policy: 'every' }, exit: [], goal: null },
  steps: [
    { id: 'start', type: 'trigger.event', input: { event: 'Paid' }, at: [0, 0] },
    { id: 'wait', type: 'flow.delay', input: { mode: 'for', for: 'PT1H' }, at: [0, 140] },
  ],
  edges: [['start', 'wait']],
}
const [start, wait] = document.steps as [PlaybookDocument['steps'][number], PlaybookDocument['steps'][number]]
const withWait = (more: Partial<typeof wait>) => ({ ...document, steps: [start, { ...wait, ...more }] })

it('is that of FNV-1a', () => {
  // @see the test vectors of the draft, appendix C
  expect([fnv1a(''), fnv1a('a'), fnv1a('foobar')]).toEqual(['cbf29ce484222325', 'af63dc4c8601ec8c', '85944171f73967e8'])
})

it('is the same for what a run does alike: drawn elsewhere, called otherwise, or given back with fields in another order', () => {
  const same = [
    { ...document, name: 'Growth', description: 'Who grows' },
    withWait({ at: [50, 200] }),
    withWait({ label: 'An hour', note: 'They asked for it' }),
    withWait({ input: { for: 'PT1H', mode: 'for' } }),
    Object.fromEntries(Object.entries(document).toReversed()) as unknown as PlaybookDocument,
  ]
  expect(same.map(documentDigest)).toEqual(same.map(() => documentDigest(document)))
})

it('is another once a run may do otherwise', () => {
  const others = [
    document,
    { ...document, subject: 'account' as const },
    { ...document, enrollment: { ...document.enrollment, reentry: { policy: 'once' as const } } },
    { ...document, edges: [] },
    withWait({ input: { mode: 'for', for: 'PT2H' } }),
    withWait({ onFailure: 'continue' }),
    withWait({ id: 'rest' }),
  ]
  expect(new Set(others.map(documentDigest)).size).toBe(others.length)
})
