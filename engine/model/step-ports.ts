import { canFail, ONLY_PORT, portsOf, type StepManifest } from '../../nodes/manifest.ts'
import { ERROR_PORT } from './plan.ts'
import type { DocumentStep } from './playbook.ts'

/** The outgoing ports of a step as it is drawn: its definition's, and `error` where its failure is a branch of its own. */
export function portsOfStep(step: DocumentStep, definition: StepManifest): string[] {
  const ports = portsOf(definition, step.input)
  return canFail(definition) && step.onFailure === 'branch' ? [...ports, ERROR_PORT] : ports
}

/** The port by which a failed step is left; null: its paths end there. */
export function failurePort(onFailure: DocumentStep['onFailure']): string | null {
  if (onFailure === 'branch') return ERROR_PORT
  return onFailure === 'continue' ? ONLY_PORT : null
}
