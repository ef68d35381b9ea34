import type { DocumentStep, PlaybookDocument } from '../model/playbook.ts'
import type { Problem } from '../model/problem.ts'
import { problem } from './context.ts'

export const MOST_STEPS = 2000
export const MOST_EDGES = 8000

type Fields = { [name: string]: unknown }
const isObject = (value: unknown): value is Fields =>
  typeof value === 'object' && value !== null && !Array.isArray(value)

/** The parts of a document that have the right shape. Steps that have not are left out, and said. */
export interface Shaped {
  /** With harmless stand-ins for what is missing; null where nothing can be checked. */
  document: PlaybookDocument | null
  problems: Problem[]
  /** Steps whose own shape is right, with unique ids. */
  steps: DocumentStep[]
}

/**
 * The document's own shape, by hand and not by zod: it runs at every keystroke over a thousand steps, and in the
 * browser zod may not generate code. `playbook-schema.ts` says the same for the borders.
 */
export function shapeOf(value: unknown, known: WeakSet<object>): Shaped {
  const problems: Problem[] = []
  const bad = (at: string, message: string, fix: string) =>
    problems.push(problem('DOCUMENT_INVALID', { at, message, fix }))
  if (!isObject(value)) {
    bad('', 'The document is not an object.', 'Send a playbook document: { name, subject, enrollment, steps, edges }.')
    return { document: null, problems, steps: [] }
  }
  for (const name of Object.keys(value))
    if (!FIELDS.has(name))
      bad(name, `"${name}" is unknown in a document.`, `Remove it. Known: ${[...FIELDS].join(', ')}.`)
  if (!isText(value.name, 200)) bad('name', 'The playbook has no name.', 'Give it a name of 1 to 200 characters.')
  if (value.description !== undefined && !isText(value.description, 4000, 0))
    bad('description', 'The description is not a text of at most 4000 characters.', 'Shorten or remove it.')
  if (value.subject !== 'contact' && value.subject !== 'account')
    bad('subject', 'The playbook does not say for whom it runs.', 'Set "subject" to "contact" or "account".')
  if (!isObject(value.enrollment))
    bad(
      'enrollment',
      'The enrollment rules are missing.',
      'Give { "reentry": { "policy": "once" }, "exit": [], "goal": null }.',
    )
  if (!Array.isArray(value.steps))
    bad('steps', 'The steps are not a list.', 'Give a list of steps, if only an empty one.')
  if (!Array.isArray(value.edges)) bad('edges', 'The edges are not a list.', 'Give a list of ["from", "to"] pairs.')
  const steps = Array.isArray(value.steps) ? value.steps : []
  const edges = Array.isArray(value.edges) ? value.edges : []
  problems.push(...sizeProblems(steps.length, edges.length))
  if (problems.some(({ code }) => code === 'PLAYBOOK_TOO_LARGE')) return { document: null, problems, steps: [] }
  const shaped = shapedSteps(steps, { known, problems })
  // What is wrong above is said already and keeps a plan from being made; the rest is still worth checking.
  const document = {
    name: '',
    ...value,
    subject: value.subject === 'account' ? 'account' : 'contact',
    enrollment: isObject(value.enrollment) ? value.enrollment : { reentry: { policy: 'once' }, exit: [], goal: null },
    steps: shaped,
    edges,
  } as unknown as PlaybookDocument
  return { document, problems, steps: shaped }
}

const FIELDS = new Set(['name', 'description', 'subject', 'enrollment', 'steps', 'edges'])
const STEP_FIELDS = new Set(['id', 'type', 'label', 'connection', 'input', 'onFailure', 'retry', 'at', 'note'])

function sizeProblems(steps: number, edges: number): Problem[] {
  const fix = 'Split the playbook: let the first end with what starts the second.'
  const found: Problem[] = []
  if (steps > MOST_STEPS)
    found.push(problem('PLAYBOOK_TOO_LARGE', { at: 'steps', message: `${steps} steps; at most ${MOST_STEPS}.`, fix }))
  if (edges > MOST_EDGES)
    found.push(problem('PLAYBOOK_TOO_LARGE', { at: 'edges', message: `${edges} edges; at most ${MOST_EDGES}.`, fix }))
  return found
}

const BUILT_IN = {}
const STEP_ID = /^[A-Za-z][A-Za-z0-9_-]{0,63}$/

function shapedSteps(steps: unknown[], { known, problems }: { known: WeakSet<object>; problems: Problem[] }) {
  const ids = new Set<string>()
  const shaped: DocumentStep[] = []
  for (const [i, step] of steps.entries()) {
    if (!isObject(step)) {
      problems.push(invalidStep(`steps.${i}`, 'is not an object'))
      continue
    }
    const wrong = known.has(step) ? null : wrongWith(step)
    if (wrong !== null) {
      problems.push(invalidStep(`steps.${typeof step.id === 'string' ? step.id : i}`, wrong))
      continue
    }
    known.add(step)
    const id = String(step.id)
    const refusal = idProblem(id, ids)
    if (refusal) problems.push(refusal)
    else shaped.push(step as unknown as DocumentStep)
    ids.add(id)
  }
  return shaped
}

function idProblem(id: string, ids: Set<string>): Problem | null {
  const at = { at: `steps.${id}` }
  // A name that every object already has would be found where nothing was put.
  if (!STEP_ID.test(id) || id in BUILT_IN)
    return {
      ...problem('STEP_ID_INVALID', {
        ...at,
        message: `"${id}" cannot be the id of a step.`,
        fix: 'Begin with a letter; then letters, digits, _ and -, 64 at most, and no built-in name such as constructor.',
      }),
      step: id,
    }
  if (!ids.has(id)) return null
  return {
    ...problem('STEP_ID_DUPLICATE', {
      ...at,
      message: `Two steps have the id "${id}".`,
      fix: 'Give one of them another id and mend its edges.',
    }),
    step: id,
  }
}

const invalidStep = (at: string, wrong: string): Problem =>
  problem('DOCUMENT_INVALID', {
    at,
    message: `The step ${wrong}.`,
    fix: 'Give { "id", "type", "input" } and, where wanted, "label", "connection", "onFailure", "retry", "at", "note".',
  })

function wrongWith(step: Fields): string | null {
  if (typeof step.id !== 'string') return 'has no id'
  if (!isText(step.type, 200)) return 'has no type'
  if (!isObject(step.input)) return 'has no input (an object, if only an empty one)'
  if (step.label !== undefined && !isText(step.label, 200)) return 'has a label that is no text of 1 to 200 characters'
  if (step.connection !== undefined && !isText(step.connection, 100)) return 'has a connection that is no slug'
  if (step.note !== undefined && !isText(step.note, 4000, 0)) return 'has a note that is no text'
  if (step.onFailure !== undefined && !['stop', 'continue', 'branch'].includes(String(step.onFailure)))
    return 'has an "onFailure" that is not "stop", "continue" or "branch"'
  if (step.at !== undefined && !isPoint(step.at)) return 'has a place that is not [x, y]'
  const strange = Object.keys(step).find((name) => !STEP_FIELDS.has(name))
  return strange === undefined ? null : `has the unknown part "${strange}"`
}

const isText = (value: unknown, most: number, least = 1): boolean =>
  typeof value === 'string' && value.length >= least && value.length <= most
const isPoint = (value: unknown): boolean => Array.isArray(value) && value.length === 2 && value.every(Number.isFinite)
