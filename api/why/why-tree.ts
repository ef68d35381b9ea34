import type { ChangedRule, Facts, Instant, Rule, Trace } from '../../engine/model/rule.ts'
import type { ScoreDefinition, ScorePart } from '../../engine/model/score.ts'
import { evaluate } from '../../engine/rules/evaluate.ts'
import { describe } from '../../engine/rules/explain.ts'
import { flipsOf } from '../../engine/rules/flip.ts'
import { byKind, occasionOf, relatedOf, ruleKind } from '../../engine/rules/kind.ts'
import { describeMeasure } from '../../engine/scores/describe.ts'
import { evaluateScore } from '../../engine/scores/evaluate-score.ts'
import type { SubjectView } from '../audiences/audience-schemas.ts'
import type { PropertySource, Sources } from './facts-then.ts'
import { flipSentences } from './flip-words.ts'
import { foundWords } from './found-words.ts'
import { toldBy } from './hidden.ts'
import { causeView, sourceView, UNKNOWN_SOURCE } from './source-words.ts'
import type { WhyNode } from './why-node.ts'
import { type EventsAsked, iso, windowView } from './window-view.ts'

/** What a tree is made of. */
export interface Asked {
  facts: Facts
  sources: Sources
  at: Instant
  /** Whether a property, `contact.plan`, may not be seen by who asks. */
  isHidden: (path: string) => boolean
  /** Of related subjects, by our id. */
  labels: ReadonlyMap<string, SubjectView>
}

/** Of so many related subjects the parts are shown; those that decide first. */
const MOST_RELATED = 20

/** The answer of a rule, with every part's value, source and time. */
export function ruleTree(rule: Rule, asked: Asked): WhyNode {
  const { value, why, validUntil } = evaluate(rule, asked.facts, asked.at)
  const node: WhyNode = {
    kind: ruleKind(rule),
    rule: why.rule,
    words: describe(rule),
    value,
    found: null,
    since: null,
    source: null,
    window: null,
    validUntil: validUntil === null ? null : iso(validUntil),
    flips: [],
  }
  const parts = 'all' in rule ? rule.all : 'any' in rule ? rule.any : 'not' in rule ? [rule.not] : null
  if (parts !== null) return { ...node, children: parts.map((part) => ruleTree(part, asked)) }
  const leaf: WhyNode = {
    ...node,
    ...seenIn(why),
    found: foundWords(rule, why),
    ...originOf(rule, asked),
    flips: flipSentences(flipsOf(rule, asked.facts, asked.at)),
  }
  if ('contacts' in rule || 'accounts' in rule) leaf.children = relatedParts(rule, asked)
  return isHiddenLeaf(rule, asked) ? masked(leaf, rule) : leaf
}

const seenIn = ({ actual, missing, note }: Trace): Pick<WhyNode, 'actual' | 'missing' | 'note'> => ({
  ...(actual === undefined ? {} : { actual }),
  ...(missing === true ? { missing } : {}),
  ...(note === undefined ? {} : { note }),
})

type Origin = Pick<WhyNode, 'source' | 'since' | 'window'>
const NO_ORIGIN: Origin = { source: null, since: null, window: null }

const originOf: (rule: Rule, asked: Asked) => Origin = byKind<[asked: Asked], Origin>({
  all: () => NO_ORIGIN,
  any: () => NO_ORIGIN,
  not: () => NO_ORIGIN,
  property: ({ property }, asked) => propertyOrigin(property, asked),
  changed: changeOrigin,
  first: (rule, asked) => eventsOrigin([{ event: occasionOf(rule).event, where: rule.where }], undefined, asked),
  last: (rule, asked) => eventsOrigin([{ event: occasionOf(rule).event, where: rule.where }], undefined, asked),
  sequence: (rule, asked) => eventsOrigin(rule.sequence, rule.within, asked),
  aggregate: (rule, asked) => eventsOrigin([rule], rule.within, asked),
  trend: (rule, asked) => eventsOrigin([rule], rule.within, asked),
  event: (rule, asked) => eventsOrigin([rule], rule.within, asked),
  segment: ({ segment }, asked) => edgeOrigin(`segment:${segment}`, asked),
  signal: ({ signal }, asked) => edgeOrigin(`signal:${signal}`, asked),
  score: ({ score }, asked) => edgeOrigin(`score:${score}`, asked),
  contacts: () => NO_ORIGIN,
  accounts: () => NO_ORIGIN,
})

/** A path may lead into a structured property. */
export function wholeProperty(path: string, known: { has: (path: string) => boolean }): string {
  const [root = '', first = ''] = path.split('.')
  // Of an event: it has no one whose it is before it.
  if (root !== 'contact' && root !== 'account') return path
  return known.has(path) ? path : `${root}.${first}`
}

export function propertyOrigin(path: string, { sources }: Asked): Origin {
  const found = sources.properties.get(wholeProperty(path, sources.properties))
  return found === undefined ? NO_ORIGIN : writtenBy(found)
}

