import { describe, expect, it } from 'vitest'
import type { PlaybookDocument } from '../../../engine/model/playbook.ts'
import { changesBetween } from './changes.ts'

const live: PlaybookDocument = {
  name: 'P',
  subject: 'contact',
  enrollment: { reentry: { policy: 'every' }, exit: [], goal: null },
  steps: [
    { id: 'start', type: 'trigger.manual@1', input: {}, at: [0, 0] },
    { id: 'tag', type: 'intercom.tagContact@1', label: 'Tag them', input: { tag: 'a', contact: 'b' }, at: [0, 140] },
  ],
  edges: [['start', 'tag']],
}

describe('what publishing would change', () => {
  it('is nothing for the same document, wherever its steps are drawn and however its keys are ordered', () => {
    const [start, tag] = live.steps
    if (start === undefined || tag === undefined) throw new Error('The document has two steps.')
    const moved = {
      ...live,
      steps: [
        { ...start, at: [5, 5] as [number, number] },
        { ...tag, input: { contact: 'b', tag: 'a' } },
      ],
    }
    expect(changesBetween(live, moved)).toEqual([])
  })

  it('names each step that is added, removed or changed once', () => {
    const [start] = live.steps
    if (start === undefined) throw new Error('The document has two steps.')
    const draft: PlaybookDocument = {
      ...live,
      steps: [
        { ...start, note: 'why' },
        { id: 'exit', type: 'flow.exit@1', input: {} },
      ],
      edges: [['start', 'exit']],
    }
    expect(changesBetween(live, draft)).toEqual([
      { kind: 'changed', what: 'Step “start”' },
      { kind: 'added', what: 'Step “exit”' },
      { kind: 'removed', what: 'Step “Tag them”' },
      { kind: 'changed', what: 'How steps are connected' },
    ])
  })

  it('counts who enters and the name as changes too', () => {
    const draft: PlaybookDocument = {
      ...live,
      name: 'Q',
      enrollment: { ...live.enrollment, reentry: { policy: 'once' } },
    }
    expect(changesBetween(live, draft)).toHaveLength(2)
  })

  it('is every step for a playbook that was never published', () => {
    expect(changesBetween(null, live)).toHaveLength(2)
  })
})
