import type { Facts, PropertyChange, Reads, ScoreFact } from '../../engine/model/rule.ts'
import type { Json } from '../../nodes/manifest.ts'
import type { AccountLink } from '../db/account-store.ts'
import type { MemberRow } from '../db/audience-store.ts'
import type { Identity, IdentityKind, IdentityLink, PossiblePair, SubjectRow } from '../db/contact-store.ts'
import type { PropertyChangeRow } from '../db/history-store.ts'
import type { IndexedAudience, SubjectKind } from './audience-index.ts'

/** A contact or account as a batch knows it. */
export interface Subject extends SubjectRow {
  isNew: boolean
  changed: boolean
}

/**
 * One workspace's part of a batch, in memory: what was read, and what the events of the batch have made of it so far.
 * Everything is written at the end in a few statements.
 */
export interface World {
  workspaceId: string
  /** When the batch is worked, milliseconds since 1970. */
  now: number
  freshId: () => string
  /** How often a rule, score or formula was worked out. */
  asked: number
  /** Whether some runs of the workspace may wait for what happens here. */
  listens: boolean
  /** By `kind:value`. */
  identities: Map<string, string>
  /** Contact id → the id it is known by outside, for contacts met through an identity. */
  externalIds: Map<string, string | null>
  accountIds: Map<string, string>
  accountsOf: Map<string, string[]>
  /** Only of accounts whose changes reach their contacts. */
  contactsOf: Map<string, string[]>
  contacts: Map<string, Subject>
  accounts: Map<string, Subject>
  /** By `kind:value`. */
  addedIdentities: Map<string, IdentityLink>
  /** Of the workspace itself, beside those that are always shared. */
  sharedMailboxes: ReadonlySet<string>
  /** Pairs (`pairKey`) of contacts that a person said are two: nothing merges them. */
  apart: ReadonlySet<string>
  /** Contacts that are perhaps one person, by pair. */
  possiblePairs: Map<string, PossiblePair>
  attached: AccountLink[]
  /** By `audience subject`. */
  members: Map<string, MemberRow>
  changedMembers: Set<MemberRow>
  /** Subject → segments and signals it is in. */
  memberships: Map<string, Set<IndexedAudience>>
  /** Subject → score → what it is. */
  scores: Map<string, Map<string, ScoreFact>>
  /** Subject → event name → what is known of these events. */
  events: Map<string, Map<string, EventLog>>
  /** Names of the events that some rule of this batch counts, with the properties that are read of them. */
  countedEvents: Map<string, readonly string[]>
  /** Subject → property → how it changed, ascending. */
  changes: Map<string, Map<string, PropertyChange[]>>
  /** `contact.plan`: properties whose changes some rule of this batch reads. */
  watchedProperties: Set<string>
  /** Changes this batch makes. */
  newChanges: PropertyChangeRow[]
  /** Subject → property → own time of the newest call that said something of it, where that may be later than a call here. */
  saidAt: Map<string, Map<string, number>>
}

/** Events of one name and subject: times ascending, and beside each the properties that are read. */
export interface EventLog {
  times: number[]
  values: Array<{ [property: string]: Json }> | null
  /** Up to now only so many of the newest are here; null: all in the windows of the rules. */
  newestOnly: number | null
}

export function emptyWorld(workspaceId: string, now: number, freshId: () => string): World {
  return {
    workspaceId,
    now,
    freshId,
    asked: 0,
    listens: false,
    identities: new Map(),
    externalIds: new Map(),
    accountIds: new Map(),
    accountsOf: new Map(),
    contactsOf: new Map(),
    contacts: new Map(),
    accounts: new Map(),
    addedIdentities: new Map(),
    sharedMailboxes: new Set(),
    apart: new Set(),
    possiblePairs: new Map(),
    attached: [],
    members: new Map(),
    changedMembers: new Set(),
    memberships: new Map(),
    scores: new Map(),
    events: new Map(),
    countedEvents: new Map(),
    changes: new Map(),
    watchedProperties: new Set(),
    newChanges: [],
    saidAt: new Map(),
  }
}

export const identityKey = ({ kind, value }: Identity): string => `${kind}:${value}`
export const memberKey = (audienceId: string, subjectId: string): string => `${audienceId} ${subjectId}`

export const identity = (kind: IdentityKind, value: string): Identity => ({ kind, value })

/** Whose account it is: the one the contact belongs to, none where there are several. */
export function onlyAccount(world: World, contactId: string): string | null {
  const accounts = world.accountsOf.get(contactId)
  return accounts?.length === 1 ? (accounts[0] ?? null) : null
}

/** A subject, and where a run began with one of several accounts, that one. */
export interface FactsWanted {
  kind: SubjectKind
  id: string
  accountId?: string | null
}

