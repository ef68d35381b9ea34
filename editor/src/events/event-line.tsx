import { Text } from '@mantine/core'
import { useState } from 'react'
import type { EventRow } from '../api/types.ts'
import '../sandbox/sandbox.css'
import { StatusBadge } from '../ui/status-badge.tsx'
import { Ago } from '../ui/time.tsx'
import { EventParts } from './event-parts.tsx'
import './events.css'

/** One received event; opened, all it did. */
export function EventLine({ event }: { event: EventRow }) {
  const [open, setOpen] = useState(false)
  return (
    <details className="sb-call" onToggle={(toggled) => setOpen(toggled.currentTarget.open)}>
      <summary>
        <span className="sb-event-kind">{event.kind}</span>
        <strong>{event.name ?? (event.kind === 'track' ? 'No name' : event.kind)}</strong>
        <Text size="sm" c="dimmed" component="span" style={{ flex: 1, minWidth: 0 }} truncate>
          {event.subject?.label ?? (event.account === null ? 'nobody known' : event.account.label)}
          {event.subject !== null && event.account !== null && ` at ${event.account.label}`}
        </Text>
        <span className="sb-event-badges">
          <Outcome event={event} />
        </span>
        <Text size="xs" c="dimmed" component="span">
          <Ago when={event.receivedAt} />
        </Text>
      </summary>
      {open && <EventParts event={event} />}
    </details>
  )
}

/** More would push the time out of sight; all of them stand below. */
const MOST_EDGES = 3

function Outcome({ event }: { event: EventRow }) {
  const runs = event.outcomes.filter(({ outcome }) => outcome === 'started').length
  const refused = event.outcomes.length - runs
  if (event.status === 'refused') return <StatusBadge status="refused" />
  if (event.status === 'pending') return <StatusBadge status="queued" words="Waiting" />
  return (
    <>
      {event.edges.slice(0, MOST_EDGES).map(({ kind, slug, edge, subject }) => (
        <StatusBadge key={`${kind} ${slug} ${subject.id}`} status="running" words={`${slug} ${edge}`} />
      ))}
      {event.edges.length > MOST_EDGES && (
        <StatusBadge status="running" words={`${event.edges.length - MOST_EDGES} more`} />
      )}
      {runs > 0 && <StatusBadge status="started" words={runs === 1 ? 'Started a run' : `Started ${runs} runs`} />}
      {refused > 0 && (
        <StatusBadge status="skipped" words={refused === 1 ? 'Not enrolled' : `${refused} not enrolled`} />
      )}
      {event.outcomes.length === 0 && event.edges.length === 0 && (
        <StatusBadge status="skipped" words="Turned nothing" />
      )}
    </>
  )
}
