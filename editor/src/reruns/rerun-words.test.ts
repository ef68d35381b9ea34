import { describe, expect, it } from 'vitest'
import type { RerunDetail } from '../api/types.ts'
import { filterWords, stagesOf } from './rerun-words.ts'

const runs = (...statuses: Array<RerunDetail['runs'][number]['status']>) =>
  statuses.map((status, place) => ({ id: `r${place}`, place, status }) as RerunDetail['runs'][number])
const stages = (...statuses: Array<RerunDetail['runs'][number]['status']>) =>
  stagesOf({ runs: runs(...statuses), stage: 0, status: 'running' }).map(({ runs: of, state }) => [of.length, state])

describe('the stages of a rerun', () => {
  it('are one run, ten, and the rest', () => {
    const waiting = Array.from({ length: 12 }, () => 'waiting' as const)
    expect(stages('begun', ...waiting)).toEqual([
      [1, 'under way'],
      [10, 'to come'],
      [2, 'to come'],
    ])
    expect(stages('passed', 'begun', 'waiting')).toEqual([
      [1, 'through'],
      [2, 'under way'],
    ])
    expect(stages('failed')).toEqual([[1, 'through']])
  })

  it('pass over a run that had gone on otherwise', () => {
    expect(stages('moved', 'passed', 'waiting')).toEqual([
      [2, 'through'],
      [1, 'to come'],
    ])
  })
})

it('says what was asked for in a line', () => {
  expect(filterWords({})).toBe('any playbook')
  const filter = { playbook: 'p', version: 2, code: 'NOT_FOUND', step: 'tag', from: '2026-01-02T23:04:05Z' }
  expect(filterWords(filter, 'UTC')).toBe('p v2, NOT_FOUND, step tag, failed since Jan 2, 2026, 23:04 UTC')
  expect(filterWords({ to: filter.from }, 'Europe/Berlin')).toBe('any playbook, failed before Jan 3, 2026, 00:04 GMT+1')
})
