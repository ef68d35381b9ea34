import type { Viewport } from '@xyflow/react'
import { useState } from 'react'
import type { PlaybookDocument } from '../../../engine/model/playbook.ts'
import { type Places, STEP_HEIGHT, STEP_WIDTH } from '../document/layout.ts'

/** Steps are read at this size or larger; smaller graphs are shown whole, large ones from their start. */
const READABLE = 0.72
/** On a telephone the shape of a small graph tells more than its words. */
const READABLE_NARROW = 0.5
const NARROW = 600

/** The view a canvas opens with, worked out from the places, so that nothing jumps after the first frame. */
export function useFirstView(places: Places, document: PlaybookDocument, withPalette: boolean): Viewport {
  const [view] = useState(() => firstView(places, document, frameSize(withPalette)))
  return view
}

const frameSize = (withPalette: boolean) => {
  const side = window.innerWidth > 1100 ? (withPalette ? 680 : 452) : 60
  return { width: Math.max(320, window.innerWidth - side), height: Math.max(320, window.innerHeight - 140) }
}

export function firstView(
  places: Places,
  document: PlaybookDocument,
  frame: { width: number; height: number },
): Viewport {
  const all = document.steps.map((step): [number, number] => places.get(step.id) ?? step.at ?? [0, 0])
  if (all.length === 0) return { x: frame.width / 2 - STEP_WIDTH / 2, y: 60, zoom: 1 }
  const left = Math.min(...all.map(([x]) => x))
  const right = Math.max(...all.map(([x]) => x)) + STEP_WIDTH
  const top = Math.min(...all.map(([, y]) => y))
  const bottom = Math.max(...all.map(([, y]) => y)) + STEP_HEIGHT + 60
  const fit = Math.min(1, (frame.width - 60) / (right - left), (frame.height - 60) / (bottom - top))
  const readable = frame.width < NARROW ? READABLE_NARROW : READABLE
  const zoom = Math.max(readable, fit)
  const start = all.find(([, y]) => y === top) ?? [0, 0]
  const middle = fit >= readable ? (left + right) / 2 : start[0] + STEP_WIDTH / 2
  const spare = fit >= readable ? Math.max(0, frame.height - (bottom - top) * zoom) / 3 : 0
  return { x: frame.width / 2 - middle * zoom, y: 40 + Math.min(spare, 80) - top * zoom, zoom }
}
