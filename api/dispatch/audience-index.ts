import type { ComputedDefinition } from '../../engine/model/computed.ts'
import type { Facts, Reads, Rule } from '../../engine/model/rule.ts'
import type { ScoreDefinition } from '../../engine/model/score.ts'
import { enoughOf } from '../../engine/rules/enough.ts'
import { readsOfAudience, workOut } from './work-out.ts'

export type SubjectKind = 'contact' | 'account'
export type AudienceKind = 'segment' | 'signal' | 'score' | 'computed'

interface Named {
  id: string
  slug: string
  subject: SubjectKind
}

/** What is worked out for every subject, as the dispatcher needs it. */
export type Audience = Named &
  (
    | { kind: 'segment' | 'signal'; rule: Rule }
    | { kind: 'score'; rule: ScoreDefinition }
    | { kind: 'computed'; rule: ComputedDefinition }
  )

export type IndexedAudience = Audience & {
  reads: Reads
  /** Of these event names so many of the newest are enough. */
  enough: ReadonlyMap<string, number | null>
  /** Greater than that of every audience it reads, so that working in this order never shows an edge that is undone. */
  rank: number
}

/** Audiences by what can change them. */
export interface Touching {
  /** By the first part of the property's name. */
  byContactProperty: Map<string, IndexedAudience[]>
  byAccountProperty: Map<string, IndexedAudience[]>
  byEvent: Map<string, IndexedAudience[]>
  /** By `kind:slug`: audiences whose rules read that one. */
  readers: Map<string, IndexedAudience[]>
}

/** From what can change to the audiences whose answer it can change: cost grows with matches, not with audiences. */
export interface AudienceIndex extends Touching {
  byId: Map<string, IndexedAudience>
  bySlug: Map<string, IndexedAudience>
  /** What happens to a contact and touches its accounts' audiences, or to an account and touches its contacts'. */
  related: Touching
  /** Names of the properties that are worked out here; nobody else writes them. */
  computed: { contact: Set<string>; account: Set<string> }
  /** Those that hold, or will some day hold, for a subject nothing is known of. */
  onCreate: { contact: IndexedAudience[]; account: IndexedAudience[] }
  /** Audiences of contacts that see the contact's accounts, and of accounts that see their contacts. */
  onAttach: IndexedAudience[]
}

export const audienceKey = (kind: AudienceKind, slug: string): string => `${kind}:${slug}`

const touching = (): Touching => ({
  byContactProperty: new Map(),
  byAccountProperty: new Map(),
  byEvent: new Map(),
  readers: new Map(),
})

/** @throws Error when audiences read each other in a circle: creation refuses that */
export function buildAudienceIndex(audiences: readonly Audience[]): AudienceIndex {
  const indexed = ranked(audiences)
  const index: AudienceIndex = {
    ...touching(),
    byId: new Map(),
    bySlug: new Map(),
    related: touching(),
    computed: { contact: new Set(), account: new Set() },
    onCreate: { contact: [], account: [] },
    onAttach: [],
  }
  for (const audience of indexed) {
    index.byId.set(audience.id, audience)
    index.bySlug.set(audienceKey(audience.kind, audience.slug), audience)
    if (audience.kind === 'computed') index.computed[audience.subject].add(audience.rule.property)
  }
  for (const audience of indexed) enter(index, audience)
  return index
}

function enter(index: AudienceIndex, audience: IndexedAudience): void {
  const { reads } = audience
  enterReads(index, reads, audience)
  if (reads.related !== undefined) enterReads(index.related, reads.related, audience)
  const seesAccount =
    propertiesOf(reads).some((property) => rootOf(property)[0] === 'account') ||
    readKeys(reads).some((key) => index.bySlug.get(key)?.subject === 'account')
  if (reads.related !== undefined || (audience.subject === 'contact' && seesAccount)) index.onAttach.push(audience)
  const untouched = workOut(audience, NOTHING_KNOWN, 0)
  if (untouched.member || untouched.validUntil !== null) index.onCreate[audience.subject].push(audience)
}

