import { Button, Text } from '@mantine/core'
import { useInfiniteQuery } from '@tanstack/react-query'
import { History } from 'lucide-react'
import { useState } from 'react'
import { Empty } from '../ui/empty.tsx'
import { List, pacedBy } from '../ui/list.tsx'
import { detailsApi } from './details-api.ts'
import type { CustomerKind } from './table-definition.ts'
import { TimelineEntry } from './timeline-entry.tsx'
import { daysOf, entriesOf, TIMELINE_FILTERS } from './timeline-model.ts'

const dayName = new Intl.DateTimeFormat('en', { weekday: 'long', month: 'long', day: 'numeric', year: 'numeric' })
const isoDay = new Intl.DateTimeFormat('en-CA', { year: 'numeric', month: '2-digit', day: '2-digit' })
/** The reader's own day. */
const dayOf = (at: string): string => isoDay.format(new Date(at))
const wordsOfDay = (day: string): string => {
  const today = dayOf(new Date().toISOString())
  return day === today ? 'Today' : dayName.format(new Date(`${day}T12:00:00`))
}

/** Everything about somebody in one list, the newest first. */
export function Timeline({ kind, id }: { kind: CustomerKind; id: string }) {
  const [shown, show] = useState('all')
  const types = TIMELINE_FILTERS.find(({ value }) => value === shown)?.types ?? null
  const timeline = useInfiniteQuery(
    detailsApi(kind).timeline.infiniteQueryOptions(
      { id, limit: 50, ...(types !== null && { types }) },
      { getNextPageParam: (page) => page.nextCursor, refetchInterval: pacedBy(8_000) },
    ),
  )
  const items = timeline.data?.pages.flatMap((page) => page.data) ?? []
  const unique = [...new Map(items.map((item) => [`${item.type} ${item.id}`, item])).values()]
  return (
    <>
      <div className="sb-filters" role="group" aria-label="What is shown">
        {TIMELINE_FILTERS.map(({ value, label }) => (
          <Button
            key={value}
            size="compact-sm"
            radius="xl"
            variant={value === shown ? 'light' : 'subtle'}
            {...(value !== shown && { color: 'gray' })}
            aria-pressed={value === shown}
            onClick={() => show(value)}
          >
            {label}
          </Button>
        ))}
      </div>
      <List
        query={timeline}
        count={items.length}
        more="Show earlier"
        empty={
          <Empty icon={History} title="Nothing yet">
            {types === null ? 'What they do and what is done stands here.' : 'Nothing of this kind has happened.'}
          </Empty>
        }
      >
        <div className="sb-timeline">
          {daysOf(entriesOf(unique), dayOf).map((day) =>
            day.kind === 'quiet' ? (
              <Text key={`quiet ${day.after}`} className="sb-quiet-days">
                {day.days} quiet days
              </Text>
            ) : (
              <section key={day.day} aria-label={wordsOfDay(day.day)}>
                <h3 className="sb-day">{wordsOfDay(day.day)}</h3>
                <ul>
                  {day.entries.map((entry) => (
                    <li key={`${entry.type} ${entry.id}`}>
                      <TimelineEntry entry={entry} kind={kind} />
                    </li>
                  ))}
                </ul>
              </section>
            ),
          )}
        </div>
      </List>
    </>
  )
}
