import { type RawBuilder, sql } from 'kysely'
import type { ScoreRule } from '../../engine/model/rule.ts'
import { canBeThere, text, uuid } from './bind.ts'
import { type Condition, constant, knownKey, not, type Place, someRow, type SubjectKind } from './place.ts'
import { isOnly } from './properties.ts'
import { compareSql, ofMissing } from './values.ts'

/** Whether the subject is in the segment, or the signal is set for it. */
export function compileMembership(
  kind: 'segment' | 'signal',
  wanted: { slug: string; inside: boolean },
  place: Place,
): Condition {
  if (!canBeThere(wanted.slug)) return constant(!wanted.inside)
  const inside = someRow(
    place,
    { ...membersOf(place, kind, wanted.slug), ofNone: false },
    sql<boolean>`member.is_member`,
  )
  return wanted.inside ? inside : not(inside)
}

export function compileScore(rule: ScoreRule, place: Place): Condition {
  const ofNone = ofMissing(rule, place.now)
  if (!canBeThere(rule.score)) return constant(ofNone)
  // A score of which every part was left out has no number, and not every subject is in a stage: they are missing.
  const value = sql`CASE WHEN jsonb_typeof(member.value -> 'value') = 'number' THEN nullif(member.value -> ${text(rule.of ?? 'value')}, 'null') END`
  return someRow(place, { ...membersOf(place, 'score', rule.score), ofNone }, compareSql(rule, value, place.now))
}

/** What is kept about whom; of a contact also what is kept about its only account, for it is in what that is in. */
function membersOf(
  place: Place,
  kind: 'segment' | 'signal' | 'score',
  slug: string,
): { rows: RawBuilder<unknown>; key: RawBuilder<unknown> } {
  const known = place.known?.get(knownKey(kind, slug))
  const audience = (more: RawBuilder<unknown>): RawBuilder<unknown> =>
    known !== undefined
      ? uuid(known.id)
      : sql`(SELECT audience.id FROM audiences AS audience
    WHERE audience.workspace_id = ${uuid(place.workspaceId)} AND audience.kind = ${text(kind)} AND audience.slug = ${text(slug)} ${more})`
  const own = sql`
    SELECT kept.subject_id AS id, kept.is_member, kept.value FROM audience_members AS kept
    WHERE kept.workspace_id = ${uuid(place.workspaceId)} AND kept.audience_id = ${audience(sql``)}`
  // Asked once, before anybody's accounts are read: of what is about contacts nothing comes through them.
  const aboutAccounts = audience(sql`AND audience.subject = 'account'`)
  const through = sql`
    SELECT link.contact_id AS id, kept.is_member, kept.value FROM audience_members AS kept
    JOIN account_contacts AS link ON link.workspace_id = kept.workspace_id AND link.account_id = kept.subject_id AND ${isOnly(place.among)}
    WHERE ${aboutAccounts} IS NOT NULL AND kept.workspace_id = ${uuid(place.workspaceId)} AND kept.audience_id = ${aboutAccounts}`
  return { rows: sql`(${rowsOf(place, known?.subject, { own, through })}) AS member WHERE true`, key: sql`member.id` }
}

/** Nothing is kept about contacts under what is about accounts, nor the other way round. */
function rowsOf(
  { subject }: Place,
  about: SubjectKind | undefined,
  { own, through }: { own: RawBuilder<unknown>; through: RawBuilder<unknown> },
): RawBuilder<unknown> {
  if (subject === 'account' || about === 'contact') return own
  return about === 'account' ? through : sql`${own} UNION ALL ${through}`
}