/**
 * What a rule may read of a subject now.
 * @param reads what the rule reads: its related subjects are looked at only where it does
 */
export function factsOf(world: World, subject: FactsWanted, reads?: Reads): Facts {
  const { kind, id } = subject
  const contact = kind === 'contact' ? (world.contacts.get(id) ?? null) : null
  const accountId = kind === 'account' ? id : (subject.accountId ?? onlyAccount(world, id))
  const account = accountId === null ? null : (world.accounts.get(accountId) ?? null)
  const segments: string[] = []
  const signals: string[] = []
  // A contact is also in what its account is in: slugs are the workspace's, so there is no confusion.
  for (const member of accountId === null || accountId === id ? [id] : [id, accountId])
    for (const audience of world.memberships.get(member) ?? []) {
      if (audience.kind === 'segment') segments.push(audience.slug)
      else if (audience.kind === 'signal') signals.push(audience.slug)
    }
  const facts: Facts = {
    at: world.now,
    contact: contact && subjectFacts(contact),
    account: account && subjectFacts(account),
    segments,
    signals,
    events: {},
  }
  addEvents(facts, world.events.get(id))
  if (world.watchedProperties.size > 0) facts.changes = changesOf(world, { contact, account })
  const scores = [...(world.scores.get(id) ?? []), ...(accountId === null ? [] : (world.scores.get(accountId) ?? []))]
  if (scores.length > 0) facts.scores = Object.fromEntries(scores)
  if (reads?.related !== undefined) facts.related = relatedOf(world, subject)
  return facts
}

function addEvents(facts: Facts, logs: Map<string, EventLog> | undefined): void {
  if (logs === undefined) return
  // fromEntries defines properties, so that an event named __proto__ is an event like any other.
  facts.events = Object.fromEntries([...logs].map(([name, { times }]) => [name, times]))
  const rich = [...logs].flatMap(([name, { values }]) => (values === null ? [] : [[name, values] as const]))
  if (rich.length > 0) facts.eventValues = Object.fromEntries(rich)
  const cut = [...logs].flatMap(([name, { newestOnly }]) => (newestOnly === null ? [] : [[name, newestOnly] as const]))
  if (cut.length > 0) facts.newestOnly = Object.fromEntries(cut)
}

function changesOf(world: World, subjects: { [kind in SubjectKind]: Subject | null }): NonNullable<Facts['changes']> {
  const found: Array<[string, PropertyChange[]]> = []
  for (const kind of ['contact', 'account'] as const) {
    const subject = subjects[kind]
    for (const [property, changes] of (subject && world.changes.get(subject.id)) ?? [])
      found.push([`${kind}.${property}`, changes])
  }
  return Object.fromEntries(found)
}

function relatedOf(world: World, { kind, id }: FactsWanted): Facts[] {
  return kind === 'account'
    ? (world.contactsOf.get(id) ?? []).map((contact) => factsOf(world, { kind: 'contact', id: contact }))
    : (world.accountsOf.get(id) ?? []).map((account) => factsOf(world, { kind: 'account', id: account }))
}

const subjectFacts = (subject: Subject) => ({
  id: subject.id,
  externalId: subject.externalId,
  properties: withNamed(subject),
})

/** E-mail and name have columns of their own, and are read like properties. */
export function withNamed(subject: Pick<SubjectRow, 'email' | 'name' | 'properties'>): { [name: string]: Json } {
  const { email, name, properties } = subject
  return { ...properties, ...(email === null ? {} : { email }), ...(name === null ? {} : { name }) }
}

/** The inner map of a map of maps, made where it is missing. */
export function innerOf<K, I, V>(map: Map<K, Map<I, V>>, key: K): Map<I, V> {
  const known = map.get(key)
  if (known !== undefined) return known
  const fresh = new Map<I, V>()
  map.set(key, fresh)
  return fresh
}

/** Counts an event for a subject, keeping the times in order; at the same millisecond the later receipt comes later. */
export function addEvent(
  world: World,
  subjectId: string,
  event: { name: string; at: number; properties: { [property: string]: Json } },
): void {
  const logs = innerOf(world.events, subjectId)
  const read = world.countedEvents.get(event.name) ?? []
  const log = logs.get(event.name) ?? { times: [], values: read.length === 0 ? null : [], newestOnly: null }
  logs.set(event.name, log)
  let at = log.times.length
  while (at > 0 && (log.times[at - 1] ?? 0) > event.at) at -= 1
  log.times.splice(at, 0, event.at)
  log.values?.splice(at, 0, pick(event.properties, read))
}

const pick = (properties: { [property: string]: Json }, names: readonly string[]): { [property: string]: Json } =>
  Object.fromEntries(
    names.flatMap((name) => (Object.hasOwn(properties, name) ? [[name, properties[name] ?? null] as const] : [])),
  )
