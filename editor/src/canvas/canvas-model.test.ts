import { describe, expect, it } from 'vitest'
import type { PlaybookDocument } from '../../../engine/model/playbook.ts'
import { catalog } from '../../../nodes/catalog.ts'
import { toManifest } from '../../../nodes/to-manifest.ts'
import { setInput } from '../document/edit.ts'
import { createNodeMaker, makeEdges } from './flow-graph.ts'
import { portWords, summaryOf, templateWords } from './step-summary.ts'
import { nearest } from './use-canvas-keys.ts'
import { firstView } from './use-first-view.ts'

const manifest = toManifest(catalog)
const playbook: PlaybookDocument = {
  name: 'P',
  subject: 'contact',
  enrollment: { reentry: { policy: 'every' }, exit: [], goal: null },
  steps: [
    { id: 'start', type: 'trigger.event@1', input: { event: 'Trial Started' }, at: [0, 0] },
    { id: 'big', type: 'flow.branch@1', input: { cases: [{ port: 'over', if: { all: [] } }] }, at: [0, 140] },
    { id: 'tag', type: 'intercom.tagContact@1', input: { contact: '{{ contact.id }}', tag: 'vip' }, at: [-160, 280] },
    { id: 'old', type: 'gone.step@1', input: {}, at: [160, 280] },
  ],
  edges: [
    ['start', 'big'],
    ['big.over', 'tag'],
    ['big.else', 'old'],
  ],
}
const places = new Map(playbook.steps.map((step) => [step.id, step.at ?? ([0, 0] as [number, number])]))
const shown = {
  manifest,
  places,
  problems: new Map(),
  selection: new Set<string>(),
  marks: new Map(),
  timeZone: 'UTC',
}

describe('the canvas', () => {
  it('draws one step again when one step changed', () => {
    const make = createNodeMaker()
    const before = make({ ...shown, document: playbook })
    const after = make({ ...shown, document: setInput(playbook, 'tag', { field: 'tag', value: 'gold' }) })
    expect(after.map((node, index) => node === before[index])).toEqual([true, true, false, true])
  })

  it('says in words what a step shows, for those who do not see it', () => {
    const [start, , tag, old] = createNodeMaker()({ ...shown, document: playbook })
    expect(start?.ariaLabel).toBe('Event happens, When Trial Started happens')
    expect(tag?.data.summary).toMatch(/vip/)
    expect(old?.data.summary).toMatch(/Unknown step/)
  })

  it('knows which ports are open', () => {
    const nodes = createNodeMaker()({ ...shown, document: playbook })
    expect(nodes.map((node) => node.data.open)).toEqual([[], [], ['out'], []])
  })

  it('says at a port that it is the way of a failure', () => {
    const steps = playbook.steps.map((step) => (step.id === 'tag' ? { ...step, onFailure: 'branch' as const } : step))
    const tag = createNodeMaker()({ ...shown, document: { ...playbook, steps } })[2]?.data
    expect(tag?.ports).toEqual(['out', 'error'])
    expect(tag?.ports.map((port) => tag && portWords(tag.step, tag.definition, port))).toEqual(['out', 'if it fails'])
  })

  it('leaves out edges to steps that are not there', () => {
    const broken: PlaybookDocument = { ...playbook, edges: [...playbook.edges, ['tag', 'nowhere']] }
    expect(makeEdges(broken, { selected: new Set(), taken: null })).toHaveLength(3)
  })

  it('walks to the nearest step in the direction of the arrow', () => {
    expect(nearest(playbook, places, { id: 'start', way: [0, 1] })).toBe('big')
    expect(nearest(playbook, places, { id: 'tag', way: [1, 0] })).toBe('old')
    expect(nearest(playbook, places, { id: 'start', way: [0, -1] })).toBeNull()
  })

  it('opens small graphs whole and large ones readable, from their start', () => {
    const frame = { width: 1000, height: 800 }
    expect(firstView(places, playbook, frame).zoom).toBe(1)
    const steps = Array.from({ length: 200 }, (_, n) => ({
      id: `s${n}`,
      type: 'x',
      input: {},
      at: [n * 300, n * 140] as [number, number],
    }))
    const view = firstView(new Map(), { ...playbook, steps }, frame)
    expect(view.zoom).toBeGreaterThan(0.7)
    expect(view.y).toBe(40)
  })

  it('reads templates as people do', () => {
    expect(templateWords('Expansion: {{ account.name }}')).toBe('Expansion: account.name')
    const delay = manifest.steps.find(({ type }) => type === 'flow.delay')
    if (delay === undefined) throw new Error('The catalog has lost flow.delay.')
    expect(summaryOf({ id: 'w', type: 'flow.delay@1', input: { mode: 'for', for: 'P3D' } }, delay, 'UTC')).toBe(
      'Wait 3 days',
    )
  })
})
