import { ActionIcon, ScrollArea, Tabs, Text, TextInput, Tooltip } from '@mantine/core'
import { PanelLeftClose, PanelLeftOpen, Search } from 'lucide-react'
import { useMemo, useState } from 'react'
import { findStep, type StepManifest } from '../../../nodes/manifest.ts'
import { STEP_DRAG_TYPE } from '../canvas/canvas.tsx'
import { StepIcon } from '../canvas/step-icon.tsx'
import { labelOf } from '../canvas/step-summary.ts'
import { firstOpenPort } from '../document/edit.ts'
import { useCatalog } from './catalog-context.ts'
import { searchSteps } from './search-steps.ts'
import { useDraft, useEditor, useEditorStore } from './store.ts'
import { useAddStep } from './use-steps.ts'

/** Steps to drag on the canvas, and the outline of what is there. */
export function Palette() {
  const [open, setOpen] = useState(() => window.innerWidth > 1100)
  if (!open)
    return (
      <div className="sb-palette" data-open="false">
        <Tooltip label="Show the steps" position="right">
          <ActionIcon variant="subtle" color="gray" size="lg" aria-label="Show the steps" onClick={() => setOpen(true)}>
            <PanelLeftOpen size={18} />
          </ActionIcon>
        </Tooltip>
      </div>
    )
  return (
    <aside className="sb-palette" data-open="true" aria-label="Steps">
      <Tabs defaultValue="add" variant="default" className="sb-palette-tabs">
        <div className="sb-palette-head">
          <Tabs.List>
            <Tabs.Tab value="add">Steps</Tabs.Tab>
            <Tabs.Tab value="outline">Outline</Tabs.Tab>
          </Tabs.List>
          <Tooltip label="Hide">
            <ActionIcon variant="subtle" color="gray" mt={4} aria-label="Hide the steps" onClick={() => setOpen(false)}>
              <PanelLeftClose size={16} />
            </ActionIcon>
          </Tooltip>
        </div>
        <Tabs.Panel value="add" className="sb-palette-panel">
          <AddList />
        </Tabs.Panel>
        <Tabs.Panel value="outline" className="sb-palette-panel">
          <Outline />
        </Tabs.Panel>
      </Tabs>
    </aside>
  )
}

function AddList() {
  const { manifest } = useCatalog()
  const [query, setQuery] = useState('')
  const found = useMemo(() => searchSteps(manifest.steps, query), [manifest, query])
  const groups = Map.groupBy(found, (step) => step.group)
  return (
    <>
      <TextInput
        size="xs"
        m={10}
        mb={4}
        aria-label="Search steps"
        placeholder="Search steps"
        leftSection={<Search size={14} aria-hidden="true" />}
        value={query}
        onChange={(event) => setQuery(event.currentTarget.value)}
      />
      <ScrollArea className="sb-palette-scroll" type="auto">
        {[...groups].map(([group, steps]) => (
          <div key={group} role="group" aria-label={group}>
            <div className="sb-picker-group">{group}</div>
            {steps.map((step) => (
              <PaletteStep key={`${step.type}@${step.version}`} step={step} />
            ))}
          </div>
        ))}
        <Text size="xs" c="dimmed" p={10}>
          Drag a step on the canvas, or click it to add it after the chosen one.
        </Text>
      </ScrollArea>
    </>
  )
}

function PaletteStep({ step }: { step: StepManifest }) {
  const { getState } = useEditorStore()
  const { manifest } = useCatalog()
  const add = useAddStep()
  const addAfterChosen = () => {
    const { selection, history } = getState()
    const [chosen] = selection
    const port = chosen === undefined ? null : firstOpenPort(history.present, chosen, manifest)
    const anchor = { x: 0, y: 0 }
    if (chosen !== undefined && port !== null && step.kind !== 'trigger')
      add(step, { kind: 'after', from: { step: chosen, port }, anchor })
    else {
      const ys = history.present.steps.map(({ at }) => at?.[1] ?? 0)
      const lowest = ys.length === 0 ? -140 : Math.max(...ys)
      const left = Math.min(0, ...history.present.steps.map(({ at }) => at?.[0] ?? 0))
      add(step, { kind: 'free', at: step.kind === 'trigger' ? [left - 300, 0] : [left, lowest + 140], anchor })
    }
  }
  return (
    <Tooltip label={step.help} position="right" multiline w={240}>
      <button
        type="button"
        className="sb-palette-step"
        data-kind={step.kind}
        data-app={step.connector ?? undefined}
        draggable
        onDragStart={(event) => {
          event.dataTransfer.setData(STEP_DRAG_TYPE, step.type)
          event.dataTransfer.effectAllowed = 'copy'
        }}
        onClick={addAfterChosen}
      >
        <span className="sb-step-icon">
          <StepIcon name={step.icon} size={15} />
        </span>
        {step.label}
      </button>
    </Tooltip>
  )
}

/** The playbook as text, in the order it is drawn: to find a step, and to read the graph without seeing it. */
function Outline() {
  const document = useDraft()
  const { manifest } = useCatalog()
  const selection = useEditor((state) => state.selection)
  const { getState } = useEditorStore()
  const [query, setQuery] = useState('')
  const rows = document.steps
    .map((step) => ({ step, definition: findStep(manifest, step.type) }))
    .filter(({ step, definition }) =>
      `${labelOf(step, definition)} ${step.id}`.toLowerCase().includes(query.toLowerCase()),
    )
    .toSorted((a, b) => (a.step.at?.[1] ?? 0) - (b.step.at?.[1] ?? 0) || (a.step.at?.[0] ?? 0) - (b.step.at?.[0] ?? 0))
  return (
    <>
      <TextInput
        size="xs"
        m={10}
        mb={4}
        aria-label="Find a step"
        placeholder="Find a step"
        leftSection={<Search size={14} aria-hidden="true" />}
        value={query}
        onChange={(event) => setQuery(event.currentTarget.value)}
      />
      <ScrollArea className="sb-palette-scroll" type="auto">
        {rows.slice(0, 300).map(({ step, definition }) => (
          <button
            key={step.id}
            type="button"
            className="sb-palette-step"
            data-kind={definition?.kind}
            data-app={definition?.connector ?? undefined}
            aria-pressed={selection.has(step.id)}
            onClick={() => getState().jumpTo(step.id, null)}
          >
            <span className="sb-step-icon">
              <StepIcon name={definition?.icon ?? 'box'} size={15} />
            </span>
            <span className="sb-outline-words">
              {labelOf(step, definition)}
              <span className="sb-mono">{step.id}</span>
            </span>
          </button>
        ))}
        {rows.length === 0 && (
          <Text size="xs" c="dimmed" p={10}>
            {document.steps.length === 0 ? 'No step yet.' : 'No step is called that.'}
          </Text>
        )}
      </ScrollArea>
    </>
  )
}
