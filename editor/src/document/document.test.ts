import { describe, expect, it } from 'vitest'
import type { PlaybookDocument } from '../../../engine/model/playbook.ts'
import type { StepManifest } from '../../../nodes/manifest.ts'
import { copySteps, duplicateSteps, pasteSteps } from './clipboard.ts'
import {
  addAfter,
  addStep,
  connect,
  disconnect,
  dropLostPorts,
  insertOnEdge,
  removeSteps,
  renamePort,
  renameStep,
  setInput,
  setOnFailure,
  setRetry,
} from './edit.ts'
import { openPorts, upstream, whyNotConnect } from './graph.ts'
import { record, redo, startHistory, undo } from './history.ts'
import { layoutGraph } from './layout-graph.ts'
import { layoutInput } from './tidy.ts'

const words = {
  version: 1,
  help: '',
  group: 'Test',
  icon: 'zap',
  connector: null,
  output: {},
  sample: {},
  repeat: null,
}
const one: StepManifest['ports'] = { fixed: ['out'] }
const trigger: StepManifest = {
  ...words,
  type: 'trigger.manual',
  kind: 'trigger',
  label: 'By hand',
  fields: [],
  ports: one,
  subjects: ['contact'],
  summary: 'By hand',
} // prettier-ignore
const action: StepManifest = {
  ...words,
  type: 'intercom.tagContact',
  kind: 'action',
  label: 'Tag',
  fields: [],
  ports: one,
  subjects: null,
  summary: 'Tag {tag}',
} // prettier-ignore
const branch: StepManifest = {
  ...words,
  type: 'flow.branch',
  kind: 'condition',
  label: 'Branch',
  subjects: null,
  summary: 'Branch',
  fields: [{ name: 'cases', label: 'Cases', widget: 'cases', required: true, template: false, schema: {} }],
  ports: { each: { field: 'cases', key: 'port' }, plus: ['else'] },
} // prettier-ignore
const exit: StepManifest = { ...action, type: 'flow.exit', kind: 'flow', ports: { fixed: [] } }
const manifest = { steps: [trigger, action, branch, exit], connectors: [] }

// start --> big --over--> tag
//            `--else--> (open)
const playbook: PlaybookDocument = {
  name: 'P',
  subject: 'contact',
  enrollment: { reentry: { policy: 'every' }, exit: [], goal: null },
  steps: [
    { id: 'start', type: 'trigger.manual@1', input: {}, at: [0, 0] },
    { id: 'big', type: 'flow.branch@1', input: { cases: [{ port: 'over', if: { all: [] } }] }, at: [0, 140] },
    { id: 'tag', type: 'intercom.tagContact@1', input: { tag: 'x' }, at: [0, 280] },
  ],
  edges: [
    ['start', 'big'],
    ['big.over', 'tag'],
  ],
}

