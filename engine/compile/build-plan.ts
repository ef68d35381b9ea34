import type { Json } from '../../nodes/manifest.ts'
import type { Plan, PlanStep } from '../model/plan.ts'
import type { PlaybookDocument } from '../model/playbook.ts'
import type { Reads, Rule } from '../model/rule.ts'
import { mergeReads } from '../rules/reads.ts'
import { delayOf } from './delay.ts'
import { type Graph, leadOnlyTo } from './graph.ts'
import type { StepCheck } from './step.ts'

interface Checked {
  document: PlaybookDocument
  graph: Graph
  steps: readonly StepCheck[]
  enrollmentReads: Reads
}

/** The plan of a document without errors: pinned versions, named ports, topological order. */
export function buildPlan({ document, graph, steps, enrollmentReads }: Checked): Plan {
  const read = new Set(steps.flatMap((check) => check.readsSteps))
  return {
    kind: 'plan',
    format: 1,
    subject: document.subject,
    enrollment: document.enrollment,
    steps: graph.order.flatMap((at) => {
      const check = steps[at]
      return check ? [planStep(check, { graph, steps, at, read })] : []
    }),
    reads: mergeReads([enrollmentReads, ...steps.map((check) => check.reads)]),
  }
}

interface Place {
  graph: Graph
  steps: readonly StepCheck[]
  at: number
  read: ReadonlySet<string>
}

function planStep(check: StepCheck, place: Place): PlanStep {
  const { step, definition } = check
  if (!definition) throw new Error(`The step "${step.id}" has no definition: it must not be planned.`)
  const { graph, at } = place
  const out: { [port: string]: string[] } = {}
  for (const port of check.ports) out[port] = []
  for (const edge of graph.out[at] ?? []) out[edge.port]?.push(edge.to)
  const base = {
    id: step.id,
    type: `${definition.type}@${definition.version}`,
    label: step.label ?? definition.label,
    in: (graph.in[at] ?? []).map((edge) => ({ step: edge.from, port: edge.port })),
    out,
  }
  switch (definition.type) {
    case 'flow.branch':
      return { ...base, op: 'branch', cases: casesOf(step.input.cases) }
    case 'flow.split':
      return { ...base, op: 'split', key: String(step.input.key ?? step.id), arms: armsOf(step.input.arms) }
    case 'flow.delay':
      return { ...base, op: 'delay', delay: delayOf(step.input) }
    case 'flow.join':
      return step.input.wait === 'any'
        ? { ...base, op: 'join', wait: 'any', losers: losersOf(place) }
        : { ...base, op: 'join', wait: 'all', losers: [] }
    case 'flow.exit':
      return { ...base, op: 'exit', reason: String(step.input.reason) }
    default:
      if (definition.kind === 'trigger') return { ...base, op: 'trigger', input: step.input }
      return {
        ...base,
        ...(step.onFailure === undefined || step.onFailure === 'stop' ? {} : { onFailure: step.onFailure }),
        op: 'act',
        connection: step.connection ?? null,
        input: step.input,
        keeps: place.read.has(step.id),
        readsSteps: check.readsSteps,
      }
  }
}

/** Checked before: `checkInput` and `checkStepRules` let nothing else through. */
function casesOf(value: Json | undefined): Array<{ port: string; if: Rule }> {
  return value as unknown as Array<{ port: string; if: Rule }>
}

/** Checked before, as the cases are. */
function armsOf(value: Json | undefined): Array<{ port: string; percent: number }> {
  return value as unknown as Array<{ port: string; percent: number }>
}

function losersOf({ graph, steps, at }: Place): string[] {
  const loses = (candidate: number): boolean => steps[candidate]?.definition?.kind !== 'trigger'
  return leadOnlyTo(graph, at, loses).map((i) => graph.ids[i] ?? '')
}
