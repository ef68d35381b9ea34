import type { TimelineItem, TimelineType } from '../../../api/customers/timeline-schemas.ts'

export type Change = Extract<TimelineItem, { type: 'change' }>
type Other = Exclude<TimelineItem, { type: 'change' }>

/** A line of the timeline: one thing, or all properties that one writing changed. */
export type Entry = Other | { type: 'changes'; id: string; at: string; changes: Change[] }

/** Entries of one day, or the days between two of which nothing is known. */
export type Day = { kind: 'day'; day: string; entries: Entry[] } | { kind: 'quiet'; days: number; after: string }

/** Changes that one writing made stand together, where they follow each other. */
export function entriesOf(items: readonly TimelineItem[]): Entry[] {
  const entries: Entry[] = []
  for (const item of items) {
    if (item.type !== 'change') {
      entries.push(item)
      continue
    }
    const last = entries.at(-1)
    const first = last?.type === 'changes' ? last.changes[0] : undefined
    if (last?.type === 'changes' && first?.at === item.at && sameSource(first, item)) last.changes.push(item)
    else entries.push({ type: 'changes', id: item.id, at: item.at, changes: [item] })
  }
  return entries
}

const sameSource = (a: Change, b: Change): boolean => JSON.stringify(a.source) === JSON.stringify(b.source)

/** So many days without anything are said in a word. */
const QUIET_DAYS = 2
const DAY_MS = 86_400_000

/** Entries by the day they stand on, newest first; idle days are squeezed. @param dayOf the day of a time, `2026-03-02` */
export function daysOf(entries: readonly Entry[], dayOf: (at: string) => string): Day[] {
  const days: Day[] = []
  for (const entry of entries) {
    const day = dayOf(entry.at)
    const last = days.at(-1)
    if (last?.kind === 'day' && last.day === day) {
      last.entries.push(entry)
      continue
    }
    const between = last?.kind === 'day' ? Math.round((Date.parse(last.day) - Date.parse(day)) / DAY_MS) - 1 : 0
    if (between >= QUIET_DAYS) days.push({ kind: 'quiet', days: between, after: day })
    days.push({ kind: 'day', day, entries: [entry] })
  }
  return days
}

/** What a timeline is filtered by, in people's words. */
export const TIMELINE_FILTERS: Array<{ value: string; label: string; types: TimelineType[] | null }> = [
  { value: 'all', label: 'Everything', types: null },
  { value: 'events', label: 'Events', types: ['event'] },
  { value: 'edges', label: 'Signals and scores', types: ['edge'] },
  { value: 'runs', label: 'Runs and writes', types: ['run', 'refusal', 'write'] },
  { value: 'changes', label: 'Changes', types: ['change', 'merge'] },
  { value: 'talk', label: 'Conversations, notes', types: ['conversation', 'note'] },
]
