import { canFail } from '../../../nodes/manifest.ts'
import { ERROR_PORT, ITEM_PORT } from '../../model/plan.ts'
import type { PlaybookDocument, SubjectKind } from '../../model/playbook.ts'
import type { Problem } from '../../model/problem.ts'
import { asWarning, listed, problem, stepProblem } from '../context.ts'
import type { Bodies } from '../bodies.ts'
import { findCycle, type Graph, reachableFrom } from '../graph.ts'
import type { StepCheck } from '../step.ts'

/** What only the whole drawing shows. `steps` are in the order of the graph's ids. */
export function checkGraph(
  { graph, bodies }: { graph: Graph; bodies: Bodies },
  steps: readonly StepCheck[],
  { subject, enrollment }: Pick<PlaybookDocument, 'subject' | 'enrollment'>,
): Problem[] {
  const triggers = steps.flatMap((check, i) => (check.definition?.kind === 'trigger' ? [i] : []))
  const goals = steps.flatMap((check, i) => (check.definition?.type === 'flow.goal' ? [i] : []))
  return [
    ...checkTriggers(steps, triggers, subject),
    ...checkCycle(graph),
    ...checkGoals({ graph, steps, goals }, enrollment.goal !== null),
    ...checkReachable({ graph, steps, triggers, goals }),
    ...steps.flatMap((check, i) => [
      ...checkPortsUsed({ graph, inItems: (bodies.within[i] ?? null) !== null }, check, i),
      ...checkJoin(graph, check, i),
    ]),
  ]
}

function checkTriggers(steps: readonly StepCheck[], triggers: readonly number[], subject: SubjectKind): Problem[] {
  if (triggers.length === 0)
    return [
      problem('TRIGGER_MISSING', {
        at: 'steps',
        message: 'Nothing starts this playbook.',
        fix: 'Add a trigger and lead an edge from it to the first step.',
      }),
    ]
  return triggers.flatMap((i) => {
    const check = steps[i]
    const subjects = check?.definition?.subjects
    if (!check || !subjects || subjects.includes(subject)) return []
    return [
      stepProblem('TRIGGER_SUBJECT_MISMATCH', check.step, {
        at: 'type',
        message: `${check.definition?.label ?? 'This trigger'} starts runs for ${listed(subjects)}s, not for ${subject}s.`,
        fix: `Set the playbook's subject to ${listed(subjects)}, or use another trigger.`,
      }),
    ]
  })
}

function checkCycle(graph: Graph): Problem[] {
  const cycle = findCycle(graph)
  const [first] = cycle ?? []
  if (!cycle || first === undefined) return []
  return [
    {
      ...problem('CYCLE', {
        at: `steps.${first}`,
        message: `These steps lead back to themselves: ${[...cycle, first].join(' → ')}.`,
        fix: 'Remove one of the edges between them.',
      }),
      step: first,
    },
  ]
}

/** A run decides its goal once, wherever it is. */
function checkGoals({ graph, steps, goals }: Omit<Drawn, 'triggers'>, named: boolean): Problem[] {
  return goals.flatMap((i, n) => {
    const check = steps[i]
    if (!check) return []
    const [edge] = graph.in[i] ?? []
    const found: Problem[] = []
    if (edge !== undefined)
      found.push({
        ...problem('EDGE_INVALID', {
          at: `edges.${edge.index}`,
          message: `An edge leads to "${check.step.id}", the goal: it is reached from wherever the run is.`,
          fix: 'Remove the edge.',
        }),
        step: check.step.id,
      })
    if (!named)
      found.push(
        stepProblem('DOCUMENT_INVALID', check.step, {
          at: 'type',
          message: 'The playbook has no goal, so this step would only ever be left by “missed”.',
          fix: 'Say what the goal is where it is said who may enter, or remove this step.',
        }),
      )
    if (n > 0)
      found.push(
        stepProblem('DOCUMENT_INVALID', check.step, {
          at: 'type',
          message: 'A playbook has one goal, and this is a second step for it.',
          fix: 'Remove one of the two.',
        }),
      )
    return found
  })
}

interface Drawn {
  graph: Graph
  steps: readonly StepCheck[]
  triggers: readonly number[]
  goals: readonly number[]
}

