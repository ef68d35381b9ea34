import type { JsonSchema } from '../../nodes/manifest.ts'
import { ERROR_PORT } from '../model/plan.ts'
import { type Graph, reachableFrom } from './graph.ts'
import type { StepCheck } from './step.ts'

/** What an action leaves behind for a step after it. */
export interface LeftBehind {
  schema: JsonSchema
  /** Whether it may have left the other of output and fault: then neither is sure to be there. */
  unsure: boolean
}

/** What later steps read of a failure: `steps.<id>.fault.code`. */
const FAULT: JsonSchema = {
  type: 'object',
  properties: { code: { type: 'string' }, message: { type: 'string' }, fix: { type: 'string' } },
  additionalProperties: false,
}
const ONLY_FAULT: JsonSchema = { type: 'object', properties: { fault: FAULT }, additionalProperties: false }

/** Which steps are reached with and which without a failure of the step, worked out once for each that deals with it. */
export function createLeftBy(
  graph: Graph,
  steps: readonly StepCheck[],
): (from: number, at: number) => LeftBehind | null {
  const reached = new Map<number, { failed: Set<number>; done: Set<number> }>()
  const reachedFrom = (from: number) => {
    const known = reached.get(from)
    if (known) return known
    const behind = (failed: boolean): Set<number> => {
      const edges = (graph.out[from] ?? []).filter((edge) => (edge.port === ERROR_PORT) === failed)
      return reachableFrom(
        graph,
        edges.flatMap((edge) => graph.indexOf.get(edge.to) ?? []),
      )
    }
    const found = { failed: behind(true), done: behind(false) }
    reached.set(from, found)
    return found
  }
  return (from, at) => {
    const { step, definition } = steps[from] ?? {}
    if (definition?.kind !== 'action') return null
    const output = { schema: definition.output, unsure: false }
    const either = { schema: withFault(definition.output), unsure: true }
    if (step?.onFailure === 'continue') return either
    if (step?.onFailure !== 'branch') return output
    const { failed, done } = reachedFrom(from)
    if (!failed.has(at)) return output
    return done.has(at) ? either : { schema: ONLY_FAULT, unsure: false }
  }
}

/** Where the schema does not list what is left, anything may be read of it, the fault as well. */
function withFault(output: JsonSchema): JsonSchema {
  const { properties } = output
  if (properties === null || typeof properties !== 'object' || Array.isArray(properties)) return output
  return { ...output, properties: { ...properties, fault: FAULT } }
}
