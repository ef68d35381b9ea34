import { ITEM_PORT } from '../model/plan.ts'
import type { Problem } from '../model/problem.ts'
import type { Edge } from './checks/edges.ts'
import { problem } from './context.ts'
import type { Graph } from './graph.ts'
import type { StepCheck } from './step.ts'

/** Which steps run once for each item of a list. */
export interface Bodies {
  /** By step: the list for whose items it runs, the innermost; null: it runs once a run. */
  within: ReadonlyArray<number | null>
  problems: Problem[]
}

/**
 * The body of a list is what its port `item` alone leads to. A step that is also reached from outside would run once and
 * once for each item: an edge that makes it so is a problem.
 */
export function bodiesOf(graph: Graph, steps: readonly Pick<StepCheck, 'definition'>[]): Bodies {
  const within: Array<number | null> = graph.ids.map(() => null)
  const isList = (at: number): boolean => steps[at]?.definition?.type === 'flow.forEach'
  if (!steps.some((_, at) => isList(at))) return { within, problems: [] }
  const problems: Problem[] = []
  const place = (edge: Edge): number | null => {
    const from = graph.indexOf.get(edge.from) ?? -1
    return edge.port === ITEM_PORT && isList(from) ? from : (within[from] ?? null)
  }
  for (const at of graph.order) {
    const edges = graph.in[at] ?? []
    const places = edges.map(place)
    const shared = innermostShared(within, places)
    within[at] = shared
    for (const [i, edge] of edges.entries()) {
      const own = places[i] ?? null
      const other = edges[places.indexOf(shared)] ?? edges.find((_, n) => places[n] !== own)
      if (own !== shared && other) problems.push(leavesItems(edge, { list: graph.ids[own ?? -1] ?? '', other }))
    }
  }
  return { within, problems }
}

function innermostShared(within: ReadonlyArray<number | null>, places: ReadonlyArray<number | null>): number | null {
  const [first = null, ...others] = places.map((place) =>
    place === null ? [] : [place, ...listsAround(within, place)],
  )
  return first?.find((list) => others.every((chain) => chain.includes(list))) ?? null
}

/** The lists for whose items a step runs, the innermost first. */
export function listsAround(within: ReadonlyArray<number | null>, at: number): number[] {
  const around: number[] = []
  for (let list = within[at] ?? null; list !== null; list = within[list] ?? null) around.push(list)
  return around
}

const nameOf = ({ from, port }: Edge): string => (port === 'out' ? from : `${from}.${port}`)

const leavesItems = (edge: Edge, { list, other }: { list: string; other: Edge }): Problem => ({
  ...problem('EDGE_INVALID', {
    at: `edges.${edge.index}`,
    message: `"${edge.to}" follows "${nameOf(edge)}", which runs for each item of "${list}", and "${nameOf(other)}", which does not.`,
    fix: `Remove one of the two edges: what is done for each item hangs on ${list}.${ITEM_PORT} alone, what follows all of them on ${list}.`,
  }),
  step: edge.from,
})
