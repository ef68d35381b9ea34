import type { Json } from '../../nodes/manifest.ts'
import { readPath } from '../model/path.ts'
import { ASKED_PORT, type PlanStep, TIMEOUT_PORT } from '../model/plan.ts'
import type { Answer, OperatorCommand, RunState } from '../model/run.ts'
import { completeStep, type Draft, endSleep, waitFor } from './draft.ts'
import { placeOf } from './instance.ts'
import { type PlanIndex, stepAt } from './plan-index.ts'

type Act = PlanStep & { op: 'act' }
type AnswerCommand = OperatorCommand & { kind: 'answer' }

/**
 * What an action was to do is done: the step is over, or has asked somebody and waits for the answer. One that came
 * before this was known is taken now: people are quick, and a process may die between the asking and its record.
 */
export function endAction(draft: Draft, step: Act, { id, output }: { id: string; output: Json }): void {
  if (step.sets !== undefined) setVariable(draft, id, { name: step.sets, value: readPath(output, ['value']) ?? null })
  const kept = step.keeps ? { output } : {}
  if (step.answer === undefined) return completeStep(draft, id, kept)
  const { maxWaitMs } = step.answer
  waitFor(draft, id, { ...kept, ...(maxWaitMs === null ? {} : until(draft.at + maxWaitMs)) })
  const place = placeOf(id)
  for (const to of step.out[ASKED_PORT] ?? [])
    draft.queue.push({ from: id, port: ASKED_PORT, to: place + to, taken: true })
  const early = answerTo(draft.state, id)
  if (early === undefined) return
  const { [id]: _taken, ...others } = draft.state.answers ?? {}
  draft.state.answers = others
  // The sleep was begun a line above: it never was.
  draft.acts.delete(id)
  answered(draft, step, { id, answer: early })
}

function setVariable(draft: Draft, id: string, { name, value }: { name: string; value: Json }): void {
  draft.state.vars = { ...draft.state.vars, [name]: value }
  const text = JSON.stringify(value)
  draft.notes.push({ step: id, text: `${name} = ${text.length > MOST_SHOWN ? `${text.slice(0, MOST_SHOWN)}…` : text}` })
}

/** Characters of a value in a note. */
const MOST_SHOWN = 200

const until = (deadline: number) => ({ until: deadline, deadline })

/** The answer to what the step asks now, where it came before its time. */
const answerTo = ({ answers, steps }: RunState, id: string): Answer | undefined => {
  const known = answers && Object.hasOwn(answers, id) ? answers[id] : undefined
  return known?.visit === steps[id]?.visit ? known : undefined
}

function answered(draft: Draft, step: Act, { id, answer }: { id: string; answer: Answer }): void {
  const { port, output, by } = answer
  const asked = draft.state.steps[id]?.output
  draft.notes.push({ step: id, port, text: `Answered by ${by}` })
  completeStep(draft, id, { port, ...(step.keeps ? { output: { ...objectOf(asked), ...output } } : {}) })
}

const objectOf = (value: Json | undefined): { [name: string]: Json } =>
  value !== null && typeof value === 'object' && !Array.isArray(value) ? value : {}

/** Nobody answered in time. */
export function giveUpWaiting(draft: Draft, id: string): void {
  const output = draft.state.steps[id]?.output
  draft.notes.push({ step: id, port: TIMEOUT_PORT, text: 'Nobody answered in time' })
  completeStep(draft, id, { port: TIMEOUT_PORT, ...(output === undefined ? {} : { output }) })
}

/** Why an answer does not apply; null where it does. */
export function answerRefusal(
  index: PlanIndex,
  state: RunState,
  { step: id, port, visit }: AnswerCommand,
): string | null {
  const step = stepAt(index, id)
  if (step?.op !== 'act' || step.answer === undefined) return 'This step asks nobody'
  if (!step.answer.ports.includes(port)) return `It has no answer “${port}”: say one of ${step.answer.ports.join(', ')}`
  const known = Object.hasOwn(state.steps, id) ? state.steps[id] : undefined
  if (known === undefined) return 'This step has not asked yet'
  if (!state.open.includes(id) || known.cancelRequested) return `Nobody waits for this answer any more: ${known.status}`
  if (known.visit !== visit) return 'It answers what was asked before; the step has asked anew'
  return answerTo(state, id) === undefined ? null : 'It was answered before'
}

/** The step goes on by the answer, or keeps it until it is known that it has asked. */
export function takeAnswer(draft: Draft, { step: id, visit, port, output, by }: AnswerCommand): void {
  const step = stepAt(draft.index, id)
  const answer: Answer = { visit, port, output, by }
  if (draft.state.steps[id]?.status !== 'waiting') {
    draft.state.answers = { ...draft.state.answers, [id]: answer }
    draft.notes.push({ step: id, text: `Answered by ${by}, before the step is recorded as having asked` })
    return
  }
  if (step?.op !== 'act') return
  endSleep(draft, id)
  answered(draft, step, { id, answer })
}
