import { Button, Skeleton } from '@mantine/core'
import { useReactFlow } from '@xyflow/react'
import { Plus, Workflow } from 'lucide-react'
import { useCallback, useEffect, useMemo, useState } from 'react'
import type { PlaybookDocument } from '../../../engine/model/playbook.ts'
import type { Problem } from '../../../engine/model/problem.ts'
import { Canvas } from '../canvas/canvas.tsx'
import type { StepMark } from '../canvas/flow-graph.ts'
import { focusForm, useFocusStep, useRevealStep } from '../canvas/use-canvas-keys.ts'
import type { Places } from '../document/layout.ts'
import { Empty } from '../ui/empty.tsx'
import { useCatalog } from './catalog-context.ts'
import { Palette } from './palette.tsx'
import { ProblemsPanel } from './problems-panel.tsx'
import { SidePanelView } from './side-panel.tsx'
import { StepPicker } from './step-picker.tsx'
import { useDraft, useEditor, useEditorStore } from './store.ts'
import { TopBar } from './top-bar.tsx'
import type { Saving } from './use-autosave.ts'
import { type TrialShown, useFlowMarks } from './use-marks.ts'
import { usePlaces } from './use-places.ts'
import { useProblems } from './use-problems.ts'
import { useShortcuts } from './use-shortcuts.ts'
import { useAddStep, useCanvasEditing } from './use-steps.ts'

const NONE: readonly Problem[] = []
const NO_PROBLEMS: ReadonlyMap<string, Problem[]> = new Map()

/** Bar, palette, canvas, side panel and problems of the editor. */
export function EditorLayout({ slug, saving }: { slug: string; saving: Saving }) {
  const document = useDraft()
  const places = usePlaces(document)
  const problems = useProblems(document)
  const [tried, setTried] = useState<{ shown: TrialShown | null; document: PlaybookDocument } | null>(null)
  // An edit makes the drawn path untrue.
  const trial = tried?.document === document ? tried.shown : null
  const onTrial = useCallback((shown: TrialShown | null) => setTried({ shown, document }), [document])
  const showProblems = useEditor((state) => state.panel) === 'inspector'
  const byStep = useMemo(() => groupByStep(problems ?? NONE), [problems])
  const flow = useFlowMarks(slug)
  const marks: ReadonlyMap<string, StepMark> = trial === null ? flow : trial.marks
  useShortcuts(saving)
  useRevealJump(places)

  return (
    <div className="sb-editor">
      <TopBar slug={slug} saving={saving} problems={problems ?? NONE} />
      <div className="sb-editor-main">
        <Palette />
        <div className="sb-editor-stage">
          <div className="sb-editor-canvas">
            {places === null ? (
              <Skeleton height="100%" radius={0} aria-label="Laying out the steps" />
            ) : (
              <DraftCanvas
                places={places}
                problems={trial === null ? byStep : NO_PROBLEMS}
                marks={marks}
                taken={trial?.taken ?? null}
                labels={trial?.labels ?? null}
              />
            )}
            {document.steps.length === 0 && <FirstStep />}
          </div>
          {showProblems && <ProblemsPanel problems={problems} />}
        </div>
        <SidePanelView slug={slug} byStep={byStep} onTrial={onTrial} />
      </div>
      <Picker />
    </div>
  )
}

function DraftCanvas(props: {
  places: Places
  problems: ReadonlyMap<string, Problem[]>
  marks: ReadonlyMap<string, StepMark>
  taken: TrialShown['taken'] | null
  labels: TrialShown['labels']
}) {
  const document = useDraft()
  const { manifest } = useCatalog()
  const selection = useEditor((state) => state.selection)
  const selectedEdges = useEditor((state) => state.selectedEdges)
  const { getState } = useEditorStore()
  const editing = useCanvasEditing()
  const onSelect = useCallback((ids: string[]) => getState().select(ids), [getState])
  return (
    <Canvas
      label="Canvas"
      document={document}
      manifest={manifest}
      selection={selection}
      selectedEdges={selectedEdges}
      editing={editing}
      onSelect={onSelect}
      {...props}
    />
  )
}

function groupByStep(problems: readonly Problem[]): Map<string, Problem[]> {
  const map = new Map<string, Problem[]>()
  for (const problem of problems) {
    if (problem.step === null) continue
    const list = map.get(problem.step)
    if (list === undefined) map.set(problem.step, [problem])
    else list.push(problem)
  }
  return map
}

/** Brings the step of a clicked problem into view. */
function useRevealJump(places: Places | null): void {
  const jump = useEditor((state) => state.jump)
  const focus = useFocusStep()
  const reveal = useRevealStep()
  useEffect(() => {
    if (jump === null || jump.step === null || places === null) return
    // The inspector takes the focus into the field where one is named.
    if (jump.field === null) focus(jump.step, places)
    else reveal(jump.step, places)
    // Only a new jump moves the view, not every new layout.
    // eslint-disable-next-line react-hooks/exhaustive-deps
  }, [jump])
}

function FirstStep() {
  const { getState } = useEditorStore()
  const flow = useReactFlow()
  return (
    <div className="sb-first-step">
      <Empty
        icon={Workflow}
        title="What starts this playbook?"
        actions={
          <Button
            leftSection={<Plus size={16} aria-hidden="true" />}
            onClick={(event) => {
              const { left: x, bottom: y } = event.currentTarget.getBoundingClientRect()
              const middle = flow.screenToFlowPosition({ x: window.innerWidth / 2, y: 180 })
              getState().openPicker({
                kind: 'free',
                at: [Math.round(middle.x - 128), Math.round(middle.y)],
                anchor: { x, y },
              })
            }}
          >
            Add trigger
          </Button>
        }
      >
        Begin with a trigger: a signal that is set, an event that happens, a schedule. Then add what follows, one step
        at a time.
      </Empty>
    </div>
  )
}

/** The step picker, wherever it was asked for. */
function Picker() {
  const picker = useEditor((state) => state.picker)
  const { getState } = useEditorStore()
  const { manifest } = useCatalog()
  const empty = useDraft().steps.length === 0
  const add = useAddStep()
  const steps = useMemo(() => {
    if (picker?.kind === 'free')
      return empty ? manifest.steps.filter((step) => step.kind === 'trigger') : manifest.steps
    return manifest.steps.filter((step) => step.kind !== 'trigger')
  }, [manifest, picker, empty])
  if (picker === null) return null
  return (
    <StepPicker
      steps={steps}
      anchor={picker.anchor}
      onClose={() => getState().openPicker(null)}
      onPick={(definition) => {
        getState().openPicker(null)
        add(definition, picker)
        const [added] = getState().selection
        if (added !== undefined) focusForm(added)
      }}
    />
  )
}
