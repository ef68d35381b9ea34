import { UnstyledButton } from '@mantine/core'
import { useDisclosure } from '@mantine/hooks'
import { ChevronDown, ChevronUp, CircleCheck, CircleDashed, CircleX, TriangleAlert } from 'lucide-react'
import type { Problem } from '../../../engine/model/problem.ts'
import { findStep } from '../../../nodes/manifest.ts'
import { labelOf } from '../canvas/step-summary.ts'
import { stepOf } from '../document/graph.ts'
import { useCatalog } from './catalog-context.ts'
import { useDraft, useEditorStore } from './store.ts'

const SHOWN = 200

/** What keeps the draft from being published; a click leads to the step and field. */
export function ProblemsPanel({ problems }: { problems: readonly Problem[] | null }) {
  const [open, panel] = useDisclosure(false)
  if (problems === null)
    return (
      <section className="sb-problems" aria-label="Problems">
        <div className="sb-problems-head">
          <CircleDashed size={16} aria-hidden="true" />
          <span role="status">Looking for problems…</span>
        </div>
      </section>
    )
  const errors = problems.filter(({ severity }) => severity === 'error').length
  const warnings = problems.length - errors
  const Icon = errors > 0 ? CircleX : warnings > 0 ? TriangleAlert : CircleCheck
  const tone = errors > 0 ? 'bad' : warnings > 0 ? 'warn' : 'good'
  return (
    <section className="sb-problems" data-open={open && problems.length > 0} aria-label="Problems">
      <UnstyledButton
        className="sb-problems-head"
        data-tone={tone}
        aria-expanded={open}
        disabled={problems.length === 0}
        onClick={panel.toggle}
      >
        <Icon size={16} aria-hidden="true" />
        <span role="status">{words(errors, warnings)}</span>
        {problems.length > 0 && (open ? <ChevronDown size={16} /> : <ChevronUp size={16} />)}
      </UnstyledButton>
      {open && problems.length > 0 && (
        <ul className="sb-problems-list">
          {problems.slice(0, SHOWN).map((problem) => (
            <ProblemLine key={`${problem.code} ${problem.path} ${problem.message}`} problem={problem} />
          ))}
          {problems.length > SHOWN && <li className="sb-problems-more">and {problems.length - SHOWN} more</li>}
        </ul>
      )}
    </section>
  )
}

export function ProblemLine({ problem }: { problem: Problem }) {
  const { getState } = useEditorStore()
  const document = useDraft()
  const { manifest } = useCatalog()
  const step = problem.step === null ? undefined : stepOf(document, problem.step)
  const Icon = problem.severity === 'error' ? CircleX : TriangleAlert
  return (
    <li>
      <UnstyledButton
        className="sb-problems-line"
        data-tone={problem.severity === 'error' ? 'bad' : 'warn'}
        onClick={() => getState().jumpTo(problem.step, problem.field)}
      >
        <Icon size={15} aria-hidden="true" />
        <span>
          <strong>{step === undefined ? 'Playbook' : labelOf(step, findStep(manifest, step.type))}</strong>{' '}
          {problem.message} <span className="sb-problems-fix">{problem.fix}</span>
        </span>
      </UnstyledButton>
    </li>
  )
}

function words(errors: number, warnings: number): string {
  if (errors === 0 && warnings === 0) return 'No problems'
  const parts = []
  if (errors > 0) parts.push(errors === 1 ? '1 problem' : `${errors} problems`)
  if (warnings > 0) parts.push(warnings === 1 ? '1 warning' : `${warnings} warnings`)
  return parts.join(', ')
}
