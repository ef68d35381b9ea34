import { ViewportPortal } from '@xyflow/react'
import { useMemo } from 'react'
import type { DocumentStep, PlaybookDocument } from '../../../engine/model/playbook.ts'
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

interface Box {
  left: number
  top: number
  right: number
  bottom: number
}

/** Room for the marks and port names of the steps at the edge. */
const AROUND_STEPS = { side: 14, top: 34, bottom: 40 }
const AROUND_FRAMES = { side: 8, top: 8, bottom: 8 }

const grown = ({ left, top, right, bottom }: Box, by: typeof AROUND_STEPS): Box => ({
  left: left - by.side,
  top: top - by.top,
  right: right + by.side,
  bottom: bottom + by.bottom,
})

/** What stands around the steps of each list, the outermost first. */
export function framesOf(document: PlaybookDocument, manifest: Manifest, places: Places): Frame[] {
  const boxes = new Map<string, Box>()
  const frames = bodiesIn(document, manifest)
    .toReversed()
    .flatMap(({ list, steps }): Frame[] => {
      const owner = stepOf(document, list)
      const inside = steps.flatMap((id) => {
        const frame = boxes.get(id)
        return [...boxOf(document, id, { manifest, places }), ...(frame ? [grown(frame, AROUND_FRAMES)] : [])]
      })
      if (owner === undefined || inside.length === 0) return []
      const box: Box = {
        left: Math.min(...inside.map(({ left }) => left)),
        top: Math.min(...inside.map(({ top }) => top)),
        right: Math.max(...inside.map(({ right }) => right)),
        bottom: Math.max(...inside.map(({ bottom }) => bottom)),
      }
      boxes.set(list, box)
      const { left: x, top: y } = box
      return [{ list, label: `Each of ${nameOf(owner)}`, x, y, width: box.right - x, height: box.bottom - y }]
    })
  return frames.toReversed()
}

function boxOf(document: PlaybookDocument, id: string, shown: { manifest: Manifest; places: Places }): Box[] {
  const step = stepOf(document, id)
  const at = shown.places.get(id) ?? step?.at
  if (step === undefined || at === undefined) return []
  const [left, top] = at
  const width = stepWidth(portsOfStep(document, step, shown.manifest).length)
  return [grown({ left, top, right: left + width, bottom: top + STEP_HEIGHT }, AROUND_STEPS)]
}

/** What people call the list: the step's own name, else where the list stands. */
function nameOf({ label = '', input }: DocumentStep): string {
  if (label !== '') return label
  return typeof input.list === 'string' && input.list !== '' ? input.list : 'a list'
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
