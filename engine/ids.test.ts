import { expect, it } from 'vitest'
import { blobHash, effectKey, planHash, runId, scheduleId, subjectHash } from './ids.ts'

it('gives the same run id for the same occurrence, and another for any part that differs', () => {
  expect(runId('w', 'p', 'message-1')).toBe(runId('w', 'p', 'message-1'))
  const others = [
    runId('w', 'p', 'message-1'),
    runId('w', 'p', 'message-2'),
    runId('w', 'q', 'message-1'),
    runId('v', 'p', 'message-1'),
  ]
  expect(new Set(others).size).toBe(4)
})

it('tells apart parts that run together to the same text', () => {
  expect(runId('a', 'bc', 'd')).not.toBe(runId('ab', 'c', 'd'))
  expect(subjectHash('w', 'contact', 'x')).not.toBe(subjectHash('wc', 'ontact', 'x'))
})

it('lets no e-mail or order number through', () => {
  for (const id of [
    runId('w', 'p', 'ada@acme.test'),
    subjectHash('w', 'contact', 'ada@acme.test'),
    scheduleId('w', 'ada@acme.test', 's'),
  ])
    expect(id).toMatch(/^(run|contact|schedule)_[0-9a-f]+$/)
})

it('keys an effect by run, step and visit, short enough for every vendor', () => {
  expect(effectKey('run_1', 'tag', 2)).toBe('run_1:tag:2')
  expect(effectKey(runId('w', 'p', 'o'), 's'.repeat(64), 999).length).toBeLessThanOrEqual(200)
})

it('binds a plan’s address to its workspace and a blob’s to its bytes', () => {
  expect(planHash('w', '{}')).not.toBe(planHash('v', '{}'))
  expect(blobHash(new Uint8Array([1, 2]))).toBe(blobHash(Uint8Array.of(1, 2)))
})