function checkReachable({ graph, steps, triggers, goals }: Drawn): Problem[] {
  // Without a trigger nothing is reachable: saying so of every step would hide the one thing to do.
  if (triggers.length === 0) return []
  const reached = reachableFrom(graph, [...triggers, ...goals])
  return steps.flatMap((check, i) =>
    reached.has(i)
      ? []
      : [
          stepProblem('STEP_UNREACHABLE', check.step, {
            at: '',
            message: 'No path leads here from a trigger, so it would never run.',
            fix: 'Connect it below a step that leads here, or remove it.',
          }),
        ],
  )
}

/** A trigger that leads nowhere does nothing; a named case that leads nowhere is mostly a forgotten edge. */
function checkPortsUsed(
  { graph, inItems }: { graph: Graph; inItems: boolean },
  { step, definition, ports }: StepCheck,
  at: number,
): Problem[] {
  if (!definition || ports.length === 0) return []
  const failure = canFail(definition) ? checkErrorPort(graph, step, at) : []
  if (definition.kind === 'action') return failure
  const used = new Set((graph.out[at] ?? []).map((edge) => edge.port))
  const idle = [...new Set(ports)].filter((port) => !used.has(port) && !(port === ERROR_PORT && canFail(definition)))
  if (idle.length === 0) return failure
  const fix = `Lead an edge from ${listed(idle.map((port) => `${step.id}.${port}`))} to a step.`
  // The next item waits for it, and what it sets is there behind the list.
  if (used.size === 0 && inItems && definition.type !== 'flow.forEach' && definition.kind === 'flow') return failure
  if (used.size === 0) {
    const found = stepProblem('PORT_UNCONNECTED', step, {
      at: '',
      message: `Nothing follows ${definition.label}, so it has no effect.`,
      fix: definition.kind === 'trigger' ? fix : `${fix.slice(0, -1)}, or remove it.`,
    })
    return [...failure, definition.kind === 'flow' ? asWarning(found) : found]
  }
  if (definition.type === 'flow.forEach') return [...failure, ...checkItemPort(step, idle)]
  // An arm that leads nowhere is a control group; a wait that is over one way or the other may be all there is.
  if (definition.type === 'flow.split' || 'fixed' in definition.ports) return failure
  return idle
    .filter((port) => port !== 'else')
    .map((port) =>
      asWarning(
        stepProblem('PORT_UNCONNECTED', step, {
          at: `ports.${port}`,
          message: `Nothing follows the case "${port}": runs that take it go no further on this path.`,
          fix: `Lead an edge from ${step.id}.${port} to a step, or remove the case.`,
        }),
      ),
    )
}

function checkItemPort(step: StepCheck['step'], idle: readonly string[]): Problem[] {
  if (!idle.includes(ITEM_PORT)) return []
  return [
    asWarning(
      stepProblem('PORT_UNCONNECTED', step, {
        at: `ports.${ITEM_PORT}`,
        message: 'Nothing is done for the items.',
        fix: `Lead an edge from ${step.id}.${ITEM_PORT} to the first step for each item, or remove the list.`,
      }),
    ),
  ]
}

/** A failure that leads nowhere would be met by nobody: the run goes on as if nothing had happened. */
function checkErrorPort(graph: Graph, step: StepCheck['step'], at: number): Problem[] {
  if (step.onFailure !== 'branch' || graph.out[at]?.some((edge) => edge.port === ERROR_PORT)) return []
  return [
    asWarning(
      stepProblem('PORT_UNCONNECTED', step, {
        at: `ports.${ERROR_PORT}`,
        message: 'Nothing follows the error branch: a failure would end this path in silence.',
        fix: `Lead an edge from ${step.id}.${ERROR_PORT} to a step, or choose what follows a failure anew.`,
      }),
    ),
  ]
}

function checkJoin(graph: Graph, { step, definition }: StepCheck, at: number): Problem[] {
  const edges = graph.in[at] ?? []
  if (definition?.type !== 'flow.join' || edges.length !== 1) return []
  return [
    asWarning(
      stepProblem('JOIN_NEEDS_BRANCHES', step, {
        at: '',
        message: 'Only one path leads into this join, so there is nothing to wait for.',
        fix: 'Lead another path to it, or remove it.',
      }),
    ),
  ]
}
