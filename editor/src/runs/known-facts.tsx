import type { ReactNode } from 'react'
import type { Facts, Instant, SubjectFacts } from '../../../engine/model/rule.ts'
import { ExactTime } from '../ui/time.tsx'
import { eventWords, isInstantText } from './facts-words.ts'

/** What the run knew about its subject when it began or last woke, as people read it. */
export function KnownFacts({ facts }: { facts: Facts }) {
  const { at, contact, account, segments, signals, events } = facts
  return (
    <section aria-label="What it knew">
      <dl className="sb-facts">
        <Row name="Known at">
          <ExactTime when={at} />
        </Row>
        {contact !== null && <SubjectRows kind="contact" subject={contact} />}
        {account !== null && <SubjectRows kind="account" subject={account} />}
        {segments.length > 0 && <Row name="In segments">{segments.join(', ')}</Row>}
        {signals.length > 0 && <Row name="Signals set">{signals.join(', ')}</Row>}
        {Object.entries(events).map(([name, times]) => (
          <Row key={name} name={`“${name}”`}>
            <EventTimes times={times} />
          </Row>
        ))}
      </dl>
    </section>
  )
}

function Row({ name, children }: { name: string; children: ReactNode }) {
  return (
    <div>
      <dt>{name}</dt>
      <dd>{children}</dd>
    </div>
  )
}

/** Named as rules and templates name them, so that one can be held against the other. */
function SubjectRows({ kind, subject }: { kind: 'contact' | 'account'; subject: SubjectFacts }) {
  return (
    <>
      <Row name={kind}>
        <span className="sb-mono">{subject.externalId ?? subject.id}</span>
      </Row>
      {Object.entries(subject.properties).map(([name, value]) => (
        <Row key={name} name={`${kind}.${name}`}>
          <Value value={value} />
        </Row>
      ))}
    </>
  )
}

function Value({ value }: { value: unknown }) {
  if (isInstantText(value)) return <ExactTime when={value} />
  if (typeof value === 'string') return value === '' ? '“”' : value
  return typeof value === 'number' ? value.toLocaleString('en', { maximumFractionDigits: 20 }) : JSON.stringify(value)
}

function EventTimes({ times }: { times: readonly Instant[] }) {
  const { latest, rest } = eventWords(times)
  return (
    <>
      {latest.map((at, index) => (
        // Two can have happened in the same millisecond.
        <div key={index}>
          <ExactTime when={at} />
        </div>
      ))}
      {rest !== null && <div>{rest}</div>}
    </>
  )
}