describe('editing a playbook', () => {
  it('gives a new step a free id that can be read in a template', () => {
    const first = addStep(playbook, { definition: action }, [0, 0])
    expect(first.id).toBe('tag_contact')
    expect(addStep(first.document, { definition: action }, [0, 0]).id).toBe('tag_contact_2')
  })

  it('splits an edge, keeps both halves and makes room below', () => {
    const { document, id } = insertOnEdge(playbook, 1, { definition: action })
    expect(document.edges).toEqual([
      ['start', 'big'],
      ['big.over', id],
      [id, 'tag'],
    ])
    expect(document.steps.find((step) => step.id === id)?.at).toEqual([0, 280])
    expect(document.steps.find((step) => step.id === 'tag')?.at).toEqual([0, 420])
  })

  it('ends the path where a step without ports is put on an edge', () => {
    const { document, id } = insertOnEdge(playbook, 0, { definition: exit })
    expect(document.edges).toEqual([
      ['start', id],
      ['big.over', 'tag'],
    ])
  })

  it('leads a branch put on an edge on through its first case', () => {
    const { document, id } = insertOnEdge(playbook, 0, { definition: branch })
    expect(document.edges.slice(0, 2)).toEqual([
      ['start', id],
      [`${id}.yes`, 'big'],
    ])
  })

  it('leads a list put on an edge on behind all its items, not for each of them', () => {
    const list: StepManifest = { ...branch, type: 'test.list', fields: [], ports: { fixed: ['item', 'out'] } }
    const { document, id } = insertOnEdge(playbook, 0, { definition: list })
    expect(document.edges.slice(0, 2)).toEqual([
      ['start', id],
      [id, 'big'],
    ])
  })

  it('has limits on repeats, or none', () => {
    const limited = setRetry(playbook, 'tag', { attempts: 3, within: 'PT1H' })
    expect(limited.steps.find(({ id }) => id === 'tag')?.retry).toEqual({ attempts: 3, within: 'PT1H' })
    expect(setRetry(limited, 'tag', undefined).steps.find(({ id }) => id === 'tag')).not.toHaveProperty('retry')
  })

  it('has an error port where a failure is a branch, and loses its edges with it', () => {
    const branching = setOnFailure(playbook, 'tag', 'branch')
    expect(openPorts(branching, manifest).filter(({ step }) => step === 'tag')).toEqual([
      { step: 'tag', port: 'out' },
      { step: 'tag', port: 'error' },
    ])
    const { document, id } = addAfter(branching, { step: 'tag', port: 'error' }, { definition: action })
    expect(document.edges.at(-1)).toEqual(['tag.error', id])
    const stopping = dropLostPorts(setOnFailure(document, 'tag', 'stop'), 'tag', manifest)
    expect(stopping.edges).toEqual(playbook.edges)
    expect(stopping.steps.find((step) => step.id === 'tag')).toEqual(playbook.steps.find((step) => step.id === 'tag'))
  })

  it('says which ports are open and adds a step there, beside what is already drawn', () => {
    expect(openPorts(playbook, manifest)).toEqual([
      { step: 'big', port: 'else' },
      { step: 'tag', port: 'out' },
    ])
    const { document, id } = addAfter(playbook, { step: 'big', port: 'else' }, { definition: action })
    expect(document.edges.at(-1)).toEqual(['big.else', id])
    expect(document.steps.at(-1)?.at).not.toEqual([0, 280])
  })

  it('refuses edges that would make a circle, a twin, or lead to a trigger, each with its reason', () => {
    expect(whyNotConnect(playbook, { step: 'tag', port: 'out' }, 'big')).toMatch(/circle/)
    expect(whyNotConnect(playbook, { step: 'tag', port: 'out' }, 'start')).toMatch(/trigger/)
    expect(whyNotConnect(playbook, { step: 'start', port: 'out' }, 'big')).toMatch(/already/)
    expect(connect(playbook, { step: 'tag', port: 'out' }, 'big')).toBe(playbook)
    expect(connect(playbook, { step: 'big', port: 'else' }, 'tag').edges).toHaveLength(3)
  })

  it('closes the gap when a step is taken out of a chain, and not when ways part there', () => {
    const chain = addAfter(playbook, { step: 'tag', port: 'out' }, { definition: action })
    expect(removeSteps(chain.document, ['tag']).edges).toEqual([
      ['start', 'big'],
      ['big.over', chain.id],
    ])
    const parted = addAfter(playbook, { step: 'big', port: 'else' }, { definition: action })
    expect(removeSteps(parted.document, ['big']).edges).toEqual([])
  })

  it('renames a step wherever it is named', () => {
    const reading = setInput(playbook, 'tag', {
      field: 'tag',
      value: '{{ steps.big.x + steps.bigger.y }} steps.big.z',
    })
    const renamed = renameStep(reading, 'big', 'size')
    expect(renamed.edges).toEqual([
      ['start', 'size'],
      ['size.over', 'tag'],
    ])
    expect(renamed.steps[2]?.input.tag).toBe('{{ steps.size.x + steps.bigger.y }} steps.big.z')
    expect(renamed.steps[0]).toBe(reading.steps[0])
    expect(() => renameStep(playbook, 'big', 'tag')).toThrow(/Another step/)
    expect(() => renameStep(playbook, 'big', 'a b')).toThrow(/letters/)
  })

  it('lets edges follow a renamed port and drops those of a port that is gone', () => {
    expect(renamePort(playbook, 'big', { from: 'over', to: 'rich' }).edges[1]).toEqual(['big.rich', 'tag'])
    const without = setInput(playbook, 'big', { field: 'cases', value: [] })
    expect(dropLostPorts(without, 'big', manifest).edges).toEqual([['start', 'big']])
  })

  it('lists what lies upstream, nearest first', () => {
    expect(upstream(playbook, 'tag')).toEqual(['big', 'start'])
  })

  it('keeps untouched steps as they are, so that only the changed one is compiled again', () => {
    const next = setInput(playbook, 'tag', { field: 'tag', value: 'y' })
    expect(next.steps[0]).toBe(playbook.steps[0])
    expect(next.steps[2]).not.toBe(playbook.steps[2])
    expect(disconnect(playbook, [0]).steps).toBe(playbook.steps)
  })
})

