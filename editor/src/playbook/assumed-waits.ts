import type { DocumentStep, PlaybookDocument } from '../../../engine/model/playbook.ts'
import { durationMs } from '../../../engine/rules/windows.ts'
import { findStep, type Manifest } from '../../../nodes/manifest.ts'
import type { RouterInputs } from '../api/types.ts'
import { parseObject } from '../ui/parse-object.ts'

/** A step that waits for something to happen, of which a dry run can be told what comes of it. */
export interface DrawnWait {
  step: DocumentStep
  kind: 'event' | 'rule' | 'answer'
  /** Of a question: its answers. */
  answers: string[]
}

/** What a person has chosen for a wait. */
export interface ChosenWait {
  choice: 'usual' | 'happens' | 'never'
  /** ISO 8601. */
  after: string
  port: string | null
  /** JSON text of the event’s properties. */
  properties: string
}

export const USUAL: ChosenWait = { choice: 'usual', after: 'PT1H', port: null, properties: '' }

export function waitsIn(document: PlaybookDocument, manifest: Manifest): DrawnWait[] {
  return document.steps.flatMap((step): DrawnWait[] => {
    const type = step.type.split('@')[0]
    if (type === 'flow.waitForEvent') return [{ step, kind: 'event', answers: [] }]
    if (type === 'flow.waitForRule') return [{ step, kind: 'rule', answers: [] }]
    const answers = findStep(manifest, step.type)?.answers
    return answers === undefined ? [] : [{ step, kind: 'answer', answers }]
  })
}

/** The words of the choices, by kind. */
export const CHOICES: { [kind in DrawnWait['kind']]: Array<{ value: ChosenWait['choice']; label: string }> } = {
  event: [
    { value: 'usual', label: 'Does not happen' },
    { value: 'happens', label: 'Happens after' },
  ],
  rule: [
    { value: 'usual', label: 'As the facts have it' },
    { value: 'happens', label: 'Turns true after' },
  ],
  answer: [
    { value: 'usual', label: 'Answered at once' },
    { value: 'happens', label: 'Answered after' },
    { value: 'never', label: 'Nobody answers' },
  ],
}

type Assumptions = NonNullable<RouterInputs['playbooks']['dryRun']['waits']>

/** What the dry run is told; null where something that was typed is not what it should be. */
export function assumptionsOf(
  waits: readonly DrawnWait[],
  chosen: ReadonlyMap<string, ChosenWait>,
): Assumptions | null {
  const assumptions: Assumptions = {}
  for (const { step, kind, answers } of waits) {
    const { choice, after, port, properties } = chosen.get(step.id) ?? USUAL
    if (choice === 'usual') continue
    if (choice === 'never') {
      assumptions[step.id] = { kind: 'never' }
      continue
    }
    const afterMs = durationMs(after)
    const said = properties.trim() === '' ? undefined : parseObject(properties)
    if (afterMs === null || afterMs === undefined || said === null) return null
    assumptions[step.id] = {
      kind: 'happens',
      afterMs,
      ...(kind === 'event' && said !== undefined && { properties: said }),
      ...(kind === 'answer' && { port: port ?? answers[0] ?? '' }),
    }
  }
  return assumptions
}
