import type { PlaybookDocument } from '../../model/playbook.ts'
import type { Problem } from '../../model/problem.ts'
import { type Catalogue, problem, type Said } from '../context.ts'
import { checkEnrollmentRules, type RulesChecked } from './rules.ts'

/** Who may start a run, how often, and what ends it early. */
export function checkEnrollment(
  document: Pick<PlaybookDocument, 'enrollment' | 'subject'>,
  catalogue: Catalogue,
): RulesChecked {
  const checked = checkEnrollmentRules(document, catalogue, (code, said) => problem(code, said))
  return { ...checked, problems: [...shapeProblems(document.enrollment), ...checked.problems] }
}

function shapeProblems(enrollment: PlaybookDocument['enrollment']): Problem[] {
  const found: Problem[] = []
  const bad = (said: Said) => found.push(problem('DOCUMENT_INVALID', said))
  const { reentry, exit, goal } = enrollment
  if (!isReentry(reentry))
    bad({
      at: 'enrollment.reentry',
      message: 'The playbook does not say how often somebody may enter.',
      fix: 'Choose { "policy": "once" }, { "policy": "every" } or { "policy": "once_per", "days": 1 to 3650 }.',
    })
  if (!Array.isArray(exit) || exit.length > 20)
    bad({
      at: 'enrollment.exit',
      message: 'The exit rules are not a list of at most 20.',
      fix: 'Give a list, e.g. [].',
    })
  const named = [
    ...(Array.isArray(exit) ? exit.map((rule, i) => ({ at: `enrollment.exit.${i}`, rule })) : []),
    ...(goal === null ? [] : [{ at: 'enrollment.goal', rule: goal }]),
  ]
  for (const { at, rule } of named)
    if (typeof rule?.name !== 'string' || rule.name === '' || rule.name.length > 100)
      bad({
        at: `${at}.name`,
        message: 'This rule has no name; runs that it ends are shown by it.',
        fix: at === 'enrollment.goal' ? 'Name the goal, or set "goal" to null.' : 'Name it with 1 to 100 characters.',
      })
  return found
}

function isReentry(value: unknown): boolean {
  if (typeof value !== 'object' || value === null || !('policy' in value)) return false
  if (value.policy === 'once' || value.policy === 'every') return Object.keys(value).length === 1
  if (value.policy !== 'once_per' || !('days' in value)) return false
  const { days } = value
  return Number.isInteger(days) && Number(days) >= 1 && Number(days) <= 3650
}
