import type { CatalogContext } from '../api/types.ts'
import { type DataGroup, type DataType, typeOfValue, typeWord } from '../document/upstream-data.ts'
import type { EventProperty, RuleWorld } from './rule-model.ts'

type Subject = 'contact' | 'account'
type Lists = Pick<RuleWorld, 'segments' | 'signals' | 'scores'>

const TITLES = { contact: 'Contact', account: 'Account' } as const
const otherOf = (subject: Subject): Subject => (subject === 'contact' ? 'account' : 'contact')

/** What a rule about contacts or accounts can be built from. @param groups the values it may compare; left out: those of segments */
export function ruleWorld(context: CatalogContext, subject: Subject, groups?: DataGroup[]): RuleWorld {
  const common = {
    eventNames: context.eventNames,
    eventProperties: eventProperties(context),
    timeZone: context.timeZone,
  }
  const other = otherOf(subject)
  const related: RuleWorld = {
    ...common,
    ...listsOf(context, other),
    subject: other,
    groups: [propertiesOf(context, other)],
    related: null,
  }
  // A run knows of its contact and of its account.
  if (groups !== undefined) return { ...common, ...pickLists(context), subject, groups, related }
  // An account has many contacts, so that a rule about it cannot name a property of one.
  const data = [propertiesOf(context, subject), ...(subject === 'contact' ? [propertiesOf(context, 'account')] : [])]
  return { ...common, ...listsOf(context, subject), subject, groups: data, related }
}

const pickLists = ({ segments, signals, scores }: Lists): Lists => ({ segments, signals, scores })

const listsOf = (context: CatalogContext, subject: Subject): Lists => {
  const same = <A extends { subject: string }>(list: A[]) => list.filter((one) => one.subject === subject)
  return { segments: same(context.segments), signals: same(context.signals), scores: same(context.scores) }
}

const propertiesOf = ({ properties }: CatalogContext, subject: Subject): DataGroup => ({
  title: TITLES[subject],
  data: properties
    .filter(({ path }) => path.startsWith(`${subject}.`))
    .map(({ path, type, sample }) => ({ path, expression: path, type: typeWord(type, sample), sample })),
})

const kept = new WeakMap<CatalogContext, RuleWorld['eventProperties']>()

function eventProperties(context: CatalogContext): RuleWorld['eventProperties'] {
  const known = kept.get(context)
  if (known !== undefined) return known
  const made = new Map<string, EventProperty[]>()
  for (const { event, path, type, sample } of context.eventProperties) {
    const list = made.get(event) ?? []
    list.push({ path, type: typeWord(type, sample), sample })
    made.set(event, list)
  }
  kept.set(context, made)
  return made
}

export function typeOfPath(path: string, world: RuleWorld): DataType {
  for (const { data } of world.groups) {
    const found = data.find((datum) => datum.path === path)
    if (found !== undefined) return found.type
    const parent = data.find((datum) => path.startsWith(`${datum.path}.`))
    if (parent !== undefined) return typeInside(parent.sample, path.slice(parent.path.length + 1))
  }
  return 'unknown'
}

export function eventPropertyType(world: RuleWorld, event: string, path: string): DataType {
  const known = world.eventProperties.get(event) ?? []
  const found = known.find((property) => property.path === path)
  return found?.type ?? 'unknown'
}

/** Of a part of a structured value, as its sample has it. */
function typeInside(sample: RuleWorld['groups'][number]['data'][number]['sample'], path: string): DataType {
  let part = sample
  for (const key of path.split('.')) {
    if (part === null || typeof part !== 'object' || Array.isArray(part)) return 'unknown'
    part = Object.hasOwn(part, key) ? (part[key] ?? null) : null
  }
  return typeOfValue(part)
}

export const NO_WORLD: RuleWorld = {
  subject: 'contact',
  groups: [],
  eventNames: [],
  eventProperties: new Map(),
  segments: [],
  signals: [],
  scores: [],
  timeZone: 'UTC',
  related: null,
}
