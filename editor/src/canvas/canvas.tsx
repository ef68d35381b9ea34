import '@xyflow/react/dist/style.css'
import './canvas.css'
import { useComputedColorScheme } from '@mantine/core'
import {
  Background,
  BackgroundVariant,
  Controls,
  type EdgeChange,
  type FinalConnectionState,
  MiniMap,
  type NodeChange,
  ReactFlow,
  type XYPosition,
} from '@xyflow/react'
import { type DragEvent, type ReactNode, useCallback, useMemo, useState } from 'react'
import type { PortRef } from '../document/graph.ts'
import type { Places } from '../document/layout.ts'
import { BodyFrames } from './body-frames.tsx'
import { type Anchor, type CanvasActions, CanvasActionsContext } from './canvas-actions.ts'
import { useCatalog } from '../playbook/catalog-context.ts'
import { createNodeMaker, makeEdges, type Shown, type StepEdge, type StepNode } from './flow-graph.ts'
import { StepEdgeView } from './step-edge.tsx'
import { StepNodeView } from './step-node.tsx'
import { useCanvasKeys } from './use-canvas-keys.ts'
import { useFirstView } from './use-first-view.ts'

const nodeTypes = { step: StepNodeView }
const edgeTypes = { step: StepEdgeView }
export const STEP_DRAG_TYPE = 'application/x-signalbox-step'

/** What a person can change on the canvas. Absent: the canvas is read-only. */
export interface CanvasEditing extends CanvasActions {
  move(places: Places): void
  connect(from: PortRef, to: string): void
  whyNotConnect(from: PortRef, to: string): string | null
  /** A wire was dropped on the blank canvas. */
  dropWire(from: PortRef, anchor: Anchor): void
  /** A step was dragged here from the palette. */
  dropStep(type: string, at: XYPosition): void
  selectEdges(indexes: number[]): void
}

export interface CanvasProps extends Omit<Shown, 'places' | 'timeZone'> {
  places: Places
  selectedEdges: ReadonlySet<number>
  /** Which edges the shown run took; null where no run is shown. */
  taken: ((from: string, port: string, to: string) => boolean) | null
  /** How many went by each port, where that is shown. */
  labels?: ((from: string, port: string) => string | null) | null
  editing: CanvasEditing | null
  onSelect(ids: string[]): void
  label: string
  children?: ReactNode
}

const NO_PLACES: Places = new Map()

