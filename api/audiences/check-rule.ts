import type { Reads, Rule } from '../../engine/model/rule.ts'
import { subjectIssues } from '../../engine/rules/check-subject.ts'
import type { Audience, AudienceKind, SubjectKind } from '../dispatch/audience-index.ts'
import { buildAudienceIndex } from '../dispatch/audience-index.ts'
import { readsOfAudience } from '../dispatch/work-out.ts'
import { problem, type ProblemPart } from '../problem.ts'
import { rulesOfAudience } from './rules-of-audience.ts'

/** An audience that is about to be written; `rule` is what its kind is made of. */
export interface WrittenAudience {
  kind: AudienceKind
  slug: string
  subject: SubjectKind
  rule: Audience['rule']
}

/**
 * What a rule's shape cannot say: that it reads only what an audience of this subject has, that what it names is
 * there, and that no two audiences read each other in a circle.
 * @param others the audiences of the workspace, without the one that is written
 * @throws ProblemError 422
 */
export function checkAudienceRule(written: WrittenAudience, others: Audience[]): void {
  // Kind and rule belong together: the caller has checked the rule by the kind's own schema.
  const audience = { ...written, id: '' } as Audience
  const problems = [
    ...rulesOfAudience(audience).flatMap((rule) => subjectProblems(audience.subject, rule)),
    ...nameProblems(audience, others),
  ]
  if (problems.length > 0) throw problem(422, 'RULE_INVALID', { detail: problems[0]?.message ?? '', problems })
  try {
    buildAudienceIndex([...others, audience])
  } catch (error) {
    throw problem(422, 'RULE_CIRCULAR', {
      detail: `${error instanceof Error ? error.message : ''} Take one of them out of the rule.`,
      cause: error,
    })
  }
}

/** What a rule reads that a subject of this kind does not have. */
export const subjectProblems = (subject: SubjectKind, rule: Rule): ProblemPart[] =>
  subjectIssues(subject, rule).map(({ message, fix }) => ({ path: 'rule', message: `${message} ${fix}` }))

function nameProblems(audience: Audience, others: readonly Audience[]): ProblemPart[] {
  // Kinds as plain text, so that a score's slug is looked up like a segment's.
  const known = new Set(
    [audience, ...others].map(({ kind, slug }: { kind: string; slug: string }) => `${kind}:${slug}`),
  )
  const missing = new Set<string>()
  const look = (reads: Reads): void => {
    const named = { segment: reads.segments, signal: reads.signals, score: reads.scores ?? [] }
    for (const [kind, slugs] of Object.entries(named))
      for (const slug of slugs)
        if (!known.has(`${kind}:${slug}`))
          missing.add(`There is no ${kind} “${slug}”. Create it first, or choose another.`)
    if (reads.related !== undefined) look(reads.related)
  }
  look(readsOfAudience(audience))
  return [...missing].map((message) => ({ path: 'rule', message }))
}
