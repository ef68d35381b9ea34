import { canFail, type JsonSchema } from '../../nodes/manifest.ts'
import { ERROR_PORT } from '../model/plan.ts'
import { type Graph, reachableFrom } from './graph.ts'
import type { StepCheck } from './step.ts'

/** What a step leaves behind for one after it. */
export interface LeftBehind {
  schema: JsonSchema
  /** Why it may not be there: the step may have left its fault in its place, or been left by another port than this. */
  unsure: null | { fault: true } | { port: string }
}

/** What later steps read of a failure: `steps.<id>.fault.code`. */
const FAULT: JsonSchema = {
  type: 'object',
  properties: { code: { type: 'string' }, message: { type: 'string' }, fix: { type: 'string' } },
  additionalProperties: false,
}
const ONLY_FAULT: JsonSchema = { type: 'object', properties: { fault: FAULT }, additionalProperties: false }

/** The steps that are reached by the ports behind which its output is there, by its failure, and by the others. */
interface Ways {
  output: Set<number>
  failed: Set<number>
  without: Set<number>
}

/** What steps find of those before them; by which ways they are reached is worked out once for each that has several. */
export function createLeftBy(
  graph: Graph,
  steps: readonly StepCheck[],
): (from: number, at: number) => LeftBehind | null {
  const known = new Map<number, Ways>()
  const waysOf = (from: number, outputPort: string | undefined): Ways => {
    const found = known.get(from) ?? waysFrom(graph, from, outputPort)
    known.set(from, found)
    return found
  }
  return (from, at) => {
    const { step, definition } = steps[from] ?? {}
    if (!step || !definition || definition.kind === 'trigger') return null
    const { output, outputPort } = definition
    const onFailure = canFail(definition) ? (step.onFailure ?? 'stop') : 'stop'
    if (onFailure === 'stop' && outputPort === undefined)
      return leavesNothing(output) ? null : { schema: output, unsure: null }
    const ways = waysOf(from, outputPort)
    const done = ways.output.has(at)
    const failed = onFailure === 'continue' ? done : ways.failed.has(at)
    if (failed) return done ? { schema: withFault(output), unsure: { fault: true } } : faultAlone(ways.without.has(at))
    if (!done || leavesNothing(output)) return null
    return { schema: output, unsure: ways.without.has(at) ? { port: outputPort ?? '' } : null }
  }
}

function waysFrom(graph: Graph, from: number, outputPort: string | undefined): Ways {
  const edges = Map.groupBy(graph.out[from] ?? [], ({ port }): keyof Ways => {
    if (port === ERROR_PORT) return 'failed'
    return outputPort === undefined || port === outputPort ? 'output' : 'without'
  })
  const behind = (way: keyof Ways): Set<number> =>
    reachableFrom(
      graph,
      (edges.get(way) ?? []).flatMap((edge) => graph.indexOf.get(edge.to) ?? []),
    )
  return { output: behind('output'), failed: behind('failed'), without: behind('without') }
}

const faultAlone = (unsure: boolean): LeftBehind => ({ schema: ONLY_FAULT, unsure: unsure ? { fault: true } : null })

/** Of most flow steps there is nothing to read. */
const leavesNothing = ({ properties, additionalProperties }: JsonSchema): boolean =>
  additionalProperties === false && (properties === undefined || Object.keys(properties ?? {}).length === 0)

/** Where the schema does not list what is left, anything may be read of it, the fault as well. */
function withFault(output: JsonSchema): JsonSchema {
  const { properties } = output
  if (properties === null || typeof properties !== 'object' || Array.isArray(properties)) return output
  return { ...output, properties: { ...properties, fault: FAULT } }
}
