import { ViewportPortal } from '@xyflow/react'
import { useMemo } from 'react'
import type { PlaybookDocument } from '../../../engine/model/playbook.ts'
import type { Manifest } from '../../../nodes/manifest.ts'
import { bodiesIn } from '../document/bodies.ts'
import { portsOfStep, stepOf } from '../document/graph.ts'
import { type Places, STEP_HEIGHT, stepWidth } from '../document/layout.ts'

export interface Frame {
  list: string
  label: string
  x: number
  y: number
  width: number
  height: number
}

/** Room for the marks and port names of the steps at the edge. */
const AROUND = { side: 24, top: 34, bottom: 40 }

/** What stands around the steps of each list, the outermost first. */
export function framesOf(document: PlaybookDocument, manifest: Manifest, places: Places): Frame[] {
  return bodiesIn(document, manifest).flatMap(({ list, steps }): Frame[] => {
    const owner = stepOf(document, list)
    const boxes = steps.flatMap((id) => {
      const step = stepOf(document, id)
      const at = places.get(id) ?? step?.at
      if (step === undefined || at === undefined) return []
      const [x, y] = at
      return [
        {
          left: x,
          top: y,
          right: x + stepWidth(portsOfStep(document, step, manifest).length),
          bottom: y + STEP_HEIGHT,
        },
      ]
    })
    if (owner === undefined || boxes.length === 0) return []
    const x = Math.min(...boxes.map(({ left }) => left)) - AROUND.side
    const y = Math.min(...boxes.map(({ top }) => top)) - AROUND.top
    const right = Math.max(...boxes.map((box) => box.right)) + AROUND.side
    const bottom = Math.max(...boxes.map((box) => box.bottom)) + AROUND.bottom
    const { label: own = '', input } = owner
    const named = own !== '' ? own : typeof input.list === 'string' && input.list !== '' ? input.list : 'a list'
    const label = `For each item of ${named}`
    return [{ list, label, x, y, width: right - x, height: bottom - y }]
  })
}

/** Shows which steps run once for each item of a list, behind them. What it says, the steps and their edges say too. */
export function BodyFrames({
  document,
  manifest,
  places,
}: {
  document: PlaybookDocument
  manifest: Manifest
  places: Places
}) {
  const frames = useMemo(() => framesOf(document, manifest, places), [document, manifest, places])
  if (frames.length === 0) return null
  return (
    <ViewportPortal>
      {frames.map(({ list, label, x, y, width, height }) => (
        <div
          key={list}
          className="sb-body-frame"
          data-list={list}
          style={{ transform: `translate(${x}px, ${y}px)`, width, height }}
        >
          <span>{label}</span>
        </div>
      ))}
    </ViewportPortal>
  )
}
