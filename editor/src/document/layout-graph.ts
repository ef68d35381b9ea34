import { type GraphLabel, graphlib, layout as dagre } from '@dagrejs/dagre'
import { type LayoutGraph, type Places, STEP_HEIGHT } from './layout.ts'

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
