import { ActionIcon, Group, SegmentedControl, Text, Title } from '@mantine/core'
import { X } from 'lucide-react'
import type { KeyboardEvent } from 'react'
import type { Problem } from '../../../engine/model/problem.ts'
import { removeSteps } from '../document/edit.ts'
import { focusNode } from '../canvas/use-canvas-keys.ts'
import { stepOf } from '../document/graph.ts'
import { Inspector } from '../inspector/inspector.tsx'
import { BacktestPanel } from './backtest-panel.tsx'
import { DryRunPanel } from './dry-run-panel.tsx'
import { PlaybookSettings } from './playbook-settings.tsx'
import { type SidePanel, useDraft, useEditor, useEditorStore } from './store.ts'
import { TestsPanel } from './tests-panel.tsx'
import type { TrialShown } from './use-marks.ts'

const NONE: Problem[] = []
/** What a step that was just added naturally lacks. */
const YET: ReadonlySet<string> = new Set(['INPUT_MISSING', 'INPUT_INVALID', 'RULE_INVALID', 'PORT_UNCONNECTED'])

/** What is beside the canvas: the chosen step, several, the playbook itself, or a dry run. */
export function SidePanelView(props: {
  slug: string
  byStep: ReadonlyMap<string, Problem[]>
  onTrial: (shown: TrialShown | null) => void
}) {
  const panel = useEditor((state) => state.panel)
  const selection = useEditor((state) => state.selection)
  const fresh = useEditor((state) => state.fresh)
  const document = useDraft()
  const [first, ...more] = selection
  const step = first === undefined ? undefined : stepOf(document, first)
  if (panel !== 'inspector') return <TrialPanel panel={panel} slug={props.slug} onTrial={props.onTrial} />
  if (more.length > 0) return <SeveralSteps count={selection.size} />
  if (step !== undefined)
    return (
      <aside
        className="sb-side"
        data-front="true"
        aria-label="Step"
        data-step-form={step.id}
        onKeyDown={(event) => {
          if (event.key === 'Escape' && isLeaving(event)) focusNode(step.id)
        }}
      >
        <Inspector
          key={step.id}
          step={step}
          problems={(props.byStep.get(step.id) ?? NONE).filter(({ code }) => fresh !== step.id || !YET.has(code))}
        />
      </aside>
    )
  return (
    <aside className="sb-side" aria-label="Playbook">
      <PlaybookSettings />
    </aside>
  )
}

/** Escape first closes what is open: a list of its field, or a popover, whose events come here though it stands elsewhere. */
const isLeaving = ({ target, currentTarget }: KeyboardEvent): boolean =>
  target instanceof HTMLElement && currentTarget.contains(target) && target.getAttribute('aria-expanded') !== 'true'

type Trial = Exclude<SidePanel, 'inspector'>
const TRIALS: Array<{ value: Trial; label: string }> = [
  { value: 'dryRun', label: 'Dry run' },
  { value: 'backtest', label: 'Backtest' },
  { value: 'tests', label: 'Tests' },
]

/** What the draft would do, without a write: for one record, or over what is stored. */
function TrialPanel(props: { panel: Trial; slug: string; onTrial: (shown: TrialShown | null) => void }) {
  const { panel, slug, onTrial } = props
  const { getState } = useEditorStore()
  const title = TRIALS.find(({ value }) => value === panel)?.label ?? ''
  const open = (next: SidePanel) => {
    onTrial(null)
    getState().openPanel(next)
  }
  return (
    <aside className="sb-side" aria-label={title}>
      <SideHead title={title} onClose={() => open('inspector')} />
      <SegmentedControl
        mx="md"
        mt="xs"
        size="xs"
        aria-label="How to try the draft"
        data={TRIALS}
        value={panel}
        onChange={(value) => open(TRIALS.find((one) => one.value === value)?.value ?? 'dryRun')}
      />
      {panel === 'dryRun' && <DryRunPanel slug={slug} onShown={onTrial} />}
      {panel === 'tests' && <TestsPanel slug={slug} />}
      {panel === 'backtest' && <BacktestPanel slug={slug} onShown={onTrial} />}
    </aside>
  )
}

function SideHead({ title, onClose }: { title: string; onClose: () => void }) {
  return (
    <Group justify="space-between" px="md" pt="md">
      <Title order={2}>{title}</Title>
      <ActionIcon variant="subtle" color="gray" size="lg" aria-label="Close" onClick={onClose}>
        <X size={16} />
      </ActionIcon>
    </Group>
  )
}

function SeveralSteps({ count }: { count: number }) {
  const { getState } = useEditorStore()
  return (
    <aside className="sb-side" data-front="true" aria-label="Steps">
      <div className="sb-side-body">
        <Title order={2}>{count} steps chosen</Title>
        <Text c="dimmed" size="sm">
          Drag them together, copy them with Ctrl+C, or remove them.
        </Text>
        <Group>
          <button
            type="button"
            className="sb-link-button"
            onClick={() => {
              const ids = [...getState().selection]
              getState().change((document) => removeSteps(document, ids))
              getState().select([])
            }}
          >
            Remove them
          </button>
        </Group>
      </div>
    </aside>
  )
}
