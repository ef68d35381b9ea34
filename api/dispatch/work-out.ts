import { assertNever } from '../../engine/model/assert-never.ts'
import type { Facts, Instant, Reads, Trace } from '../../engine/model/rule.ts'
import { evaluate } from '../../engine/rules/evaluate.ts'
import { readsOf } from '../../engine/rules/reads.ts'
import { evaluateComputed, readsOfComputed } from '../../engine/scores/evaluate-computed.ts'
import { evaluateScore, readsOfScore } from '../../engine/scores/evaluate-score.ts'
import type { Json } from '../../nodes/manifest.ts'
import type { MemberRow } from '../db/audience-store.ts'
import type { Audience, IndexedAudience } from './audience-index.ts'
import type { World } from './world.ts'
import { innerOf } from './world.ts'

/** What came of asking about one subject. */
export interface WorkedOut {
  /** In the segment, or the signal is set. Everybody has a score and a computed property. */
  member: boolean
  /** Of a score or computed property; null otherwise. */
  value: Json
  why: Trace
  validUntil: Instant | null
}

export function readsOfAudience(audience: Audience): Reads {
  switch (audience.kind) {
    case 'segment':
    case 'signal':
      return readsOf(audience.rule)
    case 'score':
      return readsOfScore(audience.rule)
    case 'computed':
      return readsOfComputed(audience.rule)
    default:
      return assertNever(audience)
  }
}

/** @param now the instant it is asked about */
export function workOut(audience: Audience, facts: Facts, now: Instant): WorkedOut {
  switch (audience.kind) {
    case 'segment':
    case 'signal': {
      const { value, why, validUntil } = evaluate(audience.rule, facts, now)
      return { member: value, value: null, why, validUntil }
    }
    case 'score': {
      const { value, band, stage, why, validUntil } = evaluateScore(audience.rule, facts, now)
      return { member: true, value: { value, band, stage }, why, validUntil }
    }
    case 'computed': {
      const { value, why, validUntil } = evaluateComputed(audience.rule, facts, now)
      return { member: true, value, why, validUntil }
    }
    default:
      return assertNever(audience)
  }
}

/** Lets rules see what a subject is in, and its scores. */
export function noteMember(world: World, audience: IndexedAudience, row: MemberRow): void {
  if (audience.kind === 'computed') return
  if (audience.kind === 'score') return noteScore(world, audience, row)
  const joined = world.memberships.get(row.subjectId) ?? new Set<IndexedAudience>()
  world.memberships.set(row.subjectId, joined)
  if (row.isMember) joined.add(audience)
  else joined.delete(audience)
}

function noteScore(world: World, { slug }: IndexedAudience, { subjectId, value: kept }: MemberRow): void {
  const scores = innerOf(world.scores, subjectId)
  if (typeof kept !== 'object' || kept === null || Array.isArray(kept)) return
  const { value, band, stage } = kept
  // Nothing could be measured: to rules the score is missing.
  if (typeof value !== 'number' || typeof band !== 'string') scores.delete(slug)
  else scores.set(slug, { value, band, stage: typeof stage === 'string' ? stage : null })
}
