import type { Facts, Reads, Rule } from '../../engine/model/rule.ts'
import { evaluate } from '../../engine/rules/evaluate.ts'
import { readsOf } from '../../engine/rules/reads.ts'

export type SubjectKind = 'contact' | 'account'
export type AudienceKind = 'segment' | 'signal'

/** A segment or signal as the dispatcher needs it. */
export interface Audience {
  id: string
  kind: AudienceKind
  slug: string
  subject: SubjectKind
  rule: Rule
}

export interface IndexedAudience extends Audience {
  reads: Reads
  /** Greater than that of every audience it reads, so that working in this order never shows an edge that is undone. */
  rank: number
}

/** From what can change to the audiences whose answer it can change: cost grows with matches, not with audiences. */
export interface AudienceIndex {
  byId: Map<string, IndexedAudience>
  bySlug: Map<string, IndexedAudience>
  /** By the first part of the property's name. */
  byContactProperty: Map<string, IndexedAudience[]>
  byAccountProperty: Map<string, IndexedAudience[]>
  byEvent: Map<string, IndexedAudience[]>
  /** By `kind:slug`: audiences whose rules read that one. */
  readers: Map<string, IndexedAudience[]>
  /** Those that hold, or will some day hold, for a subject nothing is known of. */
  onCreate: { contact: IndexedAudience[]; account: IndexedAudience[] }
  /** Audiences of contacts that see the contact's account. */
  onAttach: IndexedAudience[]
}

export const audienceKey = (kind: AudienceKind, slug: string): string => `${kind}:${slug}`

/** @throws Error when audiences read each other in a circle: creation refuses that */
export function buildAudienceIndex(audiences: readonly Audience[]): AudienceIndex {
  const indexed = ranked(audiences)
  const index: AudienceIndex = {
    byId: new Map(),
    bySlug: new Map(),
    byContactProperty: new Map(),
    byAccountProperty: new Map(),
    byEvent: new Map(),
    readers: new Map(),
    onCreate: { contact: [], account: [] },
    onAttach: [],
  }
  for (const audience of indexed) {
    index.byId.set(audience.id, audience)
    index.bySlug.set(audienceKey(audience.kind, audience.slug), audience)
  }
  for (const audience of indexed) enter(index, audience)
  return index
}

function enter(index: AudienceIndex, audience: IndexedAudience): void {
  const { reads } = audience
  let seesAccount = false
  for (const property of reads.properties) {
    const [root, name] = rootOf(property)
    push(root === 'contact' ? index.byContactProperty : index.byAccountProperty, name, audience)
    if (root === 'account') seesAccount = true
  }
  for (const event of Object.keys(reads.events)) push(index.byEvent, event, audience)
  for (const key of readKeys(reads)) {
    push(index.readers, key, audience)
    if (index.bySlug.get(key)?.subject === 'account') seesAccount = true
  }
  if (audience.subject === 'contact' && seesAccount) index.onAttach.push(audience)
  const untouched = evaluate(audience.rule, NOTHING_KNOWN, 0)
  if (untouched.value || untouched.validUntil !== null) index.onCreate[audience.subject].push(audience)
}

const NOTHING_KNOWN: Facts = { at: 0, contact: null, account: null, segments: [], signals: [], events: {} }

/** `contact.address.city` → contact, address: properties change as a whole. */
export function rootOf(property: string): [root: SubjectKind, name: string] {
  const [root, name = ''] = property.split('.')
  return [root === 'account' ? 'account' : 'contact', name]
}

const readKeys = (reads: Reads): string[] => [
  ...reads.segments.map((slug) => audienceKey('segment', slug)),
  ...reads.signals.map((slug) => audienceKey('signal', slug)),
]

function push<V>(map: Map<string, V[]>, key: string, value: V): void {
  const list = map.get(key)
  if (list === undefined) map.set(key, [value])
  else if (!list.includes(value)) list.push(value)
}

function ranked(audiences: readonly Audience[]): IndexedAudience[] {
  const bySlug = new Map(audiences.map((audience) => [audienceKey(audience.kind, audience.slug), audience]))
  const ranks = new Map<Audience, number>()
  const visit = (audience: Audience, path: readonly Audience[]): number => {
    const known = ranks.get(audience)
    if (known !== undefined) return known
    if (path.includes(audience))
      throw new Error(`Audiences read each other in a circle: ${[...path, audience].map((a) => a.slug).join(' → ')}.`)
    let rank = 0
    for (const key of readKeys(readsOf(audience.rule))) {
      const read = bySlug.get(key)
      if (read) rank = Math.max(rank, visit(read, [...path, audience]) + 1)
    }
    ranks.set(audience, rank)
    return rank
  }
  return audiences.map((audience) => ({ ...audience, reads: readsOf(audience.rule), rank: visit(audience, []) }))
}

/** The audiences and all that read them, directly or through others. */
export function withReaders(index: AudienceIndex, start: Iterable<IndexedAudience>): Set<IndexedAudience> {
  const all = new Set(start)
  for (const audience of all)
    for (const reader of index.readers.get(audienceKey(audience.kind, audience.slug)) ?? []) all.add(reader)
  return all
}
