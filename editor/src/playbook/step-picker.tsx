import { FocusTrap, Portal, Text, TextInput } from '@mantine/core'
import { useId } from '@mantine/hooks'
import { Search } from 'lucide-react'
import { type KeyboardEvent, useEffect, useMemo, useRef, useState } from 'react'
import type { StepManifest } from '../../../nodes/manifest.ts'
import type { Anchor } from '../canvas/canvas-actions.ts'
import { StepIcon } from '../canvas/step-icon.tsx'
import { searchSteps } from './search-steps.ts'

const WIDTH = 344
const HEIGHT = 420

/** A searchable list of steps where something is to be added. Arrows walk, Enter or Tab adds, Escape closes. */
export function StepPicker(props: {
  steps: StepManifest[]
  anchor: Anchor
  onPick: (step: StepManifest) => void
  onClose: () => void
}) {
  const { steps, anchor, onPick, onClose } = props
  const [query, setQuery] = useState('')
  const [active, setActive] = useState(0)
  const found = useMemo(() => searchSteps(steps, query), [steps, query])
  const id = useId()
  const list = useRef<HTMLDivElement>(null)
  useReturnFocus()

  useEffect(() => {
    list.current?.querySelector('[aria-selected="true"]')?.scrollIntoView({ block: 'nearest' })
  }, [active, found])

  const onKeyDown = (event: KeyboardEvent) => {
    const moves: { [key: string]: number } = { ArrowDown: 1, ArrowUp: -1 }
    const move = moves[event.key]
    if (move !== undefined) setActive((at) => Math.max(0, Math.min(found.length - 1, at + move)))
    else if (event.key === 'Enter' || (event.key === 'Tab' && !event.shiftKey)) {
      const chosen = found[active]
      if (chosen !== undefined) onPick(chosen)
    } else if (event.key === 'Escape') onClose()
    else return
    event.preventDefault()
    event.stopPropagation()
  }
  const left = Math.max(8, Math.min(anchor.x - 20, window.innerWidth - WIDTH - 8))
  const top = Math.max(8, Math.min(anchor.y + 8, window.innerHeight - HEIGHT - 8))

  return (
    <Portal>
      <div className="sb-picker-back" onMouseDown={onClose} aria-hidden="true" />
      <FocusTrap active>
        <div
          className="sb-picker"
          role="dialog"
          aria-label="Add step"
          style={{ left, top, width: Math.min(WIDTH, window.innerWidth - 16), maxHeight: HEIGHT }}
          onKeyDown={onKeyDown}
        >
          <TextInput
            data-autofocus
            placeholder="Search steps"
            aria-label="Search steps"
            role="combobox"
            aria-expanded="true"
            aria-controls={id}
            aria-activedescendant={found[active] === undefined ? undefined : `${id}-${active}`}
            leftSection={<Search size={15} aria-hidden="true" />}
            value={query}
            onChange={(event) => {
              setQuery(event.currentTarget.value)
              setActive(0)
            }}
          />
          <div className="sb-picker-list" role="listbox" aria-label="Steps" id={id} ref={list}>
            {found.map((step, index) => (
              <Option
                key={`${step.type}@${step.version}`}
                id={`${id}-${index}`}
                step={step}
                active={index === active}
                heading={step.group === found[index - 1]?.group ? null : step.group}
                onHover={() => setActive(index)}
                onPick={() => onPick(step)}
              />
            ))}
            {found.length === 0 && (
              <Text c="dimmed" size="sm" p="md" ta="center">
                No step is called that. Try another word, such as “tag” or “wait”.
              </Text>
            )}
          </div>
        </div>
      </FocusTrap>
    </Portal>
  )
}

function Option(props: {
  id: string
  step: StepManifest
  active: boolean
  heading: string | null
  onHover: () => void
  onPick: () => void
}) {
  const { id, step, active, heading, onHover, onPick } = props
  return (
    <>
      {heading !== null && (
        <div className="sb-picker-group" role="presentation">
          {heading}
        </div>
      )}
      <div
        id={id}
        role="option"
        aria-selected={active}
        className="sb-picker-option"
        data-kind={step.kind}
        data-app={step.connector ?? undefined}
        onMouseMove={onHover}
        onClick={onPick}
      >
        <span className="sb-step-icon">
          <StepIcon name={step.icon} size={16} />
        </span>
        <span>
          <span className="sb-picker-label">{step.label}</span>
          <span className="sb-picker-help">{step.help}</span>
        </span>
      </div>
    </>
  )
}

/** Gives the focus back to what opened the picker, unless it is gone by then. */
function useReturnFocus(): void {
  useEffect(() => {
    const opener = document.activeElement
    return () => {
      if (opener instanceof HTMLElement && opener.isConnected) opener.focus({ preventScroll: true })
    }
  }, [])
}
