import { describe, expect, it } from 'vitest'
import type { TimelineItem } from '../../../api/customers/timeline-schemas.ts'
import { daysOf, entriesOf } from './timeline-model.ts'

const change = (property: string, at: string, messageId: string): TimelineItem => ({
  type: 'change',
  id: property,
  at,
  property,
  before: null,
  value: 1,
  occurredAt: at,
  source: { kind: 'event', messageId },
})
const note = (at: string): TimelineItem => ({ type: 'note', id: at, at, body: 'x', author: 'a', updatedAt: at })
const utcDay = (at: string): string => at.slice(0, 10)

describe('a timeline', () => {
  it('puts the changes of one writing together, and not those of two', () => {
    const entries = entriesOf([
      change('plan', '2026-03-02T10:00:00.000Z', 'm2'),
      change('seats', '2026-03-02T10:00:00.000Z', 'm2'),
      change('plan', '2026-03-02T10:00:00.000Z', 'm1'),
      note('2026-03-02T09:00:00.000Z'),
      change('plan', '2026-03-02T09:00:00.000Z', 'm0'),
    ])
    expect(entries.map((entry) => (entry.type === 'changes' ? entry.changes.length : entry.type))).toEqual([
      2,
      1,
      'note',
      1,
    ])
  })

  //  10 March: one      9, 8, …, 4 March: nothing      3 March: two      2 March: one
  it('stands by days, and squeezes the days of which nothing is known', () => {
    const at = ['2026-03-10T08:00:00Z', '2026-03-03T12:00:00Z', '2026-03-03T08:00:00Z', '2026-03-02T08:00:00Z']
    expect(daysOf(entriesOf(at.map(note)), utcDay)).toMatchObject([
      { kind: 'day', day: '2026-03-10' },
      { kind: 'quiet', days: 6 },
      { kind: 'day', day: '2026-03-03', entries: [{}, {}] },
      { kind: 'day', day: '2026-03-02' },
    ])
  })
})
