import { type LayoutGraph, layoutGraph } from './layout.ts'

addEventListener('message', (event: MessageEvent<LayoutGraph>) => {
  postMessage([...layoutGraph(event.data)])
})
