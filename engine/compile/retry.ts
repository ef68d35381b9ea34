import type { StepManifest } from '../../nodes/manifest.ts'
import { parseDuration, SECOND } from '../model/duration.ts'
import type { RetryPolicy } from '../model/plan.ts'
import { type DocumentStep, MOST_ATTEMPTS, type StepRetry } from '../model/playbook.ts'
import type { Problem } from '../model/problem.ts'
import { stepProblem } from './context.ts'

/** The author's limits on repeats of an action: whether they can be kept. */
export function checkRetry(step: DocumentStep, definition: StepManifest): Problem[] {
  const retry: unknown = step.retry
  if (retry === undefined) return []
  const problems: Problem[] = []
  const bad = (at: string, message: string, fix: string): void =>
    void problems.push(stepProblem('DOCUMENT_INVALID', step, { at: at === '' ? 'retry' : `retry.${at}`, message, fix }))
  if (definition.kind !== 'action') {
    bad('', `${definition.label} is no action: it is not repeated.`, 'Remove "retry" from the step.')
    return problems
  }
  if (!isObject(retry)) {
    bad('', 'What limits the repeats is not an object.', 'Give e.g. { "attempts": 3, "within": "PT1H" }, or remove it.')
    return problems
  }
  only(retry, ['attempts', 'within', 'backoff'], (name) => bad(name, UNKNOWN, 'Known: attempts, within, backoff.'))
  const { attempts, within, backoff } = retry
  if (!isWhole(attempts) || attempts < 1 || attempts > MOST_ATTEMPTS)
    bad('attempts', 'The attempts are no whole number that can be kept.', `Give 1 (no repeat) to ${MOST_ATTEMPTS}.`)
  if (within !== undefined && lengthOf(within) === null)
    bad('within', 'The time for all attempts is no duration.', 'Give e.g. PT1H or P1D, or remove it.')
  if (backoff !== undefined) checkBackoff(backoff, bad)
  return problems
}

const UNKNOWN = 'This means nothing here.'

function checkBackoff(backoff: unknown, bad: (at: string, message: string, fix: string) => void): void {
  if (!isObject(backoff)) {
    const fix = 'Give e.g. { "initial": "PT30S", "coefficient": 2, "maximum": "PT10M" }, or remove it.'
    return bad('backoff', 'The time between attempts is not an object.', fix)
  }
  const known = ['initial', 'coefficient', 'maximum']
  only(backoff, known, (name) => bad(`backoff.${name}`, UNKNOWN, `Known: ${known.join(', ')}.`))
  const initial = lengthOf(backoff.initial)
  const maximum = lengthOf(backoff.maximum)
  const { coefficient } = backoff
  if (initial === null || initial < SECOND)
    bad('backoff.initial', 'The first wait is no duration of at least a second.', 'Give e.g. PT30S.')
  if (typeof coefficient !== 'number' || !(coefficient >= 1 && coefficient <= 10))
    bad('backoff.coefficient', 'By what each wait grows is no number that can be kept.', 'Give 1 (all alike) to 10.')
  if (maximum === null) bad('backoff.maximum', 'The longest wait is no duration.', 'Give e.g. PT10M.')
  else if (initial !== null && maximum < initial)
    bad('backoff.maximum', 'The longest wait is shorter than the first.', 'Make it at least as long.')
}

/** Checked before: `checkRetry` lets nothing else through. */
export function retryOf({ attempts, within, backoff }: StepRetry): RetryPolicy {
  return {
    attempts,
    withinMs: within === undefined ? null : lengthOf(within),
    ...(backoff && {
      backoff: {
        initialMs: lengthOf(backoff.initial) ?? 0,
        coefficient: backoff.coefficient,
        maximumMs: lengthOf(backoff.maximum) ?? 0,
      },
    }),
  }
}

/** Milliseconds, more than none. */
function lengthOf(value: unknown): number | null {
  const parsed = typeof value === 'string' ? parseDuration(value) : null
  return parsed?.ok && parsed.ms > 0 ? parsed.ms : null
}

const isWhole = (value: unknown): value is number => typeof value === 'number' && Number.isInteger(value)
const isObject = (value: unknown): value is { [name: string]: unknown } =>
  typeof value === 'object' && value !== null && !Array.isArray(value)

function only(value: object, known: readonly string[], say: (name: string) => void): void {
  for (const name of Object.keys(value)) if (!known.includes(name)) say(name)
}
