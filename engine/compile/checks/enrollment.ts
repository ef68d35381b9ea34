import type { PlaybookDocument } from '../../model/playbook.ts'
import type { Problem } from '../../model/problem.ts'
import { ENTRY_KEY_PATTERN, MOST_IN_LINE, MOST_PER_MINUTE } from '../../model/playbook-limits.ts'
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
  found.push(...optionProblems(enrollment))
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
  const { policy, key: _key, ...rest } = value as { policy: unknown; key?: unknown; days?: unknown }
  if (policy === 'once' || policy === 'every') return Object.keys(rest).length === 0
  return policy === 'once_per' && Object.keys(rest).length === 1 && isCount(rest.days, 3650)
}

const isCount = (value: unknown, most: number): boolean =>
  typeof value === 'number' && Number.isInteger(value) && value >= 1 && value <= most

/** What may be left out: the key of an entry, what two runs of a subject do, who is there already, the holdout group. */
function optionProblems({ reentry, concurrency, existing, holdout }: PlaybookDocument['enrollment']): Problem[] {
  const found: Problem[] = []
  const bad = (said: Said) => found.push(problem('DOCUMENT_INVALID', said))
  const key: unknown = reentry?.key
  if (key !== undefined && (typeof key !== 'string' || key.length > 200 || !ENTRY_KEY_PATTERN.test(key)))
    bad({
      at: 'enrollment.reentry.key',
      message: 'The key of an entry is no path of what the trigger brings.',
      fix: 'Begin with trigger., as in trigger.properties.orderId, or leave the key out.',
    })
  if (concurrency !== undefined && !isConcurrency(concurrency))
    bad({
      at: 'enrollment.concurrency',
      message: 'The playbook does not say what becomes of an entry while a run is open.',
      fix: `Choose { "policy": "together" }, "replace" or "newest", or { "policy": "queue", "most": 1 to ${MOST_IN_LINE} }.`,
    })
  if (existing !== undefined && existing.policy !== 'leave' && !isAdmitting(existing))
    bad({
      at: 'enrollment.existing',
      message: 'The playbook does not say how those who are in already enter.',
      fix: `Choose { "policy": "leave" }, or { "policy": "admit", "perMinute": 1 to ${MOST_PER_MINUTE} }.`,
    })
  if (holdout !== undefined && holdout !== 'respect' && holdout !== 'ignore')
    bad({
      at: 'enrollment.holdout',
      message: 'What the playbook does about the holdout group is not known.',
      fix: 'Choose "respect" or "ignore", or leave it out.',
    })
  return found
}

function isConcurrency(value: { policy: unknown; most?: unknown }): boolean {
  const { policy, most } = value
  if (policy === 'queue') return isCount(most, MOST_IN_LINE)
  return most === undefined && (policy === 'together' || policy === 'replace' || policy === 'newest')
}

const isAdmitting = (value: { policy: unknown; perMinute?: unknown }): boolean =>
  value.policy === 'admit' && isCount(value.perMinute, MOST_PER_MINUTE)
