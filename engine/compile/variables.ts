import { isTemplate, parseTemplate } from '../expression/template.ts'
import { type TypeOfPath, typeOf, type ValueType } from '../expression/type-of.ts'
import { ERROR_PORT } from '../model/plan.ts'
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
