import type { StepManifest } from '../../../nodes/manifest.ts'
import type { DocumentStep } from '../../model/playbook.ts'
import type { Problem } from '../../model/problem.ts'
import { checkRule } from '../../rules/check.ts'
import { stepProblem } from '../context.ts'

/** Comparisons with an event's properties, as a rule that counts such events has them. */
export function checkWait(step: DocumentStep, definition: StepManifest): Problem[] {
  return definition.fields.flatMap((field) => {
    const where = step.input[field.name]
    if (field.widget !== 'filters' || where === undefined) return []
    return checkRule({ event: 'any', count: { op: 'gte', value: 1 }, where }).map((issue) =>
      stepProblem('RULE_INVALID', step, {
        at: `input.${issue.path.replace(/^where/, field.name)}`,
        field: field.name,
        message: 'The comparison is not complete.',
        fix: issue.message,
      }),
    )
  })
}
