import { ActionIcon, Input, Tooltip } from '@mantine/core'
import { useDisclosure, useId } from '@mantine/hooks'
import { Braces } from 'lucide-react'
import { type KeyboardEvent, type ReactNode, useMemo, useRef, useState } from 'react'
import type { DataGroup } from '../document/upstream-data.ts'
import { later } from '../ui/later.ts'
import { DataPicker } from './data-picker.tsx'

/** The expression language is fetched with the first field that shows a sample. */
const usePreview = later(() => import('./template-preview.ts'))

/**
 * A text that may hold `{{ expressions }}`: they are tinted, can be picked from what is there when the step runs, and
 * the line below shows the text filled with samples, or what is wrong with it.
 */
export function TemplateInput(props: {
  value: string
  onChange: (value: string) => void
  groups: DataGroup[]
  label: string
  description?: ReactNode
  error?: ReactNode
  required?: boolean
  placeholder?: string | undefined
  lines?: number
  /** Without a visible label: the words stand elsewhere. */
  bare?: boolean
}) {
  const { value, onChange, groups, label, lines = 1, bare = false } = props
  const area = useRef<HTMLTextAreaElement>(null)
  const backdrop = useRef<HTMLDivElement>(null)
  const [open, picker] = useDisclosure(false)
  const [caret, setCaret] = useState(value.length)
  const id = useId()
  const previews = usePreview()
  const preview = useMemo(() => previews?.previewOf(value, groups) ?? null, [previews, value, groups])

  const insert = (expression: string) => {
    const begun = value.slice(0, caret).match(/\{\{\s*[\w.]*$/)
    const start = begun === null ? caret : caret - begun[0].length
    const piece = `{{ ${expression} }}`
    onChange(value.slice(0, start) + piece + value.slice(caret).replace(/^\s*\}\}/, ''))
    picker.close()
    requestAnimationFrame(() => {
      area.current?.focus()
      area.current?.setSelectionRange(start + piece.length, start + piece.length)
    })
  }
  const onType = (text: string, at: number) => {
    const next = lines === 1 ? text.replace(/\n/g, ' ') : text
    onChange(next)
    setCaret(at)
    if (/\{\{\s*$/.test(next.slice(0, at)) && next.length > value.length) picker.open()
  }
  const onKeyDown = (event: KeyboardEvent) => {
    if (event.key === 'Enter' && lines === 1) event.preventDefault()
  }

  return (
    <Input.Wrapper
      {...(bare ? {} : { label, description: props.description })}
      error={props.error}
      id={id}
      labelProps={{ htmlFor: id, id: `${id}-label` }}
    >
      <div className="sb-template" data-lines={lines} data-error={props.error !== undefined || undefined}>
        <div className="sb-template-back" aria-hidden="true" ref={backdrop}>
          {marked(value)}
        </div>
        <textarea
          id={id}
          ref={area}
          rows={lines}
          spellCheck={false}
          value={value}
          placeholder={props.placeholder}
          aria-label={bare ? label : undefined}
          aria-required={props.required === true}
          aria-invalid={props.error !== undefined}
          aria-describedby={`${id}-preview`}
          onChange={(event) => onType(event.currentTarget.value, event.currentTarget.selectionStart)}
          onSelect={(event) => setCaret(event.currentTarget.selectionStart)}
          onKeyDown={onKeyDown}
          onScroll={(event) => {
            if (backdrop.current !== null) backdrop.current.scrollTop = event.currentTarget.scrollTop
          }}
        />
        <DataPicker
          opened={open}
          onClose={picker.close}
          groups={groups}
          onPick={(datum) => insert(datum.expression)}
          target={
            <Tooltip label="Insert data">
              <ActionIcon
                variant="subtle"
                color="gray"
                className="sb-template-pick"
                aria-label="Insert data"
                aria-describedby={`${id}-label`}
                onClick={picker.toggle}
              >
                <Braces size={15} />
              </ActionIcon>
            </Tooltip>
          }
        />
      </div>
      <div id={`${id}-preview`} className="sb-template-preview" data-tone={preview?.tone}>
        {preview?.text}
      </div>
    </Input.Wrapper>
  )
}

/** The same text, with its expressions as marks; it lies under the real one. */
function marked(value: string): ReactNode[] {
  return value
    .split(/(\{\{[\s\S]*?\}\})/)
    .map((part, index) => (part.startsWith('{{') ? <mark key={index}>{part}</mark> : <span key={index}>{part}</span>))
}
