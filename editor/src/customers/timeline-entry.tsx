import { Link } from '@tanstack/react-router'
import {
  ArrowRightLeft,
  Ban,
  CircleUserRound,
  Gauge,
  type LucideIcon,
  Merge,
  MessageSquare,
  RadioTower,
  Send,
  SquarePen,
  StickyNote,
  UsersRound,
  Workflow,
  Zap,
} from 'lucide-react'
import type { ReactNode } from 'react'
import { SubjectLink } from '../audiences/subject-link.tsx'
import { actorWords } from '../identity/identity-words.ts'
import { JsonView } from '../ui/json-view.tsx'
import { StatusBadge, type Tone } from '../ui/status-badge.tsx'
import { clockTime, fullTime } from '../ui/time.tsx'
import { TraceView } from '../ui/trace-view.tsx'
import { ScoreBadge } from './score-badge.tsx'
import { sourceWords } from './source-words.ts'
import type { CustomerKind } from './table-definition.ts'
import type { Entry } from './timeline-model.ts'
import { ValueText, valueWords } from './value-text.tsx'

type Of<T extends Entry['type']> = Extract<Entry, { type: T }>

/** One line: what it was, in a few words, and when; opened, all there is to know of it. */
export function TimelineEntry({ entry, kind }: { entry: Entry; kind: CustomerKind }) {
  switch (entry.type) {
    case 'event':
      return <EventEntry event={entry} kind={kind} />
    case 'changes':
      return <ChangesEntry entry={entry} />
    case 'edge':
      return <EdgeEntry edge={entry} />
    case 'run':
      return (
        <Line icon={Workflow} at={entry.at} tone="accent" detail={entry.reason ?? undefined}>
          <span>
            Run of{' '}
            <Link to="/runs/$id" params={{ id: entry.id }}>
              {entry.playbook.name}
            </Link>
          </span>
          <StatusBadge status={entry.status} />
        </Line>
      )
    case 'refusal':
      return (
        <Line icon={Ban} at={entry.at} tone="idle" detail={entry.reason}>
          <span>
            Did not enter{' '}
            <Link to="/playbooks/$slug" params={{ slug: entry.playbook.slug }}>
              {entry.playbook.name}
            </Link>
          </span>
          <span className="sb-mono">{entry.code}</span>
        </Line>
      )
    case 'write':
      return (
        <Line icon={Send} at={entry.at} tone="accent" detail={entry.externalId ?? undefined}>
          <span>
            <strong>{entry.action.replace(/@\d+$/, '')}</strong> by{' '}
            <Link to="/runs/$id" params={{ id: entry.run }}>
              {entry.playbook.name}
            </Link>
          </span>
          <StatusBadge status={entry.status} />
        </Line>
      )
    case 'conversation':
      return (
        <Line icon={MessageSquare} at={entry.at} tone="warn" detail={entry.title ?? undefined}>
          <span>
            Conversation in <strong>{entry.app}</strong>
          </span>
          <StatusBadge status={entry.state === 'closed' ? 'done' : 'waiting'} words={entry.state} />
        </Line>
      )
    case 'note':
      return (
        <Line icon={StickyNote} at={entry.at} tone="warn" detail={entry.body}>
          <span>
            Note by <strong>{entry.author}</strong>
          </span>
        </Line>
      )
    case 'merge':
      return (
        <Line icon={Merge} at={entry.at} tone="idle">
          <span>
            {/* Their link leads to who they became, until that is undone. */}
            {entry.undoneAt === null ? <strong>{entry.loser.label}</strong> : <SubjectLink subject={entry.loser} />} was{' '}
            <Link to="/duplicates" search={{ tab: 'merges', contact: entry.winner.id }}>
              merged
            </Link>{' '}
            into <SubjectLink subject={entry.winner} /> by {actorWords(entry.actor)}
            {entry.undoneAt !== null && ', and that was undone'}
          </span>
        </Line>
      )
  }
}