/** Milliseconds between what was said and when we were told, below which it is the same moment to a person. */
const WORTH_SAYING = 60_000

function writtenBy({ write }: PropertySource): Origin {
  if (write === null) return { ...NO_ORIGIN, source: UNKNOWN_SOURCE }
  const source = sourceView(write.source)
  // It may have been so long before we were told, or be told of the future by a clock that is ahead.
  const told = Math.abs(write.at - write.occurredAt) < WORTH_SAYING ? '' : `, which says it of ${iso(write.occurredAt)}`
  return { source: { ...source, words: source.words + told }, since: iso(write.at), window: null }
}

function changeOrigin({ changed }: ChangedRule, { sources }: Asked): Origin {
  const last = sources.changes.get(changed)?.at(-1)
  return last === undefined ? NO_ORIGIN : { source: sourceView(last.source), since: iso(last.at), window: null }
}

function eventsOrigin(
  events: readonly EventsAsked[],
  within: Parameters<typeof windowView>[0]['within'],
  asked: Asked,
): Origin {
  return { ...NO_ORIGIN, window: windowView({ events, within }, asked, asked.at) }
}

function edgeOrigin(name: string, { sources }: Asked): Origin {
  const edge = sources.edges.get(name)
  return edge === undefined ? NO_ORIGIN : { source: causeView(edge.cause), since: iso(edge.at), window: null }
}

function relatedParts(rule: Rule, asked: Asked): WhyNode[] {
  if (!('contacts' in rule) && !('accounts' in rule)) return []
  const { rule: inner } = relatedOf(rule)
  const parts = (asked.facts.related ?? []).flatMap((facts, i): WhyNode[] => {
    const sources = asked.sources.related[i]
    if (sources === undefined) return []
    const subject = asked.labels.get(sources.subject.id)
    return [{ ...ruleTree(inner, { ...asked, facts, sources }), ...(subject === undefined ? {} : { subject }) }]
  })
  return parts.toSorted((a, b) => Number(b.value) - Number(a.value)).slice(0, MOST_RELATED)
}

function isHiddenLeaf(rule: Rule, { isHidden, sources }: Asked): boolean {
  const path = toldBy(rule)
  return path !== null && isHidden(wholeProperty(path, sources.properties))
}

/** Keeps that it was looked at, and not what was there. */
function masked({ actual: _actual, note: _note, missing: _missing, ...node }: WhyNode, rule: Rule): WhyNode {
  const path = toldBy(rule) ?? ''
  return { ...node, hidden: true, found: `what ${path} was may not be seen with your role`, flips: [] }
}

/** A score's answer: its parts and stages. */
export function scoreTree(definition: ScoreDefinition, asked: Asked): WhyNode {
  const { value, band, stage, why, parts, validUntil } = evaluateScore(definition, asked.facts, asked.at)
  const base = { since: null, source: null, window: null, validUntil: null, flips: [] }
  const found =
    value === null
      ? 'nothing that its parts measure was known'
      : `it was ${value} (${band ?? 'no band'}${stage === null ? '' : `, ${stage}`})`
  const partNodes = definition.parts.map((part, i): WhyNode => {
    const { marks } = parts[i] ?? { marks: null }
    const gained = marks === null ? 'left out' : `${Math.round(marks * 1000) / 10} of 100`
    return {
      ...base,
      kind: 'part',
      rule: part.name,
      words: `${part.name} (weight ${part.weight})`,
      value: marks !== null && marks > 0,
      found: `${part.name}: ${gained}`,
      children: [partTree(part, parts[i]?.why, asked)],
    }
  })
  const stages = definition.stages.map(({ name, rule }): WhyNode => {
    const inner = ruleTree(rule, asked)
    return {
      ...base,
      kind: 'stage',
      rule: `stage ${name}`,
      words: `stage ${name}`,
      value: inner.value,
      found: null,
      children: [inner],
    }
  })
  return {
    ...base,
    kind: 'score',
    rule: why.rule,
    words: why.rule,
    value: value !== null,
    found,
    actual: { value, band, stage },
    validUntil: validUntil === null ? null : iso(validUntil),
    children: [...partNodes, ...stages],
  }
}

function partTree(part: ScorePart, why: Trace | undefined, asked: Asked): WhyNode {
  if ('rule' in part) return ruleTree(part.rule, asked)
  const { of } = part.measure
  const origin = 'property' in of ? propertyOrigin(of.property, asked) : eventsOrigin([of], of.within, asked)
  const words = describeMeasure(part.measure)
  const node: WhyNode = {
    kind: 'measure',
    rule: words,
    words,
    value: why?.value ?? false,
    ...(why === undefined ? {} : seenIn(why)),
    found: why === undefined || why.missing ? 'there was no number' : `it was ${JSON.stringify(why.actual)}`,
    validUntil: null,
    flips: [],
    ...origin,
  }
  const hidden = 'property' in of && asked.isHidden(wholeProperty(of.property, asked.sources.properties))
  return hidden ? masked(node, { property: of.property, op: 'exists' }) : node
}
