import type { Rule } from '../../engine/model/rule.ts'
import { readsOf, walkRule } from '../../engine/rules/reads.ts'
import type { Audience, AudienceKind, SubjectKind } from '../dispatch/audience-index.ts'
import { buildAudienceIndex } from '../dispatch/audience-index.ts'
import { problem, type ProblemPart } from '../problem.ts'

/**
 * What a rule's shape cannot say: that it reads only what an audience of this subject has, that what it names is
 * there, and that no two audiences read each other in a circle.
 * @param others the audiences of the workspace, without the one that is written
 * @throws ProblemError 422
 */
export function checkAudienceRule(
  audience: { kind: AudienceKind; slug: string; subject: SubjectKind; rule: Rule },
  others: Audience[],
): void {
  const problems = [...pathProblems(audience.subject, audience.rule), ...nameProblems(audience, others)]
  if (problems.length > 0) throw problem(422, 'RULE_INVALID', { detail: problems[0]?.message ?? '', problems })
  try {
    buildAudienceIndex([...others, { ...audience, id: '' }])
  } catch (error) {
    throw problem(422, 'RULE_CIRCULAR', {
      detail: `${error instanceof Error ? error.message : ''} Take one of them out of the rule.`,
      cause: error,
    })
  }
}

function pathProblems(subject: SubjectKind, rule: Rule): ProblemPart[] {
  const problems: ProblemPart[] = []
  walkRule(rule, (leaf) => {
    if (!('property' in leaf)) return
    const [root] = leaf.property.split('.')
    if (root === 'trigger' || root === 'steps')
      problems.push({
        path: 'rule',
        message: `${leaf.property}: only runs have that. Use a property of the contact or account, or an event.`,
      })
    if (root === 'contact' && subject === 'account')
      problems.push({
        path: 'rule',
        message: `${leaf.property}: this is about accounts, which have many contacts. Use a property of the account.`,
      })
  })
  return problems
}

function nameProblems(audience: { kind: AudienceKind; slug: string; rule: Rule }, others: Audience[]): ProblemPart[] {
  const reads = readsOf(audience.rule)
  const known = (kind: AudienceKind, slug: string): boolean =>
    (kind === audience.kind && slug === audience.slug) || others.some((o) => o.kind === kind && o.slug === slug)
  const missing = (kind: AudienceKind, slugs: string[]): ProblemPart[] =>
    slugs
      .filter((slug) => !known(kind, slug))
      .map((slug) => ({ path: 'rule', message: `There is no ${kind} “${slug}”. Create it first, or choose another.` }))
  return [...missing('segment', reads.segments), ...missing('signal', reads.signals)]
}
