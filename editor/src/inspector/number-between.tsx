import { NumberInput } from '@mantine/core'
import { useState } from 'react'
import { isBetween, type Limits, limitWords } from '../ui/number-limits.ts'

/** A number with limits. What is none, or lies beyond them, is said and not kept; left so, what is kept shows again. */
export function NumberBetween(props: {
  label: string
  description?: string
  limits: Limits
  value: number
  onChange: (value: number) => void
}) {
  const { label, description, limits, value, onChange } = props
  const [draft, setDraft] = useState<number | string | null>(null)
  const bad = draft !== null && !isBetween(draft, limits)
  return (
    <NumberInput
      label={label}
      description={description}
      allowDecimal={!limits.whole}
      allowNegative={false}
      clampBehavior="none"
      value={draft ?? value}
      error={bad ? `${limitWords(limits)} ${value} counts until then.` : undefined}
      onChange={(next) => {
        setDraft(next)
        if (isBetween(next, limits)) onChange(next)
      }}
      onBlur={() => setDraft(null)}
    />
  )
}
