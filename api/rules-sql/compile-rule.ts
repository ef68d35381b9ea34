import { type Expression, sql } from 'kysely'
import type { RelatedRule, Rule } from '../../engine/model/rule.ts'
import { inOrder } from '../../engine/rules/compare.ts'
import { byKind, relatedOf } from '../../engine/rules/kind.ts'
import { double, inOrderSql, uuid } from './bind.ts'
import { asksWhether, compileCount, compileOccasion } from './events.ts'
import { compileAggregate, compileTrend } from './figures.ts'
import { compileMembership, compileScore } from './memberships.ts'
import { type Asked, both, type Condition, either, inHalf, not, type Place, someRow, wholeGroup } from './place.ts'
import { compileChanged, compileProperty } from './properties.ts'
import { compileSequence } from './sequences.ts'

/**
 * A rule as one condition over the row of `contacts` or `accounts` with the alias `subject`: `true` for exactly those of
 * whom `evaluate` says so with the facts of that moment. What the rule says is bound, never written into the statement.
 * Merged contacts are left out by whoever asks (`subjectsOf`).
 * @throws NotInSql where the rule reads what only a run has
 */
export const compileRule = (rule: Rule, asked: Asked): Expression<boolean> =>
  both([inHalf(asked.half, sql.ref('subject.id')), compile(rule, { ...asked, alias: 'subject' })])

/** Whether figures over everybody are worked out for it, which one process does alone: worth asking it by halves. */
export const needsGroups: (rule: Rule) => boolean = byKind<[], boolean>({
  all: ({ all }) => all.some((part) => needsGroups(part)),
  any: ({ any }) => any.some((part) => needsGroups(part)),
  not: ({ not: part }) => needsGroups(part),
  property: () => false,
  changed: () => false,
  first: () => true,
  last: () => true,
  sequence: () => true,
  aggregate: () => true,
  trend: () => true,
  event: ({ count }) => !asksWhether(count),
  segment: () => false,
  signal: () => false,
  score: () => false,
  contacts: () => true,
  accounts: () => true,
})

const compile: (rule: Rule, place: Place) => Condition = byKind<[place: Place], Condition>({
  all: (rule, place) => both(rule.all.map((part) => compile(part, place))),
  any: (rule, place) => either(rule.any.map((part) => compile(part, place))),
  not: (rule, place) => not(compile(rule.not, place)),
  property: compileProperty,
  changed: compileChanged,
  first: compileOccasion,
  last: compileOccasion,
  sequence: compileSequence,
  aggregate: compileAggregate,
  trend: compileTrend,
  event: compileCount,
  segment: ({ segment, is }, place) => compileMembership('segment', { slug: segment, inside: is === 'in' }, place),
  signal: ({ signal, is }, place) => compileMembership('signal', { slug: signal, inside: is === 'set' }, place),
  score: compileScore,
  contacts: compileRelated,
  accounts: compileRelated,
})

/** For how many of an account's contacts, or of a contact's accounts, a rule holds. */
function compileRelated(rule: RelatedRule, place: Place): Condition {
  const inner = relatedOf(rule)
  const { op, value } = rule.count ?? { op: 'gte' as const, value: 1 }
  const ofNone = inOrder(op, 0, value)
  const toContacts = inner.of === 'contacts'
  // Nobody's contacts, or accounts: `checkRule` and those who save rules refuse such.
  if (toContacts === (place.subject === 'contact')) return ofNone ? sql<boolean>`true` : sql<boolean>`false`
  const holds = compile(inner.rule, { ...place, subject: toContacts ? 'contact' : 'account', alias: 'related' })
  const rows = toContacts
    ? sql`account_contacts AS bond JOIN contacts AS related ON related.workspace_id = bond.workspace_id AND related.id = bond.contact_id
        AND related.merged_into IS NULL WHERE bond.workspace_id = ${uuid(place.workspaceId)} AND ${holds}`
    : sql`account_contacts AS bond JOIN accounts AS related ON related.workspace_id = bond.workspace_id AND related.id = bond.account_id
        WHERE bond.workspace_id = ${uuid(place.workspaceId)} AND ${holds}`
  const key = toContacts ? sql`bond.account_id` : sql`bond.contact_id`
  if (op === 'gte' && value === 1) return someRow(place, { rows, key, ofNone }, sql<boolean>`true`)
  return wholeGroup(place, { rows, key, ofNone }, inOrderSql(op, sql`count(*)`, double(value)))
}
