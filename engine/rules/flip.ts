import type { Instant, Rule } from '../model/rule.ts'
import { evaluate, type RuleScope } from './evaluate.ts'
import { describe } from './explain.ts'
import { type Need, withNeed } from './flip-apply.ts'
import { leafNeed } from './flip-leaf.ts'

/** One leaf that would have to give its other answer. */
export interface LeafChange {
  /** Where in the rule, e.g. `all.1.not`; empty for the rule itself. */
  path: string
  /** What it would have to answer. */
  holds: boolean
  /** For people: `account.mrr would have to be more than 100 (is 80)`. */
  sentence: string
  /** New data that does it; null: none can be named, or time alone does. */
  need: Need | null
  /** When the leaf turns by itself, with no new data; null: never. */
  at: Instant | null
}

/** A way to the other answer: new data, all of it, or nothing but time. */
export type Flip = { kind: 'changes'; changes: LeafChange[] } | { kind: 'time'; at: Instant; sentence: string }

/** So many ways are named; a person reads no more. */
export const MOST_FLIPS = 8
/** Beyond so many looks ahead the moment at which an answer turns by itself is not said. */
const MOST_LOOKS = 64

/**
 * What would give the rule its other answer: the sets of leaves that are the fewest, those that new data can bring
 * first, and the moment it comes by itself. Every set whose leaves all have a `need` has been tried.
 */
export function flipsOf(rule: Rule, scope: RuleScope, now: Instant): Flip[] {
  const wanted = !evaluate(rule, scope, now).value
  const sets = cheapest(setsFor(rule, wanted, { scope, now, path: '' }))
  const flips: Flip[] = []
  for (const changes of sets) {
    const tried = tryOut(rule, changes, { scope, now, wanted })
    if (tried !== null && !flips.some((flip) => flip.kind === 'changes' && sameNeeds(flip.changes, tried)))
      flips.push({ kind: 'changes', changes: tried })
  }
  const at = turnsAt(rule, scope, now)
  if (at !== null)
    flips.push({
      kind: 'time',
      at,
      sentence: `nothing happens until ${new Date(at).toISOString()} (then the answer changes by itself)`,
    })
  return flips
}

/** The scope as it would be once all the changes that can be tried have come. */
export const withChanges = (scope: RuleScope, changes: readonly LeafChange[], now: Instant): RuleScope =>
  changes.reduce((facts, { need }) => (need === null ? facts : withNeed(facts, need, now)), scope)

/** New data that turns the rule, as far as some can be named. */
function needsOf(rule: Rule, scope: RuleScope, now: Instant): Need[] | null {
  for (const flip of flipsOf(rule, scope, now)) {
    if (flip.kind === 'time') continue
    const needs = flip.changes.map(({ need }) => need)
    if (needs.every((need) => need !== null)) return needs
  }
  return null
}

interface Place {
  scope: RuleScope
  now: Instant
  path: string
}

const under = (place: Place, path: string): Place => ({
  ...place,
  path: place.path === '' ? path : `${place.path}.${path}`,
})

/** Sets of leaves each of which gives the rule the wanted answer; an empty set where it has it already. */
function setsFor(rule: Rule, wanted: boolean, place: Place): LeafChange[][] {
  if ('not' in rule) return setsFor(rule.not, !wanted, under(place, 'not'))
  if ('all' in rule || 'any' in rule) {
    const [name, parts] = 'all' in rule ? (['all', rule.all] as const) : (['any', rule.any] as const)
    const each = parts.map((part, i) => setsFor(part, wanted, under(place, `${name}.${i}`)))
    // An "all" holds by all its parts and fails by one; an "any" the other way round.
    return cheapest((name === 'all') === wanted ? together(each) : each.flat())
  }
  const { value } = evaluate(rule, place.scope, place.now)
  if (value === wanted) return [[]]
  const { scope, now, path } = place
  return [
    [{ path, holds: wanted, ...leafNeed(rule, { scope, now, holds: wanted }, needsOf), at: turnsAt(rule, scope, now) }],
  ]
}

function together(each: readonly LeafChange[][][]): LeafChange[][] {
  let sets: LeafChange[][] = [[]]
  for (const options of each) sets = cheapest(sets.flatMap((set) => options.map((option) => [...set, ...option])))
  return sets
}

/** A leaf that no new data can change costs more than any number of others. */
const costOf = (set: readonly LeafChange[]): number =>
  set.reduce((sum, { need, at }) => sum + (need !== null ? 1 : at !== null ? 1000 : 1_000_000), 0)

function cheapest(sets: LeafChange[][]): LeafChange[][] {
  const least = Math.min(...sets.map(costOf))
  return sets.filter((set) => costOf(set) === least).slice(0, MOST_FLIPS)
}

interface Try {
  scope: RuleScope
  now: Instant
  wanted: boolean
}

/**
 * Leaves may share what they read, so that changing one turns another. What then still stands in the way is changed
 * as well; null where that leads nowhere.
 */
function tryOut(rule: Rule, changes: LeafChange[], { scope, now, wanted }: Try): LeafChange[] | null {
  let all = changes
  let facts = withChanges(scope, changes, now)
  for (let round = 0; round < 3; round += 1) {
    // Of what cannot be tried the tree alone is known.
    if (all.some(({ need }) => need === null)) return all
    if (evaluate(rule, facts, now).value === wanted) return all
    const [more = []] = setsFor(rule, wanted, { scope: facts, now, path: '' }).filter((set) => isApart(set, all))
    if (more.length === 0) return null
    all = [...all.filter(({ path }) => !more.some((change) => change.path === path)), ...more]
    facts = withChanges(facts, more, now)
  }
  return evaluate(rule, facts, now).value === wanted ? all : null
}

/** Whether none takes back what another has brought. */
const isApart = (set: readonly LeafChange[], others: readonly LeafChange[]): boolean =>
  !set.some(({ need }) => others.some((other) => need !== null && other.need !== null && isSame(need, other.need)))

const isSame = (a: Need, b: Need): boolean => a.kind === b.kind && targetOf(a) === targetOf(b)

function targetOf(need: Need): string {
  if (need.kind === 'property' || need.kind === 'change') return need.property
  if (need.kind === 'events') return need.events.map(({ event }) => event).join('\n')
  if (need.kind === 'related') return describe(need.rule)
  return need.kind === 'score' ? `${need.slug} ${need.of}` : `${need.of} ${need.slug}`
}

const sameNeeds = (a: readonly LeafChange[], b: readonly LeafChange[]): boolean =>
  a.length === b.length && a.every((change, i) => change.path === b[i]?.path)

/** When the answer turns with no new data; null: never, or not within as many looks as are made. */
function turnsAt(rule: Rule, scope: RuleScope, now: Instant): Instant | null {
  const before = evaluate(rule, scope, now)
  let at = before.validUntil
  for (let looks = 0; at !== null && looks < MOST_LOOKS; looks += 1) {
    const { value, validUntil } = evaluate(rule, scope, at)
    if (value !== before.value) return at
    at = validUntil
  }
  return null
}