/** The playbook as a drawing: to edit, or to show what a run did. Stands inside a `ReactFlowProvider`. */
export function Canvas(props: CanvasProps) {
  const { editing, document, selection } = props
  const scheme = useComputedColorScheme('light')
  const { timeZone } = useCatalog().workspace
  const [makeNodes] = useState(createNodeMaker)
  const [dragged, setDragged] = useState(NO_PLACES)
  const places = useMemo(
    () => (dragged.size === 0 ? props.places : new Map([...props.places, ...dragged])),
    [props.places, dragged],
  )
  const { manifest, problems, marks, taken, labels = null, selectedEdges, onSelect } = props
  const nodes = useMemo(
    () => makeNodes({ document, manifest, problems, marks, selection, places, timeZone }),
    [makeNodes, document, manifest, problems, marks, selection, places, timeZone],
  )
  const edges = useMemo(
    () => makeEdges(document, { selected: selectedEdges, taken, labels }),
    [document, selectedEdges, taken, labels],
  )

  const onNodesChange = useCallback(
    (changes: Array<NodeChange<StepNode>>) => {
      const next = selectionAfter(selection, changes)
      if (next !== null) onSelect(next)
      const moves = changes.flatMap(
        (change): Array<[string, [number, number]]> =>
          change.type === 'position' && change.position !== undefined
            ? [[change.id, [change.position.x, change.position.y]]]
            : [],
      )
      if (moves.length > 0) setDragged((old) => new Map([...old, ...moves]))
    },
    [selection, onSelect],
  )
  const onEdgesChange = useCallback(
    (changes: Array<EdgeChange<StepEdge>>) => {
      const chosen = changes.flatMap((change) => (change.type === 'select' && change.selected ? [change.id] : []))
      const touched = changes.some((change) => change.type === 'select')
      if (touched)
        editing?.selectEdges(edges.filter((edge) => chosen.includes(edge.id)).map((edge) => edge.data?.index ?? -1))
    },
    [editing, edges],
  )
  const finishDrag = (_: unknown, __: StepNode, moved: StepNode[]) => {
    editing?.move(new Map(moved.map((node) => [node.id, [node.position.x, node.position.y]])))
    setDragged(NO_PLACES)
  }
  const keys = useCanvasKeys({ document, places, onSelect, move: editing === null ? null : editing.move })
  const firstView = useFirstView(places, document, editing !== null)
  const drop = useDrop(editing)

  return (
    <CanvasActionsContext value={editing}>
      <section className="sb-canvas" aria-label={props.label} onKeyDown={keys}>
        <ReactFlow<StepNode, StepEdge>
          nodes={nodes}
          edges={edges}
          nodeTypes={nodeTypes}
          edgeTypes={edgeTypes}
          onNodesChange={onNodesChange}
          onEdgesChange={onEdgesChange}
          onNodeDragStop={finishDrag}
          onSelectionDragStop={(event, moved) => finishDrag(event, moved[0] as StepNode, moved)}
          colorMode={scheme}
          onlyRenderVisibleElements
          disableKeyboardA11y
          deleteKeyCode={null}
          nodesDraggable={editing !== null}
          nodesConnectable={editing !== null}
          nodesFocusable
          edgesFocusable={false}
          defaultViewport={firstView}
          minZoom={0.1}
          maxZoom={1.6}
          snapToGrid
          snapGrid={[8, 8]}
          panOnScroll
          selectionKeyCode="Shift"
          multiSelectionKeyCode={['Control', 'Meta', 'Shift']}
          {...drop}
        >
          <BodyFrames document={document} manifest={manifest} places={places} />
          <Background variant={BackgroundVariant.Dots} gap={24} size={1.4} />
          <Controls showInteractive={false} position="bottom-left" fitViewOptions={{ maxZoom: 1, duration: 200 }} />
          {document.steps.length > 6 && <MiniMap pannable zoomable position="bottom-right" nodeBorderRadius={12} />}
          {props.children}
        </ReactFlow>
      </section>
    </CanvasActionsContext>
  )
}

function selectionAfter(selection: ReadonlySet<string>, changes: Array<NodeChange<StepNode>>): string[] | null {
  const selects = changes.filter((change) => change.type === 'select')
  if (selects.length === 0) return null
  const next = new Set(selection)
  for (const change of selects) {
    if (change.selected) next.add(change.id)
    else next.delete(change.id)
  }
  return [...next]
}

/** Wires and palette entries that end on the canvas. */
function useDrop(editing: CanvasEditing | null) {
  return useMemo(() => {
    if (editing === null) return {}
    return {
      onConnect: (wire: { source: string; sourceHandle: string | null; target: string }) => {
        editing.connect({ step: wire.source, port: wire.sourceHandle ?? 'out' }, wire.target)
      },
      isValidConnection: (wire: { source: string; sourceHandle?: string | null; target: string }) =>
        editing.whyNotConnect({ step: wire.source, port: wire.sourceHandle ?? 'out' }, wire.target) === null,
      onConnectEnd: (event: MouseEvent | TouchEvent, state: FinalConnectionState) => {
        if (state.isValid === true || state.toNode !== null || state.fromHandle?.type !== 'source') return
        const { clientX: x, clientY: y } =
          'changedTouches' in event ? (event.changedTouches[0] ?? { clientX: 0, clientY: 0 }) : event
        editing.dropWire({ step: state.fromHandle.nodeId, port: state.fromHandle.id ?? 'out' }, { x, y })
      },
      onDragOver: (event: DragEvent) => {
        if (!event.dataTransfer.types.includes(STEP_DRAG_TYPE)) return
        event.preventDefault()
        event.dataTransfer.dropEffect = 'copy'
      },
      onDrop: (event: DragEvent) => {
        const type = event.dataTransfer.getData(STEP_DRAG_TYPE)
        if (type === '') return
        event.preventDefault()
        editing.dropStep(type, { x: event.clientX, y: event.clientY })
      },
    }
  }, [editing])
}
