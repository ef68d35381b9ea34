import { Text, Title } from '@mantine/core'
import { useQuery } from '@tanstack/react-query'
import { Link } from '@tanstack/react-router'
import type { ReactNode } from 'react'
import { trpc } from '../api/client.ts'
import type { EventDetails, EventRow } from '../api/types.ts'
import { SubjectLink } from '../audiences/subject-link.tsx'
import { JsonView } from '../ui/json-view.tsx'
import { ProblemPanel } from '../ui/problem-panel.tsx'
import { StatusBadge } from '../ui/status-badge.tsx'
import { ExactTime } from '../ui/time.tsx'
import { TraceView } from '../ui/trace-view.tsx'
import { WhyNot } from './why-not.tsx'

/** All that one event did: who it became, what it wrote and turned, what it did not, and what it started. */
export function EventParts({ event }: { event: EventRow }) {
  const details = useQuery({
    ...trpc.events.get.queryOptions({ seq: event.seq }),
    // What a worker has done with it stands; until then it is asked for again.
    refetchInterval: ({ state }) => (state.data?.event.status === 'pending' ? 1_000 : false),
  })
  const { data } = details
  return (
    <div className="sb-event-parts">
      {event.refusal !== null && (
        <Text size="sm">
          Refused: {event.refusal.reason} <span className="sb-mono">{event.refusal.code}</span>
        </Text>
      )}
      {details.isError && <ProblemPanel error={details.error} retry={() => void details.refetch()} />}
      {data !== undefined && (
        <>
          <CameOf origin={data.origin} />
          <Who details={data} />
          <Written changes={data.changes} />
          <Turned details={data} />
          <Stayed details={data} />
        </>
      )}
      {event.status !== 'refused' && <Started event={event} />}
      <div className="sb-call-body" style={{ padding: 0 }}>
        <JsonView label="properties" value={event.properties} max={260} />
        {data !== undefined && <JsonView label="the whole message" value={data.body} max={260} />}
      </div>
      <Text size="xs" c="dimmed">
        Happened <ExactTime when={event.occurredAt} /> · received <ExactTime when={event.receivedAt} />
        {data?.workedAt != null && (
          <>
            {' '}
            · worked <ExactTime when={data.workedAt} />
          </>
        )}{' '}
        · message <span className="sb-mono">{event.messageId}</span>
      </Text>
    </div>
  )
}

function Part({ title, children }: { title: string; children: ReactNode }) {
  return (
    <section aria-label={title}>
      <Title order={3} fz="sm">
        {title}
      </Title>
      {children}
    </section>
  )
}

/** A run of ours did it. */
function CameOf({ origin }: { origin: EventDetails['origin'] }) {
  if (origin === null) return null
  return (
    <Part title="Came of">
      <Text size="sm" component="div">
        <Link to="/runs/$id" params={{ id: origin.run }}>
          A run
        </Link>
        {origin.step !== null && <> by its step “{origin.step}”</>}
        {origin.how === 'echo' && ': the connected system tells of what we wrote there'}.
      </Text>
    </Part>
  )
}

const IDENTITY_WORDS = {
  user_id: 'your id',
  anonymous_id: 'anonymous id',
  email: 'e-mail address',
  vendor_id: 'vendor’s id',
} as const

/** Who it became, and by which of the names in it. */
function Who({ details }: { details: EventDetails }) {
  const { event, identities } = details
  const { subject, account } = event
  const by = identities.filter(({ of }) => of === 'contact')
  const others = identities.filter(({ of }) => of !== 'contact')
  if (event.status !== 'done') return null
  return (
    <Part title="Who">
      <ul className="sb-event-list">
        {subject !== null && (
          <li>
            Contact <SubjectLink subject={subject} />
            {by.length > 0 && <span>by {by.map(nameWords).join(' and ')}</span>}
          </li>
        )}
        {others.map((one) => (
          <li key={`${one.kind} ${one.value}`}>
            <Text size="sm" c="dimmed">
              {nameWords(one)} {one.of === 'another' ? 'is somebody else’s.' : 'tells nothing: nobody has it.'}
            </Text>
          </li>
        ))}
        <li>
          {account === null ? (
            <Text size="sm" c="dimmed">
              {noAccountWords(details.accountVia)}
            </Text>
          ) : (
            <>
              Account <SubjectLink subject={account} />
              <span>
                {details.accountVia.how === 'named'
                  ? `by the group id ${details.accountVia.group}`
                  : 'as their only one'}
              </span>
            </>
          )}
        </li>
      </ul>
    </Part>
  )
}

const nameWords = ({ kind, value }: EventDetails['identities'][number]): string => `${IDENTITY_WORDS[kind]} ${value}`

