import { useReactFlow } from '@xyflow/react'
import { useMemo } from 'react'
import type { PlaybookDocument } from '../../../engine/model/playbook.ts'
import type { Manifest, StepManifest } from '../../../nodes/manifest.ts'
import type { CanvasEditing } from '../canvas/canvas.tsx'
import { addAfter, addStep, asideOf, connect, insertOnEdge, moveSteps, type NewStep } from '../document/edit.ts'
import { edgeEnd, portsOfStep, whyNotConnect } from '../document/graph.ts'
import { STEP_HEIGHT, STEP_WIDTH } from '../document/layout.ts'
import { failed } from '../ui/toast.ts'
import { useCatalog } from './catalog-context.ts'
import { type EditorStore, type PickerFor, useEditorStore } from './store.ts'

/** Adds what was picked where it was asked for, and selects it, so that its form is open. */
export function useAddStep(): (definition: StepManifest, where: PickerFor) => void {
  const store = useEditorStore()
  const { workspace, manifest } = useCatalog()
  return useMemo(
    () => (definition, where) => {
      const open = workspace.connections.filter((connection) => connection.app === definition.connector)
      const [only] = open
      // One connection of the app is the one that is meant; of several a person chooses.
      const fresh: NewStep = { definition, ...(only !== undefined && open.length === 1 && { connection: only.slug }) }
      place(store, fresh, { where, manifest })
    },
    [store, workspace, manifest],
  )
}

interface Place {
  where: PickerFor
  manifest: Manifest
}

function place(store: EditorStore, fresh: NewStep, at: Place): void {
  let id = ''
  store.getState().change((document) => {
    const added = put(document, fresh, at)
    id = added.id
    return added.document
  })
  store.getState().selectFresh(id)
}

function put(document: PlaybookDocument, fresh: NewStep, { where, manifest }: Place) {
  if (where.kind === 'edge') return insertOnEdge(document, where.index, fresh)
  if (where.kind === 'free') return addStep(document, fresh, where.at)
  // A trigger starts runs: it can stand beside the path, never in it.
  if (fresh.definition.kind === 'trigger') {
    const [x, y] = document.steps.find((step) => step.id === where.from.step)?.at ?? [0, 0]
    return addStep(document, fresh, [x + 320, y])
  }
  const source = document.steps.find((step) => step.id === where.from.step)
  const ports = source === undefined ? [] : portsOfStep(document, source, manifest)
  const taken = document.edges.some(([from]) => from === edgeEnd(where.from))
  const aside = ports.length > 1 && !taken ? asideOf(ports.indexOf(where.from.port), ports.length) : undefined
  return addAfter(document, where.from, { ...fresh, ...(aside !== undefined && { aside }) })
}

/** The canvas's changes as changes of the draft. */
export function useCanvasEditing(): CanvasEditing {
  const store = useEditorStore()
  const flow = useReactFlow()
  const add = useAddStep()
  const { manifest } = useCatalog()
  return useMemo((): CanvasEditing => {
    const { getState } = store
    return {
      addAfter: (from, anchor) => getState().openPicker({ kind: 'after', from, anchor }),
      insertOn: (index, anchor) => getState().openPicker({ kind: 'edge', index, anchor }),
      move: (places) => getState().change((document) => moveSteps(document, places)),
      whyNotConnect: (from, to) => whyNotConnect(getState().history.present, from, to),
      connect: (from, to) => {
        const why = whyNotConnect(getState().history.present, from, to)
        if (why === null) getState().change((document) => connect(document, from, to))
        else failed(new Error(why))
      },
      dropWire: (from, anchor) => getState().openPicker({ kind: 'after', from, anchor }),
      dropStep: (type, at) => {
        const definition = manifest.steps.find((step) => step.type === type)
        if (definition === undefined) return
        const { x, y } = flow.screenToFlowPosition(at)
        const spot: [number, number] = [x - STEP_WIDTH / 2, y - STEP_HEIGHT / 2]
        add(definition, { kind: 'free', at: spot, anchor: at })
      },
      selectEdges: (indexes) => getState().selectEdges(indexes),
    }
  }, [store, flow, add, manifest])
}
