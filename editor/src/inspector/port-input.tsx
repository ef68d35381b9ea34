import { TextInput } from '@mantine/core'
import { useState } from 'react'
import { portName } from './port-name.ts'

/** The name of a way out. It is taken over when it is left: edges follow it, and half a name is no name. */
export function PortInput(props: { value: string; taken: string[]; onChange: (port: string) => void }) {
  const { value, taken, onChange } = props
  const [draft, setDraft] = useState<string | null>(null)
  const next = draft === null ? value : portName(draft).replace(/-+$/, '')
  const error = next === '' ? 'Give it a name.' : taken.includes(next) ? 'This name is taken.' : undefined
  const finish = () => {
    if (draft !== null && error === undefined && next !== value) onChange(next)
    setDraft(null)
  }
  return (
    <TextInput
      style={{ flex: 1 }}
      size="xs"
      label="Name of the way out"
      value={draft ?? value}
      error={draft === null ? undefined : error}
      onChange={(event) => setDraft(event.currentTarget.value)}
      onBlur={finish}
      onKeyDown={(event) => event.key === 'Enter' && finish()}
    />
  )
}