function Line(props: {
  icon: LucideIcon
  at: string
  tone: Tone
  detail?: ReactNode
  /** What is shown once it is opened. */
  more?: ReactNode
  children: ReactNode
}) {
  const { icon: Icon, at, tone, detail, more, children } = props
  const line = (
    <>
      <span className="sb-entry-icon" data-tone={tone}>
        <Icon size={14} aria-hidden="true" />
      </span>
      <span className="sb-entry-words">
        {children}
        {detail !== undefined && <span className="sb-entry-detail">{detail}</span>}
      </span>
      <time className="sb-entry-time" dateTime={at} title={fullTime(at)}>
        {clockTime(at).slice(0, 5)}
      </time>
    </>
  )
  if (more === undefined) return <div className="sb-entry">{line}</div>
  return (
    <details className="sb-entry-more">
      <summary className="sb-entry">{line}</summary>
      <div className="sb-entry-body">{more}</div>
    </details>
  )
}

const KIND_WORDS: { [kind: string]: string } = {
  identify: 'Identified',
  group: 'Grouped',
  page: 'Viewed a page',
  screen: 'Viewed a screen',
  alias: 'Aliased',
}
/** So many properties tell what happened without opening it. */
const TOLD = 3

function EventEntry({ event, kind }: { event: Of<'event'>; kind: CustomerKind }) {
  const properties = Object.entries(event.properties)
  const told = properties.slice(0, TOLD).map(([name, value]) => `${name}: ${valueWords(value)}`)
  const title = event.kind === 'track' ? (event.name ?? 'Event') : (KIND_WORDS[event.kind] ?? event.kind)
  return (
    <Line
      icon={event.kind === 'track' ? Zap : CircleUserRound}
      at={event.at}
      tone={event.kind === 'track' ? 'good' : 'idle'}
      detail={told.length > 0 ? told.join(' · ') : undefined}
      more={
        <>
          <JsonView
            label={`properties of ${title}`}
            value={{ ...event.properties, messageId: event.messageId }}
            max={220}
          />
          {kind === 'account' && event.contact !== null && <SubjectLink subject={event.contact} />}
        </>
      }
    >
      <strong>{title}</strong>
      {event.kind !== 'track' && event.name !== null && <span>{event.name}</span>}
      {kind === 'account' && event.contact !== null && <span>by {event.contact.label}</span>}
    </Line>
  )
}

function ChangesEntry({ entry }: { entry: Of<'changes'> }) {
  const [first] = entry.changes
  if (first === undefined) return null
  const several = entry.changes.length > 1
  return (
    <Line
      icon={SquarePen}
      at={entry.at}
      tone="idle"
      detail={several ? entry.changes.map(({ property }) => property).join(', ') : sourceWords(first.source)}
      {...(several && {
        more: (
          <table className="sb-changes">
            <tbody>
              {entry.changes.map(({ id, property, before, value }) => (
                <tr key={id}>
                  <th scope="row">{property}</th>
                  <td className="sb-was">
                    <ValueText value={before} />
                  </td>
                  <td>
                    <ValueText value={value} />
                  </td>
                </tr>
              ))}
            </tbody>
          </table>
        ),
      })}
    >
      {several ? (
        <span>
          <strong>{entry.changes.length} properties</strong> changed · {sourceWords(first.source)}
        </span>
      ) : (
        <span>
          <strong>{first.property}</strong>{' '}
          <span className="sb-was">
            <ValueText value={first.before} />
          </span>{' '}
          → <ValueText value={first.value} />
        </span>
      )}
    </Line>
  )
}

const EDGE_ICONS = { signal: RadioTower, segment: UsersRound, score: Gauge, computed: ArrowRightLeft }

function EdgeEntry({ edge }: { edge: Of<'edge'> }) {
  const on = edge.edge === 'set' || edge.edge === 'entered'
  return (
    <Line
      icon={EDGE_ICONS[edge.kind]}
      at={edge.at}
      tone={edge.kind === 'score' ? 'idle' : on ? 'good' : 'idle'}
      {...(edge.why !== null && { more: <TraceView trace={edge.why} /> })}
    >
      <span>
        {edge.kind === 'signal' ? 'Signal' : edge.kind === 'segment' ? 'Segment' : 'Score'} <strong>{edge.name}</strong>{' '}
        {edge.edge}
      </span>
      {edge.kind === 'score' && edge.value !== null && <ScoreBadge value={edge.value} />}
    </Line>
  )
}
