import type { PlaybookDocument } from '../../../engine/model/playbook.ts'
import type { Manifest } from '../../../nodes/manifest.ts'
import { edgesOf, portsOfStep } from './graph.ts'
import { type LayoutGraph, type Places, stepWidth } from './layout.ts'

/** Above this many steps the layout runs in a worker, so that the page stays alive. */
export const WORKER_FROM = 120

/** The graph as the layout wants it: edges of one step in the order of its ports. */
export function layoutInput(document: PlaybookDocument, manifest: Manifest): LayoutGraph {
  const known = new Set(document.steps.map((step) => step.id))
  const edges = edgesOf(document).filter((edge) => known.has(edge.from) && known.has(edge.to))
  const bySource = Map.groupBy(edges, (edge) => edge.from)
  return {
    steps: document.steps.map((step) => ({
      id: step.id,
      width: stepWidth(portsOfStep(document, step, manifest).length),
    })),
    edges: document.steps.flatMap((step) => {
      const ports = portsOfStep(document, step, manifest)
      const own = bySource.get(step.id) ?? []
      return own
        .toSorted((a, b) => ports.indexOf(a.port) - ports.indexOf(b.port))
        .map((edge): [string, string] => [edge.from, edge.to])
    }),
  }
}

/** Places for all steps. @throws Error when the worker fails, or the layout cannot be fetched */
export async function tidy(document: PlaybookDocument, manifest: Manifest): Promise<Places> {
  const graph = layoutInput(document, manifest)
  if (graph.steps.length < WORKER_FROM) return (await import('./layout-graph.ts')).layoutGraph(graph)
  return new Promise((resolve, reject) => {
    const worker = new Worker(new URL('./layout.worker.ts', import.meta.url), { type: 'module' })
    worker.addEventListener('message', (event: MessageEvent<Array<[string, [number, number]]>>) => {
      resolve(new Map(event.data))
      worker.terminate()
    })
    worker.addEventListener('error', (event) => {
      reject(new Error(`The steps could not be laid out: ${event.message}`))
      worker.terminate()
    })
    worker.postMessage(graph)
  })
}
