import { Text } from '@mantine/core'
import { Link } from '@tanstack/react-router'
import type { ReactNode } from 'react'
import type { EventRow } from '../api/types.ts'
import { SubjectLink } from '../audiences/audience-page.tsx'
import { JsonView } from '../ui/json-view.tsx'
import '../sandbox/sandbox.css'
import { StatusBadge } from '../ui/status-badge.tsx'
import { Ago, fullTime } from '../ui/time.tsx'
import { TraceView } from '../ui/trace-view.tsx'

/** One received event; opened, all it did. */
export function EventLine({ event }: { event: EventRow }) {
  return (
    <details className="sb-call">
      <summary>
        <strong>{event.name ?? event.kind}</strong>
        <Text size="sm" c="dimmed" component="span" style={{ flex: 1, minWidth: 0 }} truncate>
          {event.subject?.label ?? 'nobody known'}
          {event.account !== null && event.account.id !== event.subject?.id && ` at ${event.account.label}`}
        </Text>
        <Outcome event={event} />
        <Text size="xs" c="dimmed" component="span">
          <Ago when={event.receivedAt} />
        </Text>
      </summary>
      <div style={{ padding: '4px 16px 18px', display: 'grid', gap: 14 }}>
        <What event={event} />
        <div className="sb-call-body" style={{ padding: 0 }}>
          <JsonView label="properties" value={event.properties} max={260} />
          <div>
            <Fact name="Message id">{event.messageId}</Fact>
            <Fact name="Happened">{fullTime(event.occurredAt)}</Fact>
            <Fact name="Received">{fullTime(event.receivedAt)}</Fact>
            {event.subject !== null && (
              <Fact name="Who">
                <SubjectLink subject={event.subject} />
              </Fact>
            )}
            {event.account !== null && (
              <Fact name="Account">
                <SubjectLink subject={event.account} />
              </Fact>
            )}
          </div>
        </div>
      </div>
    </details>
  )
}

function Fact({ name, children }: { name: string; children: ReactNode }) {
  return (
    <Text size="sm" component="div">
      <Text span c="dimmed" size="sm">
        {name}:{' '}
      </Text>
      {children}
    </Text>
  )
}

function Outcome({ event }: { event: EventRow }) {
  const runs = event.outcomes.filter(({ outcome }) => outcome === 'started').length
  const refused = event.outcomes.length - runs
  if (event.status === 'refused') return <StatusBadge status="refused" />
  if (event.status === 'pending') return <StatusBadge status="queued" words="Waiting" />
  return (
    <>
      {event.edges.map(({ kind, slug, edge, subject }) => (
        <StatusBadge key={`${kind} ${slug} ${subject.id}`} status="running" words={`${slug} ${edge}`} />
      ))}
      {runs > 0 && <StatusBadge status="started" words={runs === 1 ? 'Started a run' : `Started ${runs} runs`} />}
      {refused > 0 && (
        <StatusBadge status="skipped" words={refused === 1 ? 'Not enrolled' : `${refused} not enrolled`} />
      )}
      {event.outcomes.length === 0 && event.edges.length === 0 && (
        <StatusBadge status="skipped" words="Nothing matched" />
      )}
    </>
  )
}

function What({ event }: { event: EventRow }) {
  if (event.status === 'refused' && event.refusal !== null)
    return (
      <Text size="sm">
        Refused: {event.refusal.reason} <span className="sb-mono">{event.refusal.code}</span>
      </Text>
    )
  if (event.outcomes.length === 0)
    return (
      <Text size="sm" c="dimmed">
        {event.status === 'pending'
          ? 'It waits for a worker.'
          : 'No trigger of a published playbook that is on matched this event.'}
      </Text>
    )
  return (
    <div style={{ display: 'grid', gap: 10 }}>
      {event.outcomes.map((one) => (
        <div key={`${one.playbook.slug} ${one.step} ${one.runId ?? one.code}`}>
          <Text size="sm" component="div">
            <Link to="/playbooks/$slug" params={{ slug: one.playbook.slug }}>
              {one.playbook.name}
            </Link>
            {': '}
            {one.outcome === 'started' && one.runId !== null ? (
              <Link to="/runs/$id" params={{ id: one.runId }}>
                started a run
              </Link>
            ) : (
              <>
                {one.reason} <span className="sb-mono">{one.code}</span>
              </>
            )}
          </Text>
          {one.why !== null && <TraceView trace={one.why} />}
        </div>
      ))}
    </div>
  )
}
