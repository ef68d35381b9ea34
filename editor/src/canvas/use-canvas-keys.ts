import { useReactFlow } from '@xyflow/react'
import { type KeyboardEvent, useCallback } from 'react'
import type { PlaybookDocument } from '../../../engine/model/playbook.ts'
import { type Places, STEP_HEIGHT, STEP_WIDTH } from '../document/layout.ts'

const WAYS: { [key: string]: [dx: number, dy: number] } = {
  ArrowUp: [0, -1],
  ArrowDown: [0, 1],
  ArrowLeft: [-1, 0],
  ArrowRight: [1, 0],
}
/** How far Alt and an arrow move a step. */
const NUDGE = 16

interface CanvasKeys {
  document: PlaybookDocument
  places: Places
  onSelect(ids: string[]): void
  move: ((places: Places) => void) | null
}

/** The canvas by keyboard: arrows walk from step to step, Enter opens one, Alt with an arrow moves it. */
export function useCanvasKeys({ document, places, onSelect, move }: CanvasKeys) {
  const focus = useFocusStep()
  return useCallback(
    (event: KeyboardEvent<HTMLElement>) => {
      const { target } = event
      if (!(target instanceof HTMLElement) || !target.classList.contains('react-flow__node')) return
      const id = target.dataset.id
      if (id === undefined) return
      if (event.key === 'Enter' || event.key === ' ') {
        event.preventDefault()
        onSelect([id])
        focusForm(id)
        return
      }
      const way = WAYS[event.key]
      const at = places.get(id)
      if (way === undefined || at === undefined || event.ctrlKey || event.metaKey) return
      event.preventDefault()
      if (event.altKey) {
        move?.(new Map([[id, [at[0] + way[0] * NUDGE, at[1] + way[1] * NUDGE]]]))
        return
      }
      const next = nearest(document, places, { id, way })
      if (next !== null) focus(next, places)
    },
    [document, places, onSelect, move, focus],
  )
}

/** The closest step in a direction: distance along it counts once, to the side twice. */
export function nearest(
  document: PlaybookDocument,
  places: Places,
  from: { id: string; way: [number, number] },
): string | null {
  const start = places.get(from.id)
  if (start === undefined) return null
  let best: { id: string; cost: number } | null = null
  for (const { id } of document.steps) {
    const at = places.get(id)
    if (at === undefined || id === from.id) continue
    const [dx, dy] = [at[0] - start[0], at[1] - start[1]]
    const along = dx * from.way[0] + dy * from.way[1]
    const side = Math.abs(from.way[0] === 0 ? dx : dy)
    if (along <= 8) continue
    const cost = along + 2 * side
    if (best === null || cost < best.cost) best = { id, cost }
  }
  return best?.id ?? null
}

/** Gives a step on the canvas the focus; it may not be drawn yet. */
export function focusNode(id: string, tries = 10): void {
  const node = window.document.querySelector<HTMLElement>(`.react-flow__node[data-id="${CSS.escape(id)}"]`)
  if (node !== null) node.focus({ preventScroll: true })
  else if (tries > 0) requestAnimationFrame(() => focusNode(id, tries - 1))
}

/** Moves the focus into a step's form once it is drawn: to what is not filled in yet, else to its first field. */
export function focusForm(id: string): void {
  const find = (tries: number) => {
    const form = window.document.querySelector(`[data-step-form="${CSS.escape(id)}"]`)
    const inputs = [...(form?.querySelectorAll<HTMLInputElement | HTMLTextAreaElement>(INPUTS) ?? [])]
    const input = inputs.find(({ value }) => value === '') ?? inputs[0]
    if (input !== undefined) input.focus()
    else if (tries > 0) requestAnimationFrame(() => find(tries - 1))
  }
  requestAnimationFrame(() => find(10))
}
const INPUTS = '[data-field] :is(input:not([type="hidden"]), textarea)'

/** Brings a step into view. */
export function useRevealStep(): (id: string, places: Places) => void {
  const flow = useReactFlow()
  return useCallback(
    (id, places) => {
      const at = places.get(id)
      if (at === undefined) return
      const zoom = Math.max(0.7, flow.getZoom())
      const corner = flow.flowToScreenPosition({ x: at[0], y: at[1] })
      const { innerWidth, innerHeight } = window
      const inside = corner.x > 80 && corner.y > 80 && corner.x < innerWidth - 660 && corner.y < innerHeight - 160
      if (!inside) void flow.setCenter(at[0] + STEP_WIDTH / 2, at[1] + STEP_HEIGHT / 2, { zoom })
    },
    [flow],
  )
}

/** Brings a step into view and gives it the focus; it may not be drawn yet. */
export function useFocusStep(): (id: string, places: Places) => void {
  const reveal = useRevealStep()
  return useCallback(
    (id, places) => {
      reveal(id, places)
      focusNode(id)
    },
    [reveal],
  )
}
