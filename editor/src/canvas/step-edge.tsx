import { BaseEdge, EdgeLabelRenderer, type EdgeProps, getSmoothStepPath } from '@xyflow/react'
import { Plus } from 'lucide-react'
import { memo } from 'react'
import { useCanvasActions } from './canvas-actions.ts'
import type { StepEdge } from './flow-graph.ts'

export const StepEdgeView = memo(function StepEdgeView(props: EdgeProps<StepEdge>) {
  const { sourceX, sourceY, targetX, targetY, data, source, target } = props
  const actions = useCanvasActions()
  const [path, middleX, middleY] = getSmoothStepPath({ ...props, borderRadius: 14 })
  const places = {
    source: [sourceX, sourceY + 38],
    target: [targetX, targetY - 26],
    middle: [middleX, middleY],
  } as const
  const [x, y] = places[data?.plus ?? 'middle']
  return (
    <>
      <BaseEdge path={path} interactionWidth={18} />
      {data?.label !== undefined && (
        <EdgeLabelRenderer>
          <span className="sb-edge-label" style={{ transform: `translate(12px, -50%) translate(${x}px, ${y}px)` }}>
            {data.label}
          </span>
        </EdgeLabelRenderer>
      )}
      {actions !== null && data !== undefined && (
        <EdgeLabelRenderer>
          <button
            type="button"
            className="sb-plus sb-plus-edge nodrag nopan"
            style={{ transform: `translate(-50%, -50%) translate(${x}px, ${y}px)` }}
            aria-label={`Add step between ${source} and ${target}`}
            onClick={(event) => {
              event.stopPropagation()
              const { left, bottom } = event.currentTarget.getBoundingClientRect()
              actions.insertOn(data.index, { x: left, y: bottom })
            }}
          >
            <Plus size={14} aria-hidden="true" />
          </button>
        </EdgeLabelRenderer>
      )}
    </>
  )
})
