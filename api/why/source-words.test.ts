import { expect, it } from 'vitest'
import { causeView, sourceView } from './source-words.ts'

it('says who wrote a value, also where the writer was deleted or is not known', () => {
  expect(sourceView({ kind: 'event', call: 'identify', seq: '7', messageId: 'm' }).words).toBe('by an identify call')
  expect(sourceView({ erased: true }).words).toBe('by somebody since deleted')
  expect(sourceView({}).words).toBe('source unknown: it was there before changes were noted')
})

it('says what made an edge, the undoing of a merge too', () => {
  expect(causeView({ kind: 'undo', merge: 'm-1' })).toEqual({
    kind: 'merge',
    words: 'when a merge of two contacts was taken back',
    mergeId: 'm-1',
  })
  expect(causeView({ erased: true }).words).toBe('by somebody since deleted')
  expect(causeView({}).words).toBe('cause unknown')
})
