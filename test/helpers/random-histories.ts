import fc from 'fast-check'
import type { Json } from '../../nodes/manifest.ts'
import type { Facts, Instant, ScoreFact, SubjectFacts } from '../../engine/model/rule.ts'
import { jsonValue, moments, NUMBERS, object, type RuleOptions, scalar, type SubjectKind } from './random-rules.ts'

/** Random histories for random rules: equal timestamps, late receipt, missing and mistyped values. */

export interface HistorySubject {
  id: string
  externalId: string | null
  properties: { [name: string]: Json }
  /** Of `properties`, in order of time; at the same millisecond in order of receipt. */
  changes: Array<{ property: string; at: Instant; from: Json; to: Json }>
  segments: string[]
  signals: string[]
  scores: { [slug: string]: ScoreFact }
}

export interface HistoryEvent {
  name: string
  at: Instant
  properties: { [name: string]: Json }
  contactId: string | null
  accountId: string | null
}

export interface History {
  contacts: HistorySubject[]
  accounts: HistorySubject[]
  relations: Array<{ contactId: string; accountId: string }>
  /** In order of receipt, which need not be that of their times. Some lie after `now`. */
  events: HistoryEvent[]
}

function subjectOf(kind: SubjectKind, id: string, options: RuleOptions): fc.Arbitrary<HistorySubject> {
  const { names } = options
  const slugs = names.slugs[kind]
  const tops = [...new Set([...names.properties, 'address'])].filter((name) => !name.includes('.'))
  const changed = fc.record({
    property: fc.constantFrom(...tops),
    at: moments(options),
    from: fc.constantFrom<Json>('free', 'pro', 1, null),
    to: fc.constantFrom<Json>('free', 'pro', 1, null),
  })
  const score: fc.Arbitrary<ScoreFact> = fc.record(
    {
      value: fc.constantFrom(0, 1, 50, 100, 0.1),
      band: fc.constantFrom('pro', 'free', 'Ünïcödé ☃'),
      stage: fc.constantFrom('pro', 'free', null),
    },
    { noNullPrototype: true },
  )
  return fc.record(
    {
      id: fc.constant(id),
      externalId: fc.constantFrom(null, `${id}-outside`, 'pro'),
      properties: object(tops, jsonValue(options)),
      changes: fc.array(changed, { maxLength: 5 }).map((all) => all.toSorted((a, b) => a.at - b.at)),
      segments: fc.subarray(slugs),
      signals: fc.subarray(slugs),
      scores: object(slugs, score),
    },
    { noNullPrototype: true },
  )
}

/** Up to three contacts and two accounts, in any relation, and what they did. */
export function histories(options: RuleOptions): fc.Arbitrary<History> {
  return fc.tuple(fc.integer({ min: 1, max: 3 }), fc.integer({ min: 1, max: 2 })).chain(([contacts, accounts]) => {
    const contactIds = Array.from({ length: contacts }, (_, i) => `c-${i + 1}`)
    const accountIds = Array.from({ length: accounts }, (_, i) => `a-${i + 1}`)
    const pairs = contactIds.flatMap((contactId) => accountIds.map((accountId) => ({ contactId, accountId })))
    const event = fc.record(
      {
        name: fc.constantFrom(...options.names.events),
        at: moments(options),
        properties: eventValues(options),
        contactId: fc.constantFrom(null, ...contactIds, ...contactIds),
        accountId: fc.constantFrom(null, ...accountIds),
      },
      { noNullPrototype: true },
    )
    return fc.record(
      {
        contacts: fc.tuple(...contactIds.map((id) => subjectOf('contact', id, options))),
        accounts: fc.tuple(...accountIds.map((id) => subjectOf('account', id, options))),
        relations: fc.subarray(pairs),
        events: fc.array(event, { maxLength: 24, size: 'max' }),
      },
      { noNullPrototype: true },
    )
  })
}

/** Mostly numbers, so that figures differ; `order` is structured. */
const eventValues = (options: RuleOptions): fc.Arbitrary<{ [name: string]: Json }> => {
  const tops = [...new Set(options.names.eventProperties.map((name) => name.split('.')[0] ?? name))]
  const value = fc.oneof(fc.constantFrom<Json>(...NUMBERS), jsonValue(options), object(['total'], scalar))
  return object(tops, value)
}

/** What the history says of a subject; nothing is cut off by the time, as a rule must see to that itself. */
export function historyFacts(history: History, subject: { kind: SubjectKind; id: string }, now: Instant): Facts {
  const own = factsOf(history, subject, now)
  own.related =
    subject.kind === 'account'
      ? history.relations
          .filter((pair) => pair.accountId === subject.id)
          .map((pair) => factsOf(history, { kind: 'contact', id: pair.contactId }, now))
      : history.relations
          .filter((pair) => pair.contactId === subject.id)
          .map((pair) => factsOf(history, { kind: 'account', id: pair.accountId }, now))
  return own
}

function factsOf(history: History, { kind, id }: { kind: SubjectKind; id: string }, at: Instant): Facts {
  const accountIds = history.relations.filter((pair) => pair.contactId === id).map((pair) => pair.accountId)
  const contact = kind === 'contact' ? history.contacts.find((one) => one.id === id) : undefined
  // A contact of several accounts has none of its own.
  const accountId = kind === 'account' ? id : accountIds.length === 1 ? accountIds[0] : undefined
  const account = history.accounts.find((one) => one.id === accountId)
  const both = [contact, account].filter((one) => one !== undefined)
  const mine = history.events.filter((event) => (kind === 'contact' ? event.contactId : event.accountId) === id)
  const byName = Map.groupBy(
    mine.toSorted((a, b) => a.at - b.at),
    (event) => event.name,
  )
  return {
    at,
    contact: contact === undefined ? null : subjectFacts(contact),
    account: account === undefined ? null : subjectFacts(account),
    segments: both.flatMap((one) => one.segments),
    signals: both.flatMap((one) => one.signals),
    events: Object.fromEntries([...byName].map(([name, all]) => [name, all.map((event) => event.at)])),
    eventValues: Object.fromEntries([...byName].map(([name, all]) => [name, all.map((event) => event.properties)])),
    changes: Object.fromEntries([...changesOf('contact', contact), ...changesOf('account', account)]),
    scores: Object.fromEntries(both.flatMap((one) => Object.entries(one.scores))),
  }
}

const subjectFacts = ({ id, externalId, properties }: HistorySubject): SubjectFacts => ({ id, externalId, properties })

const changesOf = (kind: SubjectKind, subject: HistorySubject | undefined) =>
  [...Map.groupBy(subject?.changes ?? [], (change) => change.property)].map(
    ([property, all]) => [`${kind}.${property}`, all.map(({ at, from, to }) => ({ at, from, to }))] as const,
  )
