import { TRPCClientError } from '@trpc/client'
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest'
import type { PlaybookDocument } from '../../../engine/model/playbook.ts'
import { Autosave, type SaveState } from './autosave.ts'
import { createEditorStore } from './store.ts'

const empty: PlaybookDocument = {
  name: '',
  subject: 'contact',
  enrollment: { reentry: { policy: 'every' }, exit: [], goal: null },
  steps: [],
  edges: [],
}
const rename = (name: string) => (document: PlaybookDocument) => ({ ...document, name })

/** An editor whose saves go to `answer`; remembers what was sent and said. */
function open(answer: (sent: number) => Promise<{ revision: number }>, there = { document: empty, revision: 7 }) {
  const store = createEditorStore(empty)
  const sent: Array<{ name: string; revision: number }> = []
  const states: SaveState['kind'][] = []
  const autosave = new Autosave(store, 7, {
    load: () => Promise.resolve(there),
    save: (document, revision) => {
      sent.push({ name: document.name, revision })
      return answer(sent.length)
    },
    onState: ({ kind }) => states.push(kind),
  })
  return { store, autosave, sent, states }
}

const refusal = (code: string) =>
  new TRPCClientError(code, { result: { error: { data: { problem: { code, detail: 'x', title: 'x' } } } } } as never)

describe('saving by itself', () => {
  beforeEach(() => void vi.useFakeTimers())
  afterEach(() => void vi.useRealTimers())

  it('saves once after a pause, each save standing on the last one’s revision', async () => {
    const { store, sent, states } = open((n) => Promise.resolve({ revision: 7 + n }))
    store.getState().change(rename('a'))
    store.getState().change(rename('ab'))
    await vi.advanceTimersByTimeAsync(600)
    store.getState().change(rename('abc'))
    await vi.advanceTimersByTimeAsync(600)
    expect(sent).toEqual([
      { name: 'ab', revision: 7 },
      { name: 'abc', revision: 8 },
    ])
    expect(states.at(-1)).toBe('saved')
  })

  it('sends what was typed while a save was under way, and never two saves at once', async () => {
    const waiting: Array<() => void> = []
    const { store, autosave, sent } = open(
      (n) => new Promise((resolve) => waiting.push(() => resolve({ revision: 7 + n }))),
    )
    store.getState().change(rename('a'))
    const done = autosave.flush()
    store.getState().change(rename('b'))
    await vi.advanceTimersByTimeAsync(5000)
    expect(sent).toHaveLength(1)
    waiting[0]?.()
    await vi.advanceTimersByTimeAsync(0)
    waiting[1]?.()
    expect(await done).toBe(true)
    expect(sent.at(-1)).toEqual({ name: 'b', revision: 8 })
    expect(autosave.dirty).toBe(false)
  })

  it('stops at a conflict until a person decides, then keeps mine on top of theirs', async () => {
    const { store, autosave, sent, states } = open((n) =>
      n === 1 ? Promise.reject(refusal('REVISION_STALE')) : Promise.resolve({ revision: 10 }),
    )
    store.getState().change(rename('mine'))
    expect(await autosave.flush()).toBe(false)
    store.getState().change(rename('mine!'))
    await vi.advanceTimersByTimeAsync(60_000)
    expect(sent).toHaveLength(1)
    expect(states.at(-1)).toBe('conflict')
    await autosave.settle({ document: rename('theirs')(empty), revision: 9 }, 'mine')
    expect(sent.at(-1)).toEqual({ name: 'mine!', revision: 9 })
    expect(states.at(-1)).toBe('saved')
  })

  it('takes theirs when asked to, without sending anything', async () => {
    const { store, autosave, sent } = open(() => Promise.reject(refusal('REVISION_STALE')))
    store.getState().change(rename('mine'))
    await autosave.flush()
    await autosave.settle({ document: rename('theirs')(empty), revision: 9 }, 'theirs')
    expect(store.getState().history.present.name).toBe('theirs')
    await vi.advanceTimersByTimeAsync(60_000)
    expect(sent).toHaveLength(1)
  })

  it('tries again by itself when the server could not be reached, and not when it refused', async () => {
    const lost = open((n) =>
      n === 1 ? Promise.reject(new TRPCClientError('fetch failed')) : Promise.resolve({ revision: 8 }),
    )
    lost.store.getState().change(rename('a'))
    await vi.advanceTimersByTimeAsync(10_000)
    expect(lost.states).toContain('failed')
    expect(lost.states.at(-1)).toBe('saved')
    const refused = open(() => Promise.reject(refusal('DOCUMENT_INVALID')))
    refused.store.getState().change(rename('a'))
    await vi.advanceTimersByTimeAsync(60_000)
    expect(refused.sent).toHaveLength(1)
  })

  it('says saved again when an edit is undone before it was sent', async () => {
    const { store, sent, states } = open((n) => Promise.resolve({ revision: 7 + n }))
    store.getState().change(rename('a'))
    await vi.advanceTimersByTimeAsync(600)
    store.getState().change(rename('b'))
    expect(states.at(-1)).toBe('dirty')
    store.getState().undo()
    expect(states.at(-1)).toBe('saved')
    await vi.advanceTimersByTimeAsync(60_000)
    expect(sent).toHaveLength(1)
  })

  it('sends the undone document when the edit was on its way already', async () => {
    const waiting: Array<() => void> = []
    const { store, autosave, sent, states } = open(
      (n) => new Promise((resolve) => waiting.push(() => resolve({ revision: 7 + n }))),
    )
    store.getState().change(rename('a'))
    const done = autosave.flush()
    store.getState().undo()
    waiting[0]?.()
    await vi.advanceTimersByTimeAsync(0)
    waiting[1]?.()
    expect(await done).toBe(true)
    expect(sent).toEqual([
      { name: 'a', revision: 7 },
      { name: '', revision: 8 },
    ])
    expect(states.at(-1)).toBe('saved')
  })

  it('takes its own save for no conflict when only the answer was lost', async () => {
    const { store, sent, states } = open(
      (n) => {
        if (n === 1) return Promise.reject(new TRPCClientError('fetch failed'))
        return n === 2 ? Promise.reject(refusal('REVISION_STALE')) : Promise.resolve({ revision: 9 })
      },
      { document: rename('a')(empty), revision: 8 },
    )
    store.getState().change(rename('a'))
    await vi.advanceTimersByTimeAsync(600)
    expect(states.at(-1)).toBe('failed')
    store.getState().change(rename('ab'))
    await vi.advanceTimersByTimeAsync(10_000)
    expect(sent.map(({ name, revision }) => [name, revision])).toEqual([
      ['a', 7],
      ['ab', 7],
      ['ab', 8],
    ])
    expect(states.at(-1)).toBe('saved')
    expect(states).not.toContain('conflict')
  })

  it('saves again after a lost answer even when the edit was undone meanwhile: the server may have taken it', async () => {
    const { store, sent, states } = open((n) =>
      n === 1 ? Promise.reject(new TRPCClientError('fetch failed')) : Promise.resolve({ revision: 8 }),
    )
    store.getState().change(rename('a'))
    await vi.advanceTimersByTimeAsync(600)
    store.getState().undo()
    await vi.advanceTimersByTimeAsync(10_000)
    expect(sent.map(({ name }) => name)).toEqual(['a', ''])
    expect(states.at(-1)).toBe('saved')
  })
})