function noAccountWords(via: EventDetails['accountVia']): string {
  if (via.how === 'none' && via.accounts > 1)
    return `No account: the person is in ${via.accounts} and the message names none (context.groupId).`
  return 'No account: the message names none, and the person is in none.'
}

function Written({ changes }: { changes: EventDetails['changes'] }) {
  if (changes.length === 0) return null
  return (
    <Part title="What it wrote">
      <ul className="sb-event-list">
        {changes.map(({ subject, property, before, value }) => (
          <li key={`${subject.id} ${property}`}>
            <span className="sb-mono">
              {subject.kind}.{property}
            </span>
            <span>
              {before === null ? 'was not there' : `was ${JSON.stringify(before)}`}, became{' '}
              <strong>{value === null ? 'nothing' : JSON.stringify(value)}</strong>
            </span>
          </li>
        ))}
      </ul>
    </Part>
  )
}

const PAGES = { segment: '/segments/$slug', signal: '/signals/$slug', score: '/scores/$slug' } as const

function RuleLink({ kind, slug, children }: { kind: string; slug: string; children: ReactNode }) {
  if (kind !== 'segment' && kind !== 'signal' && kind !== 'score') return <span>{children}</span>
  return (
    <Link to={PAGES[kind]} params={{ slug }}>
      {children}
    </Link>
  )
}

function Turned({ details: { edges } }: { details: EventDetails }) {
  if (edges.length === 0) return null
  return (
    <Part title="What it turned">
      {edges.map((edge) => (
        <details key={`${edge.kind} ${edge.slug} ${edge.subject.id}`}>
          <summary style={{ cursor: 'pointer', padding: '3px 0' }}>
            <StatusBadge
              status={edge.edge === 'left' || edge.edge === 'cleared' ? 'skipped' : 'done'}
              words={edge.edge}
            />{' '}
            <Text span size="sm">
              {edge.kind === 'computed' ? 'computed property' : edge.kind} {edge.name} of {edge.subject.label}
            </Text>
          </summary>
          <TraceView trace={edge.why} />
          <Text size="sm">
            <RuleLink kind={edge.kind} slug={edge.slug}>
              {edge.name}
            </RuleLink>{' '}
            · <SubjectLink subject={edge.subject} />
          </Text>
        </details>
      ))}
    </Part>
  )
}

/** Rules that look at such events and had the same answer after this one as before. */
function Stayed({ details }: { details: EventDetails }) {
  const stayed = details.rules.filter(({ turned }) => turned === null)
  if (details.event.status !== 'done') return null
  if (details.rules.length === 0)
    return (
      <Part title="Rules that look at it">
        <Text size="sm" c="dimmed">
          No segment, signal or score of its contact or account reads{' '}
          {details.event.name === null ? 'what it wrote' : 'this event'}.
        </Text>
      </Part>
    )
  if (stayed.length === 0) return null
  return (
    <Part title="Looked at it and stayed as they were">
      <ul className="sb-event-list">
        {stayed.map((rule) => (
          <li key={`${rule.kind} ${rule.slug}`}>
            {rule.kind}
            <RuleLink kind={rule.kind} slug={rule.slug}>
              {rule.slug}
            </RuleLink>
            of {rule.subject.label}
            {details.workedAt !== null && <WhyNot rule={rule} at={details.workedAt} />}
          </li>
        ))}
      </ul>
    </Part>
  )
}

function Started({ event }: { event: EventRow }) {
  return (
    <Part title="Playbooks">
      {event.outcomes.length === 0 && (
        <Text size="sm" c="dimmed">
          {event.status === 'pending'
            ? 'It waits for a worker.'
            : 'No trigger of a published playbook that is on matched this event.'}
        </Text>
      )}
      {event.outcomes.map((one) => (
        <div key={`${one.playbook.slug} ${one.step} ${one.runId ?? one.code}`}>
          <Text size="sm" component="div">
            <Link to="/playbooks/$slug" params={{ slug: one.playbook.slug }}>
              {one.playbook.name}
            </Link>
            {': '}
            {one.outcome === 'started' && one.runId !== null ? (
              <>
                <Link to="/runs/$id" params={{ id: one.runId }}>
                  started a run
                </Link>
                {one.code === 'WAITS_ITS_TURN' && <>, which waits for its turn. {one.reason}</>}
              </>
            ) : (
              <>
                {one.reason} <span className="sb-mono">{one.code}</span>
                {one.runId !== null && (
                  <>
                    {': '}
                    <Link to="/runs/$id" params={{ id: one.runId }}>
                      the run that did it
                    </Link>
                  </>
                )}
              </>
            )}
          </Text>
          {one.why !== null && <TraceView trace={one.why} />}
        </div>
      ))}
    </Part>
  )
}
