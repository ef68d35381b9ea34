import type { Instant, Reads } from '../../engine/model/rule.ts'
import type { SubjectView } from '../audiences/audience-schemas.ts'
import type { Scope } from '../audiences/write-audience.ts'
import { findSubjectId } from '../customers/find-subject.ts'
import { goneView, subjectViews } from '../customers/subject-view.ts'
import { onTransaction } from '../db/sql.ts'
import type { SubjectKind } from '../dispatch/audience-index.ts'
import { notFound, problem } from '../problem.ts'
import { type FactsThen, factsThen, isNotYet } from './facts-then.ts'
import type { WhySubject } from './why-schemas.ts'
import type { Asked } from './why-tree.ts'
import { iso } from './window-view.ts'

/** Who asks: what they may see hangs on it. */
export interface WhyScope extends Scope {
  isHidden: (path: string) => boolean
}

export interface AskedAbout {
  kind: SubjectKind
  id: string
  /** The account a run began with, or the contact that is read beside an account. */
  related?: string | null
}

/** @throws ProblemError 404 */
export async function findAsked(ctx: Scope, subject: WhySubject): Promise<AskedAbout> {
  const [kind, name] =
    'contact' in subject ? (['contact', subject.contact] as const) : (['account', subject.account] as const)
  const id = await findSubjectId(ctx, kind, name)
  if (id === null) throw notFound(kind, name)
  return { kind, id }
}

/** @throws ProblemError 400 for a moment that is still to come */
export function momentOf(at: string | undefined, now: Instant): Instant {
  if (at === undefined) return now
  const moment = Date.parse(at)
  if (moment <= now) return moment
  const message = `${at} is in the future. Leave at out to ask about now; the answer says when it changes by itself.`
  throw problem(400, 'INPUT_INVALID', { detail: message, problems: [{ path: 'at', message }] })
}

export interface Known extends FactsThen {
  view: SubjectView
  asked: Asked
}

/**
 * The facts of a past moment, with the names of everybody they speak of.
 * @throws ProblemError 404; 422 where the subject was first seen later
 */
export async function askThen(ctx: WhyScope, about: AskedAbout, wanted: { reads: Reads; at: Instant }): Promise<Known> {
  const { reads, at } = wanted
  const found = await ctx.db
    .transaction()
    .setIsolationLevel('repeatable read')
    .setAccessMode('read only')
    .execute((trx) =>
      factsThen(onTransaction(trx), { workspaceId: ctx.workspaceId, subject: about, reads, at, now: ctx.now }),
    )
  if (found === null) throw notFound(about.kind, about.id)
  if (isNotYet(found)) {
    const message = `This ${about.kind} was first seen at ${iso(found.firstSeen)}, which is after ${iso(at)}. Ask about a moment from then on.`
    throw problem(422, 'INPUT_INVALID', { detail: message, problems: [{ path: 'at', message }] })
  }
  const { subject } = found.sources
  const labels = await subjectViews(ctx, [subject.id, ...found.sources.related.map((one) => one.subject.id)])
  return {
    ...found,
    view: labels.get(subject.id) ?? goneView(subject.kind, subject.id),
    asked: { facts: found.facts, sources: found.sources, at, isHidden: ctx.isHidden, labels },
  }
}