function enterReads(into: Touching, reads: Reads, audience: IndexedAudience): void {
  for (const property of propertiesOf(reads)) {
    const [root, name] = rootOf(property)
    push(root === 'contact' ? into.byContactProperty : into.byAccountProperty, name, audience)
  }
  for (const event of Object.keys(reads.events)) push(into.byEvent, event, audience)
  for (const key of readKeys(reads)) push(into.readers, key, audience)
}

const NOTHING_KNOWN: Facts = { at: 0, contact: null, account: null, segments: [], signals: [], events: {}, related: [] }

/** Those whose value, or whose changes, are read. */
const propertiesOf = (reads: Reads): string[] => [...reads.properties, ...Object.keys(reads.changes ?? {})]

/** `contact.address.city` → contact, address: properties change as a whole. */
export function rootOf(property: string): [root: SubjectKind, name: string] {
  const [root, name = ''] = property.split('.')
  return [root === 'account' ? 'account' : 'contact', name]
}

const readKeys = (reads: Reads): string[] => [
  ...reads.segments.map((slug) => audienceKey('segment', slug)),
  ...reads.signals.map((slug) => audienceKey('signal', slug)),
  ...(reads.scores ?? []).map((slug) => audienceKey('score', slug)),
]

function push<V>(map: Map<string, V[]>, key: string, value: V): void {
  const list = map.get(key)
  if (list === undefined) map.set(key, [value])
  else if (!list.includes(value)) list.push(value)
}

function ranked(audiences: readonly Audience[]): IndexedAudience[] {
  const bySlug = new Map(audiences.map((audience) => [audienceKey(audience.kind, audience.slug), audience]))
  const computed = new Map<string, Audience>(
    audiences.flatMap((a) => (a.kind === 'computed' ? [[`${a.subject}.${a.rule.property}`, a] as const] : [])),
  )
  const reads = new Map(audiences.map((audience) => [audience, readsOfAudience(audience)]))
  const readBy = (audience: Audience): Audience[] => {
    const own = reads.get(audience)
    return [own, own?.related].flatMap((part) =>
      part === undefined
        ? []
        : [
            ...readKeys(part).map((key) => bySlug.get(key)),
            ...propertiesOf(part).map((property) => computed.get(rootOf(property).join('.'))),
          ].filter((read) => read !== undefined),
    )
  }
  const ranks = new Map<Audience, number>()
  const visit = (audience: Audience, path: readonly Audience[]): number => {
    const known = ranks.get(audience)
    if (known !== undefined) return known
    if (path.includes(audience))
      throw new Error(`These read each other in a circle: ${[...path, audience].map((a) => a.slug).join(' → ')}.`)
    let rank = 0
    for (const read of readBy(audience)) rank = Math.max(rank, visit(read, [...path, audience]) + 1)
    ranks.set(audience, rank)
    return rank
  }
  return audiences.map((audience) => ({
    ...audience,
    reads: reads.get(audience) ?? readsOfAudience(audience),
    enough: audience.kind === 'segment' || audience.kind === 'signal' ? enoughOf(audience.rule) : ALL,
    rank: visit(audience, []),
  }))
}

const ALL: ReadonlyMap<string, null> = new Map()

/** The audiences and all that read them, directly or through others. */
export function withReaders(index: AudienceIndex, start: Iterable<IndexedAudience>): Set<IndexedAudience> {
  const all = new Set(start)
  for (const audience of all) for (const reader of readersOf(index, audience)) all.add(reader)
  return all
}

/** Those that read it, of the same subject or of a related one. */
function readersOf(index: AudienceIndex, audience: IndexedAudience): IndexedAudience[] {
  return [index, index.related].flatMap((by) => readersIn(by, audience))
}

/** Those that read it, of one kind of relation. */
export function readersIn(by: Touching, audience: IndexedAudience): IndexedAudience[] {
  if (audience.kind !== 'computed') return by.readers.get(audienceKey(audience.kind, audience.slug)) ?? []
  const properties = audience.subject === 'contact' ? by.byContactProperty : by.byAccountProperty
  return properties.get(audience.rule.property) ?? []
}
