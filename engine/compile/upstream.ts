import { checkPath, itemsOf, typeOfUpstream, type Upstream } from './checks/paths.ts'
import { checkTypes, typesOfFacts } from './checks/templates.ts'
import type { JsonSchema } from '../../nodes/manifest.ts'
import type { TypeOfPath } from '../expression/type-of.ts'
import type { Problem } from '../model/problem.ts'
import type { Bodies } from './bodies.ts'
import type { Catalogue } from './context.ts'
import type { Ancestors, Graph } from './graph.ts'
import { createLeftBy } from './left-by.ts'
import type { StepCheck } from './step.ts'
import { type Variables, variablesOf } from './variables.ts'

interface Drawn {
  graph: Graph
  bodies: Bodies
  ancestors: () => Ancestors
}

/** What steps read of the trigger, of each other, of variables and items: whether it is there at that point, and of which type. */
export function checkUpstream(drawn: Drawn, steps: readonly StepCheck[], catalogue: Catalogue): Problem[] {
  if (steps.every((check) => check.paths.length === 0)) return []
  const { upstreamOf, typesAt } = createUpstream(drawn, steps, catalogue)
  return steps.flatMap((check, at) => {
    if (check.paths.length === 0) return []
    const upstream = upstreamOf(at)
    const found = check.paths.flatMap((use) => checkPath(check.step, use, upstream) ?? [])
    // Types of what is not there would only repeat that it is not there.
    if (found.some(({ severity }) => severity === 'error')) return found
    return [...found, ...check.late.flatMap(({ use }) => checkTypes(check.step, use, typesAt(at)))]
  })
}

function createUpstream(drawn: Drawn, steps: readonly StepCheck[], catalogue: Catalogue) {
  const { graph, bodies } = drawn
  const ancestors = drawn.ancestors()
  const triggers = steps.flatMap((check, i) => (check.definition?.kind === 'trigger' ? [{ i, check }] : []))
  const facts = typesOfFacts(catalogue)
  const leftBy = createLeftBy(graph, steps)
  const typesAt =
    (at: number): TypeOfPath =>
    (root, path) =>
      root === 'contact' || root === 'account' ? facts(root, path) : typeOfUpstream(root, path, upstreamOf(at))
  const variables: Variables = variablesOf({ graph, steps, ancestors }, typesAt)
  const items = new Map<number, JsonSchema>()
  const itemAt = (at: number): JsonSchema | null => {
    const around = bodies.within[at] ?? null
    if (around === null) return null
    const path = steps[around]?.step.input.list
    const schema = items.get(around) ?? (typeof path === 'string' ? itemsOf(path, upstreamOf(around)) : {})
    items.set(around, schema)
    return schema
  }
  const upstreamOf = (at: number): Upstream => {
    const outputOf = (i: number) => (ancestors.has(at, i) ? leftBy(i, at) : null)
    return {
      steps: (id) => {
        const i = graph.indexOf.get(id)
        return i === undefined ? null : outputOf(i)
      },
      stepIds: () => ancestors.of(at).flatMap((i) => (outputOf(i) === null ? [] : [graph.ids[i] ?? ''])),
      exists: (id) => graph.indexOf.has(id),
      triggers: triggers.flatMap(({ i, check: { step, definition } }) =>
        definition && (i === at || ancestors.has(at, i)) ? [{ id: step.id, output: definition.output }] : [],
      ),
      variable: (name) => variables.find(name, at),
      variables: () => variables.names(at),
      item: () => itemAt(at),
    }
  }
  return { upstreamOf, typesAt }
}