describe('the clipboard', () => {
  it('pastes copied steps under new ids, with their inner edges and references', () => {
    const source = setInput(playbook, 'tag', { field: 'tag', value: '{{ steps.big.x }}' })
    const pasted = pasteSteps(source, copySteps(source, new Set(['big', 'tag'])), [10, 20])
    expect(pasted?.ids).toEqual(['branch', 'tag_contact'])
    expect(pasted?.document.edges.at(-1)).toEqual(['branch.over', 'tag_contact'])
    expect(pasted?.document.steps.at(-1)).toMatchObject({ input: { tag: '{{ steps.branch.x }}' }, at: [10, 300] })
  })

  it('places what has no place below what it follows, beside the others, and on top of none', () => {
    const bare = (id: string) => ({ id, type: 'test.tag', input: {} })
    const paste = (steps: unknown[], edges: Array<[string, string]>, into: PlaybookDocument) => {
      const pasted = pasteSteps(into, JSON.stringify({ signalbox: 'steps', steps, edges }), [48, 48])
      return pasted?.document.steps.slice(into.steps.length).map(({ at }) => at)
    }
    const empty = { ...playbook, steps: [], edges: [] }
    const placed = { ...bare('a'), at: [0, 0] }
    const lone = { ...empty, steps: [{ ...bare('there'), at: [40, 40] as [number, number] }] }
    const [first, second] = [
      [48, 48],
      [48, 188],
    ]
    //  a --> b, a --> c
    const fork: Array<[string, string]> = [
      ['a', 'b'],
      ['a', 'c'],
    ]
    expect(paste([bare('c'), placed, bare('b')], fork, empty)).toEqual([second, first, [368, 188]])
    expect(
      paste(
        [bare('a'), bare('b')],
        [
          ['a', 'b'],
          ['b', 'a'],
          ['gone', 'b'],
        ],
        lone,
      ),
    ).toEqual([
      [368, 188],
      [368, 48],
    ]) // prettier-ignore
    // Nothing has a place: the layout finds them all.
    expect(paste([bare('a'), bare('b')], fork, empty)).toEqual([undefined, undefined])
  })

  it('keeps ids in another playbook where they are free', () => {
    const empty = { ...playbook, steps: [], edges: [] }
    expect(pasteSteps(empty, copySteps(playbook, new Set(['tag'])), [0, 0])?.ids).toEqual(['tag'])
  })

  it('takes other text for what it is', () => {
    expect(pasteSteps(playbook, 'hello', [0, 0])).toBeNull()
    expect(pasteSteps(playbook, '{"signalbox":"steps","steps":[{"id":1}],"edges":[]}', [0, 0])).toBeNull()
    expect(pasteSteps(playbook, '{"signalbox":', [0, 0])).toBeNull()
  })

  it('duplicates in one go', () => {
    expect(duplicateSteps(playbook, new Set(['tag'])).document.steps).toHaveLength(4)
  })
})

describe('undo', () => {
  it('takes back keystrokes of one field together, and other changes one by one', () => {
    let history = startHistory('')
    history = record(history, 'a', { group: 'name', now: 1000 })
    history = record(history, 'ab', { group: 'name', now: 1400 })
    history = record(history, 'ab!', { group: null, now: 1500 })
    expect(undo(history).present).toBe('ab')
    expect(undo(undo(history)).present).toBe('')
    expect(redo(redo(undo(undo(history)))).present).toBe('ab!')
  })

  it('begins a new step after a pause, after an undo and in another field', () => {
    let history = record(startHistory(''), 'a', { group: 'name', now: 0 })
    history = record(history, 'ab', { group: 'name', now: 1500 })
    expect(undo(history).present).toBe('a')
    const other = record(history, 'abc', { group: 'tag', now: 1501 })
    expect(undo(other).present).toBe('ab')
    expect(record(undo(other), 'x', { group: 'tag', now: 1502 }).past).toHaveLength(3)
  })

  it('does nothing at either end', () => {
    const history = startHistory('a')
    expect(undo(history)).toBe(history)
    expect(redo(history)).toBe(history)
    expect(record(history, 'a', { group: null, now: 0 })).toBe(history)
  })
})

describe('tidy', () => {
  it('puts steps in rows and branches side by side in the order of their ports', () => {
    const full = addAfter(playbook, { step: 'big', port: 'else' }, { definition: action })
    const crossed = { ...full.document, edges: full.document.edges.toReversed() }
    const places = layoutGraph(layoutInput(crossed, manifest))
    const [start, big, tag, other] = ['start', 'big', 'tag', full.id].map((id) => places.get(id) ?? [NaN, NaN])
    expect(start?.[1]).toBeLessThan(big?.[1] ?? NaN)
    expect(big?.[1]).toBeLessThan(tag?.[1] ?? NaN)
    expect(tag?.[1]).toBe(other?.[1])
    expect(tag?.[0]).toBeLessThan(other?.[0] ?? NaN)
  })
})
