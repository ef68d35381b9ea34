import type { Json } from '../../nodes/manifest.ts'
import type { Plan, PlanStep } from '../model/plan.ts'
import type { DocumentStep, PlaybookDocument } from '../model/playbook.ts'
import type { EventFilter, Reads, Rule } from '../model/rule.ts'
import { mergeReads } from '../rules/reads.ts'
import type { DrawnPlaybook } from './context.ts'
import { delayOf, lengthOf } from './delay.ts'
import { type Graph, leadOnlyTo } from './graph.ts'
import { retryOf } from './retry.ts'
import type { StepCheck } from './step.ts'

type Input = { [field: string]: Json | undefined }

interface Checked {
  document: PlaybookDocument
  graph: Graph
  steps: readonly StepCheck[]
  /** By step: the list for whose items it runs. */
  within: ReadonlyArray<number | null>
  enrollmentReads: Reads
  playbook: DrawnPlaybook | undefined
}

/** The plan of a document without errors: pinned versions, named ports, topological order. */
export function buildPlan({ document, graph, steps, within, enrollmentReads, playbook }: Checked): Plan {
  const read = new Set(steps.flatMap((check) => check.readsSteps))
  const { goal, exit } = document.enrollment
  return {
    kind: 'plan',
    format: 1,
    subject: document.subject,
    enrollment: document.enrollment,
    steps: graph.order.flatMap((at) => {
      const check = steps[at]
      return check ? [planStep(check, { graph, steps, within, at, read, playbook })] : []
    }),
    reads: mergeReads([enrollmentReads, ...steps.map((check) => check.reads)]),
    ...(goal === null && exit.length === 0 ? {} : { watches: true as const }),
  }
}

interface Place {
  graph: Graph
  steps: readonly StepCheck[]
  within: ReadonlyArray<number | null>
  at: number
  read: ReadonlySet<string>
  playbook: DrawnPlaybook | undefined
}

function planStep(check: StepCheck, place: Place): PlanStep {
  const { step, definition } = check
  if (!definition) throw new Error(`The step "${step.id}" has no definition: it must not be planned.`)
  const { graph, at } = place
  const out: { [port: string]: string[] } = {}
  for (const port of check.ports) out[port] = []
  for (const edge of graph.out[at] ?? []) out[edge.port]?.push(edge.to)
  const list = place.within[at] ?? null
  const base = {
    id: step.id,
    type: `${definition.type}@${definition.version}`,
    label: step.label ?? definition.label,
    in: (graph.in[at] ?? []).map((edge) => ({ step: edge.from, port: edge.port })),
    out,
    ...(list === null ? {} : { within: graph.ids[list] ?? '' }),
    ...(step.onFailure === undefined || step.onFailure === 'stop' ? {} : { onFailure: step.onFailure }),
  }
  const keeps = place.read.has(step.id)
  switch (definition.type) {
    case 'flow.branch':
      return { ...base, op: 'branch', cases: casesOf(step.input.cases) }
    case 'flow.split':
      return { ...base, op: 'split', key: splitKeyOf(step, place.playbook), arms: armsOf(step.input.arms) }
    case 'flow.delay':
      return { ...base, op: 'delay', delay: delayOf(step.input) }
    case 'flow.join':
      return step.input.wait === 'any'
        ? { ...base, op: 'join', wait: 'any', losers: losersOf(place) }
        : { ...base, op: 'join', wait: 'all', losers: [] }
    case 'flow.waitForEvent':
      return { ...base, op: 'waitEvent', ...waitForEventOf(step.input), keeps }
    case 'flow.waitForRule':
      return { ...base, op: 'waitRule', rule: step.input.rule as unknown as Rule, maxWaitMs: maxWaitOf(step.input) }
    case 'flow.forEach':
      return { ...base, op: 'each', ...forEachOf(step.input), keeps }
    case 'flow.setVariable': {
      const { name, value = null } = step.input
      const { readsSteps } = check
      return { ...base, op: 'act', connection: null, input: { value }, keeps: false, readsSteps, sets: String(name) }
    }
    case 'flow.goal':
      return { ...base, op: 'goal' }
    case 'flow.milestone': {
      const { name, within } = step.input
      return { ...base, op: 'milestone', name: String(name), withinMs: lengthOf(within), keeps }
    }
    case 'flow.exit':
      return { ...base, op: 'exit', reason: String(step.input.reason), ...outputsOf(step.input) }
    default:
      if (definition.kind === 'trigger') return { ...base, op: 'trigger', input: step.input }
      return {
        ...base,
        op: 'act',
        connection: step.connection ?? null,
        input: step.input,
        keeps,
        readsSteps: check.readsSteps,
        ...answerOf(check),
        ...(step.retry === undefined ? {} : { retry: retryOf(step.retry) }),
      }
  }
}

/** Checked before: `checkInput` and `checkStepRules` let nothing else through. */
function casesOf(value: Json | undefined): Array<{ port: string; if: Rule }> {
  return value as unknown as Array<{ port: string; if: Rule }>
}

/** Of two playbooks a step of the same id would send everybody down the same arm, were the id alone the key. */
function splitKeyOf({ id, input }: DocumentStep, playbook: DrawnPlaybook | undefined): string {
  if (input.key !== undefined) return String(input.key)
  return playbook === undefined || playbook.plainSplits.includes(id) ? id : `${playbook.id}/${id}`
}

/** Checked before, as the cases are. */
function armsOf(value: Json | undefined): Array<{ port: string; percent: number }> {
  return value as unknown as Array<{ port: string; percent: number }>
}

/** Of a list that is given up its items are too: they are no losers of their own. */
function losersOf({ graph, steps, within, at }: Place): string[] {
  const loses = (candidate: number): boolean =>
    steps[candidate]?.definition?.kind !== 'trigger' && within[candidate] === within[at]
  return leadOnlyTo(graph, at, loses).map((i) => graph.ids[i] ?? '')
}

/** Checked before, as the cases are. */
function waitForEventOf({ event, where = [], keys = [], since, maxWait }: Input) {
  return {
    event: String(event),
    where: where as unknown as EventFilter[],
    keys: keys as unknown as Array<{ property: string; path: string }>,
    since: since === 'trigger' ? ('trigger' as const) : ('entry' as const),
    maxWaitMs: maxWaitOf({ maxWait }),
  }
}

const maxWaitOf = ({ maxWait }: { maxWait?: Json }): number | null => (maxWait === undefined ? null : lengthOf(maxWait))

/** Where its definition says that it asks somebody, and the step wants to know the answer. */
function answerOf({ step, definition }: StepCheck): Pick<PlanStep & { op: 'act' }, 'answer'> {
  if (definition?.answers === undefined || step.input.wait === 'no') return {}
  return { answer: { ports: definition.answers, maxWaitMs: maxWaitOf(step.input) } }
}

/** Checked before, as the cases are. */
const outputsOf = ({ outputs }: Input): { outputs?: { [name: string]: string } } =>
  outputs === undefined ? {} : { outputs: outputs as { [name: string]: string } }

const forEachOf = ({ list, atOnce, onItemFailure }: Input) => ({
  list: String(list),
  atOnce: typeof atOnce === 'number' ? atOnce : 1,
  onItemFailure: onItemFailure === 'continue' ? ('continue' as const) : ('stop' as const),
})
