import { type GraphLabel, graphlib, layout as dagre } from '@dagrejs/dagre'

/** The size every step is drawn with; fixed, so that nothing has to be measured before it can be placed. */
export const STEP_WIDTH = 256
export const STEP_HEIGHT = 76
/** A step with many ports is wider, so that their names stand apart. */
export const stepWidth = (ports: number): number => Math.max(STEP_WIDTH, ports * 104)

export interface LayoutGraph {
  steps: Array<{ id: string; width: number }>
  /** In the order of their ports: siblings are placed left to right in it. */
  edges: Array<[from: string, to: string]>
}

export type Places = Map<string, [x: number, y: number]>

/** Places steps in rows from top to bottom, branches side by side. */
export function layoutGraph({ steps, edges }: LayoutGraph): Places {
  const graph = new graphlib.Graph<GraphLabel>()
  graph.setGraph({ rankdir: 'TB', ranksep: 64, nodesep: 40, ranker: 'tight-tree' })
  graph.setDefaultEdgeLabel(() => ({}))
  for (const { id, width } of steps) graph.setNode(id, { width, height: STEP_HEIGHT })
  for (const [from, to] of edges) graph.setEdge(from, to)
  // The heuristic turns siblings round: “else” would stand left of the first case.
  dagre(graph, { disableOptimalOrderHeuristic: true })
  const places: Places = new Map()
  for (const { id, width } of steps) {
    const { x, y } = graph.node(id) as { x: number; y: number }
    places.set(id, [Math.round(x - width / 2), Math.round(y - STEP_HEIGHT / 2)])
  }
  return places
}
