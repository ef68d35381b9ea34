import type { Json } from '../../nodes/manifest.ts'
import { parsePath } from '../model/path.ts'
import type { Facts, Instant, Rule, ScoreFact, SubjectFacts } from '../model/rule.ts'
import { happened, type EventValues } from './events.ts'
import type { RuleScope } from './scope.ts'
import { countUpTo } from './windows.ts'

/** New data that would give a leaf its other answer: an example of it, exact enough to be tried. */
export type Need =
  /** Undefined: no value. */
  | { kind: 'property'; property: string; value: Json | undefined }
  /** All at once; or in order, each a millisecond after the one before it, and the last of them now. */
  | { kind: 'events'; events: NewEvent[]; inOrder?: true }
  | { kind: 'change'; property: string; from: Json; to: Json }
  | { kind: 'membership'; of: 'segments' | 'signals'; slug: string; in: boolean }
  | { kind: 'score'; slug: string; of: 'value' | 'band' | 'stage'; value: Json | undefined }
  /** Of what is asked of them: new related subjects, and changes to those that are there, by their place. */
  | {
      kind: 'related'
      rule: Rule
      added: Array<{ facts: Facts; needs: Need[] }>
      change: Array<{ index: number; needs: Need[] }>
    }

interface NewEvent {
  event: string
  more: number
  properties: EventValues
}

/** The facts as they would be with that at `now`; the given ones are left as they are. */
export function withNeed(scope: RuleScope, need: Need, now: Instant): RuleScope {
  switch (need.kind) {
    case 'property':
      return withProperty(scope, need.property, need.value)
    case 'events':
      return need.events.reduce((facts, event, i) => {
        const at = need.inOrder === true ? now - (need.events.length - 1 - i) : now
        return withEvents(facts, event, at)
      }, scope)
    case 'change': {
      const { property, from, to } = need
      const before =
        scope.changes !== undefined && Object.hasOwn(scope.changes, property) ? scope.changes[property] : []
      const all = [...(before ?? []), { at: now, from, to }].toSorted((a, b) => a.at - b.at)
      return { ...scope, changes: set(scope.changes ?? {}, property, all) }
    }
    case 'membership': {
      const others = scope[need.of].filter((slug) => slug !== need.slug)
      return { ...scope, [need.of]: need.in ? [...others, need.slug] : others }
    }
    case 'score':
      return withScore(scope, need)
    case 'related':
      return withRelated(scope, need, now)
  }
}

/** A copy with one own property more, whatever its name; undefined takes it away. */
function set<T>(object: { [name: string]: T }, name: string, value: T | undefined): { [name: string]: T } {
  const others = Object.entries(object).filter(([known]) => known !== name)
  return Object.fromEntries(value === undefined ? others : [...others, [name, value]])
}

function withProperty(scope: RuleScope, property: string, value: Json | undefined): RuleScope {
  const path = parsePath(property)
  if (path === null || (path.root !== 'contact' && path.root !== 'account')) return scope
  const subject = scope[path.root]
  if (subject === null) return scope
  return { ...scope, [path.root]: withName(subject, path.name, value) }
}

function withName(subject: SubjectFacts, name: string, value: Json | undefined): SubjectFacts {
  if (name === 'externalId') return { ...subject, externalId: typeof value === 'string' ? value : null }
  const plain = set(subject.properties, name, value)
  // A path into a structured value loses to the property of that whole name, unless that is taken away.
  const properties = value === undefined && name.includes('.') ? without(plain, name.split('.')) : plain
  return { ...subject, properties }
}

function without(object: { [name: string]: Json }, [name = '', ...rest]: string[]): { [name: string]: Json } {
  if (rest.length === 0) return set(object, name, undefined)
  const inner = Object.hasOwn(object, name) ? object[name] : undefined
  if (inner === undefined || inner === null || typeof inner !== 'object') return object
  return set(object, name, Array.isArray(inner) ? undefined : without(inner, rest))
}

function withRelated(scope: RuleScope, { added, change }: Need & { kind: 'related' }, now: Instant): RuleScope {
  const all = (facts: Facts, needs: readonly Need[]): Facts =>
    needs.reduce<RuleScope>((one, need) => withNeed(one, need, now), facts)
  const needsAt = new Map(change.map(({ index, needs }) => [index, needs]))
  const there = (scope.related ?? []).map((facts, i) => all(facts, needsAt.get(i) ?? []))
  return { ...scope, related: [...there, ...added.map(({ facts, needs }) => all(facts, needs))] }
}

function withEvents(scope: RuleScope, need: NewEvent, now: Instant): RuleScope {
  const { times, values } = happened(scope, need.event)
  const at = countUpTo(times, now)
  const newTimes = Array.from({ length: need.more }, () => now)
  const newValues = Array.from({ length: need.more }, () => need.properties)
  return {
    ...scope,
    events: set(scope.events, need.event, [...times.slice(0, at), ...newTimes, ...times.slice(at)]),
    eventValues: set(scope.eventValues ?? {}, need.event, [
      ...times.slice(0, at).map((_, i) => values[i] ?? {}),
      ...newValues,
      ...times.slice(at).map((_, i) => values[at + i] ?? {}),
    ]),
  }
}

function withScore(scope: RuleScope, { slug, of, value }: Need & { kind: 'score' }): RuleScope {
  const scores = scope.scores ?? {}
  const known = Object.hasOwn(scores, slug) ? scores[slug] : undefined
  const before: ScoreFact = known ?? { value: 0, band: '', stage: null }
  if (of === 'stage') return { ...scope, scores: set(scores, slug, { ...before, stage: text(value) }) }
  if (value === undefined) return { ...scope, scores: set(scores, slug, undefined) }
  const after = of === 'band' ? { ...before, band: text(value) ?? '' } : { ...before, value: Number(value) }
  return { ...scope, scores: set(scores, slug, after) }
}

const text = (value: Json | undefined): string | null => (typeof value === 'string' ? value : null)
