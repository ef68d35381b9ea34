import { ITEM_PORT } from '../model/plan.ts'
import type { Edge } from './checks/edges.ts'

/** The drawing as numbers: steps by position, edges both ways, and who comes before whom. */
export interface Graph {
  ids: string[]
  indexOf: ReadonlyMap<string, number>
  /** Outgoing and incoming edges by step. */
  out: Edge[][]
  in: Edge[][]
  /** Positions in topological order; steps on a cycle, and those behind one, are missing. */
  order: number[]
}

export function graphOf(ids: string[], edges: readonly Edge[]): Graph {
  const indexOf = new Map(ids.map((id, i) => [id, i]))
  const out: Edge[][] = ids.map(() => [])
  const incoming: Edge[][] = ids.map(() => [])
  for (const edge of edges) {
    const from = indexOf.get(edge.from)
    const to = indexOf.get(edge.to)
    if (from === undefined || to === undefined) continue
    out[from]?.push(edge)
    incoming[to]?.push(edge)
  }
  const graph = { ids, indexOf, out, in: incoming, order: [] }
  return { ...graph, order: topological(graph) }
}

function topological({ ids, indexOf, out, in: incoming }: Graph): number[] {
  const open = incoming.map((edges) => edges.length)
  const order = ids.flatMap((_, i) => (open[i] === 0 ? [i] : []))
  for (let next = 0; next < order.length; next += 1) {
    const at = order[next] ?? 0
    for (const edge of out[at] ?? []) {
      const to = indexOf.get(edge.to) ?? 0
      open[to] = (open[to] ?? 0) - 1
      if (open[to] === 0) order.push(to)
    }
  }
  return order
}

/** One cycle among the steps that have no place in the order, as the ids along it; null where there is none. */
export function findCycle(graph: Graph): string[] | null {
  if (graph.order.length === graph.ids.length) return null
  const placed = new Set(graph.order)
  const start = graph.ids.findIndex((_, i) => !placed.has(i))
  // Every step without a place has a predecessor without one: walking back must come round.
  const path: number[] = []
  const position = new Map<number, number>()
  let at = start
  while (!position.has(at)) {
    position.set(at, path.length)
    path.push(at)
    const before = (graph.in[at] ?? []).map((edge) => graph.indexOf.get(edge.from) ?? -1).find((i) => !placed.has(i))
    if (before === undefined || before < 0) return null
    at = before
  }
  const cycle = path.slice(position.get(at)).toReversed()
  // Begin where a person reading the document meets it first.
  const first = cycle.indexOf(Math.min(...cycle))
  return [...cycle.slice(first), ...cycle.slice(0, first)].map((i) => graph.ids[i] ?? '')
}

/** For each step the set of all steps before it, as bits: a thousand steps take 32 words each. */
export interface Ancestors {
  has: (of: number, ancestor: number) => boolean
  of: (at: number) => number[]
}

export function ancestorsOf(graph: Graph): Ancestors {
  const count = graph.ids.length
  const words = Math.ceil(count / 32)
  const bits = new Uint32Array(words * count)
  for (const at of graph.order) {
    for (const edge of graph.in[at] ?? []) {
      const from = graph.indexOf.get(edge.from) ?? 0
      for (let w = 0; w < words; w += 1)
        bits[at * words + w] = (bits[at * words + w] ?? 0) | (bits[from * words + w] ?? 0)
      const word = at * words + (from >> 5)
      bits[word] = (bits[word] ?? 0) | (1 << (from & 31))
    }
  }
  const has = (of: number, ancestor: number): boolean =>
    ((bits[of * words + (ancestor >> 5)] ?? 0) & (1 << (ancestor & 31))) !== 0
  return { has, of: (at) => graph.ids.flatMap((_, i) => (has(at, i) ? [i] : [])) }
}

/** Steps that can be reached from any of these. */
export function reachableFrom(graph: Graph, starts: readonly number[]): Set<number> {
  const reached = new Set(starts)
  const queue = [...starts]
  for (let at = queue.pop(); at !== undefined; at = queue.pop()) {
    for (const edge of graph.out[at] ?? []) {
      const to = graph.indexOf.get(edge.to) ?? 0
      if (reached.has(to)) continue
      reached.add(to)
      queue.push(to)
    }
  }
  return reached
}

/**
 * Steps whose every path leads to this one: what a join for the first arrival gives up when it goes on.
 * @param candidates in topological order
 */
export function leadOnlyTo(graph: Graph, target: number, isCandidate: (at: number) => boolean): number[] {
  const inside = new Set([target])
  for (const at of graph.order.toReversed()) {
    if (at === target || !isCandidate(at)) continue
    // What is done for its items is done when the list is.
    const edges = (graph.out[at] ?? []).filter((edge) => edge.port !== ITEM_PORT)
    if (edges.length > 0 && edges.every((edge) => inside.has(graph.indexOf.get(edge.to) ?? -1))) inside.add(at)
  }
  inside.delete(target)
  return graph.order.filter((at) => inside.has(at))
}
