import { isTemplate, parseTemplate } from '../expression/template.ts'
import { type TypeOfPath, typeOf, type ValueType } from '../expression/type-of.ts'
import { ERROR_PORT } from '../model/plan.ts'
import type { Problem } from '../model/problem.ts'
import { listsAround } from './bodies.ts'
import { asWarning, stepProblem } from './context.ts'
import type { Ancestors, Graph } from './graph.ts'
import type { StepCheck } from './step.ts'

/** A variable as a step finds it. */
export interface Variable {
  type: ValueType
  /** Whether every path to the step sets it. */
  sure: boolean
}

export interface Variables {
  /** Null: no step before sets it. */
  find: (name: string, at: number) => Variable | null
  names: (at: number) => string[]
}

/** @param typesAt what the paths are that a step reads */
export function variablesOf(
  drawn: { graph: Graph; steps: readonly StepCheck[]; ancestors: Ancestors },
  typesAt: (at: number) => TypeOfPath,
): Variables {
  const { graph, steps, ancestors } = drawn
  const setters = steps.flatMap((check, at) => {
    const name = variableOf(check)
    return name === null ? [] : [{ at, name }]
  })
  let set: Array<ReadonlySet<string>> | null = null
  const types = new Map<number, ValueType>()
  const typeSetAt = (at: number): ValueType => {
    const known = types.get(at) ?? typeOfValue(steps[at]?.step.input.value, typesAt(at))
    types.set(at, known)
    return known
  }
  const before = (at: number) => setters.filter((setter) => ancestors.has(at, setter.at))
  return {
    find: (name, at) => {
      const found = new Set(before(at).flatMap((setter) => (setter.name === name ? [typeSetAt(setter.at)] : [])))
      const [type] = found
      if (type === undefined) return null
      set ??= setOnEveryPath(graph, steps)
      return { type: found.size === 1 ? type : 'unknown', sure: set[at]?.has(name) ?? false }
    },
    names: (at) => [...new Set(before(at).map(({ name }) => name))],
  }
}

function variableOf({ step, definition }: StepCheck): string | null {
  const { name } = step.input
  return definition?.type === 'flow.setVariable' && typeof name === 'string' ? name : null
}

function typeOfValue(value: unknown, paths: TypeOfPath): ValueType {
  if (value === null) return 'null'
  if (Array.isArray(value)) return 'list'
  if (typeof value === 'number' || typeof value === 'boolean' || typeof value === 'object')
    return typeof value as 'number' | 'boolean' | 'object'
  if (typeof value !== 'string') return 'unknown'
  if (!isTemplate(value)) return 'string'
  const parsed = parseTemplate(value)
  const [part] = parsed.ok ? parsed.template.parts : []
  if (!parsed.ok || part === undefined) return 'unknown'
  if (!parsed.template.whole || part.kind === 'text') return 'string'
  const typed = typeOf(part.expression.ast, paths)
  return typed.ok ? typed.type : 'unknown'
}

/** By step: the variables that have been set whichever way led to it. A path that a join waited for may have been skipped. */
function setOnEveryPath(graph: Graph, steps: readonly StepCheck[]): Array<ReadonlySet<string>> {
  const set: Array<ReadonlySet<string>> = graph.ids.map(() => new Set())
  for (const at of graph.order) {
    const ways = (graph.in[at] ?? []).map((edge): ReadonlySet<string> => {
      const from = graph.indexOf.get(edge.from) ?? -1
      const check = steps[from]
      const name = check === undefined ? null : variableOf(check)
      const failed = edge.port === ERROR_PORT || check?.step.onFailure === 'continue'
      const before = set[from] ?? new Set()
      return name === null || failed ? before : new Set([...before, name])
    })
    const [first, ...others] = ways
    if (first !== undefined) set[at] = new Set([...first].filter((name) => others.every((way) => way.has(name))))
  }
  return set
}

/** A variable is the run's, not the item's: set for several items at once, one reads what another has set. */
export function checkRaces(
  { graph, within }: { graph: Graph; within: ReadonlyArray<number | null> },
  steps: readonly StepCheck[],
): Problem[] {
  const readers = (name: string): number[] =>
    steps.flatMap(({ paths }, at) => (paths.some(({ root, path }) => root === 'vars' && path[0] === name) ? [at] : []))
  return steps.flatMap((check, at) => {
    const name = variableOf(check)
    if (name === null) return []
    const list = listsAround(within, at).find((around) => Number(steps[around]?.step.input.atOnce ?? 1) > 1)
    if (list === undefined || !readers(name).some((reader) => listsAround(within, reader).includes(list))) return []
    const of = graph.ids[list] ?? ''
    return [
      asWarning(
        stepProblem('INPUT_INVALID', check.step, {
          at: 'input.name',
          field: 'name',
          message: `"${name}" is set for several items of "${of}" at once: a step for one item may read what was set for another.`,
          fix: `Read the item itself, or let "${of}" work on one item at a time.`,
        }),
      ),
    ]
  })
}
