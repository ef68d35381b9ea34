import { createContext, useContext } from 'react'
import type { PortRef } from '../document/graph.ts'

/** Where on the screen something was asked for; a picker opens there. */
export interface Anchor {
  x: number
  y: number
}

/** What a step or an edge can ask of the page; null where the canvas is read-only. */
export interface CanvasActions {
  addAfter(port: PortRef, anchor: Anchor): void
  insertOn(edgeIndex: number, anchor: Anchor): void
}

export const CanvasActionsContext = createContext<CanvasActions | null>(null)
export const useCanvasActions = (): CanvasActions | null => useContext(CanvasActionsContext)
