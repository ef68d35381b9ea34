import type { LayoutGraph } from './layout.ts'
import { layoutGraph } from './layout-graph.ts'

addEventListener('message', (event: MessageEvent<LayoutGraph>) => {
  postMessage([...layoutGraph(event.data)])
})
