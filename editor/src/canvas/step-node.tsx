import { Handle, type NodeProps, Position } from '@xyflow/react'
import { Plus, TriangleAlert } from 'lucide-react'
import { memo } from 'react'
import { lookOf } from '../ui/status-badge.tsx'
import { useCanvasActions } from './canvas-actions.ts'
import { portAt, type StepMark, type StepNode } from './flow-graph.ts'
import { StepIcon } from './step-icon.tsx'
import { isErrorPort, portWords } from './step-summary.ts'

export const StepNodeView = memo(function StepNodeView({ data, selected }: NodeProps<StepNode>) {
  const { step, definition, label, summary, ports, open, problems, mark } = data
  const errors = problems.some((problem) => problem.severity === 'error')
  return (
    <div
      className="sb-step"
      data-kind={definition?.kind ?? 'unknown'}
      data-app={definition?.connector ?? undefined}
      data-selected={selected}
      data-status={mark?.status}
      data-problem={problems.length === 0 ? undefined : errors ? 'error' : 'warning'}
    >
      {definition?.kind !== 'trigger' && definition?.type !== 'flow.goal' && (
        <Handle type="target" position={Position.Top} aria-hidden="true" />
      )}
      <span className="sb-step-icon">
        <StepIcon name={definition?.icon ?? 'box'} />
      </span>
      <span className="sb-step-words">
        <span className="sb-step-label">{label}</span>
        <span className="sb-step-summary">{summary}</span>
      </span>
      {problems.length > 0 && (
        <span className="sb-step-problems">
          <TriangleAlert size={12} aria-hidden="true" />
          {problems.length}
        </span>
      )}
      {mark !== undefined && <Mark mark={mark} />}
      {ports.map((port, index) => (
        <Handle
          key={port}
          id={port}
          type="source"
          position={Position.Bottom}
          style={{ left: `${portAt(index, ports.length) * 100}%` }}
          aria-hidden="true"
        />
      ))}
      {ports.map((port, index) => (
        <PortFoot
          key={port}
          port={port}
          words={portWords(step, definition, port)}
          isError={isErrorPort(definition, port)}
          step={step.id}
          of={label}
          left={portAt(index, ports.length)}
          named={ports.length > 1}
          open={open.includes(port)}
        />
      ))}
    </div>
  )
})

function Mark({ mark }: { mark: StepMark }) {
  if (mark.status === undefined) {
    const words = mark.words ?? (mark.count === undefined ? null : `${mark.count} here now`)
    return words === null ? null : (
      <span className="sb-step-mark" data-tone="accent">
        {words}
      </span>
    )
  }
  const { words, tone, icon: Icon } = lookOf(mark.status)
  return (
    <span className="sb-step-mark" data-tone={tone}>
      <Icon size={12} aria-hidden="true" />
      {words}
      {mark.words === undefined ? '' : ` ${mark.words}`}
    </span>
  )
}

/** What hangs below a port: its name where there are several, and the way to go on where nothing follows yet. */
function PortFoot(props: {
  port: string
  words: string
  isError: boolean
  step: string
  of: string
  left: number
  named: boolean
  open: boolean
}) {
  const actions = useCanvasActions()
  const { port, words, isError, step, of, left, named, open } = props
  // A long name is cut, the share of an arm never.
  const share = words.startsWith(`${port} `) ? words.slice(port.length + 1) : ''
  if (!named && (!open || actions === null)) return null
  return (
    <span className="sb-port" style={{ left: `${left * 100}%` }}>
      {named && (
        <span className="sb-port-name" data-error={isError || undefined} title={words}>
          {isError && <TriangleAlert size={10} aria-hidden="true" />}
          <span className="sb-port-word">{share === '' ? words : port}</span>
          {share !== '' && <span>{share}</span>}
        </span>
      )}
      {open && actions !== null && (
        <button
          type="button"
          className="sb-plus nodrag nopan"
          aria-label={named ? `Add step after ${of}, ${port}` : `Add step after ${of}`}
          onClick={(event) => {
            event.stopPropagation()
            const { left: x, bottom: y } = event.currentTarget.getBoundingClientRect()
            actions.addAfter({ step, port }, { x, y })
          }}
        >
          <Plus size={14} aria-hidden="true" />
        </button>
      )}
    </span>
  )
}
