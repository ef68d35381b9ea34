import { Input } from '@mantine/core'
import { useId } from '@mantine/hooks'
import type { ReactNode } from 'react'

/** A field of several controls. A label can name one control only, so its words name the group of them. */
export function FieldGroup(props: { label: string; description?: ReactNode; error?: ReactNode; children: ReactNode }) {
  const { children, ...words } = props
  const id = useId()
  const described = [words.description && `${id}-description`, words.error && `${id}-error`].filter(Boolean).join(' ')
  return (
    <Input.Wrapper
      {...words}
      id={id}
      labelElement="div"
      role="group"
      aria-labelledby={`${id}-label`}
      {...(described !== '' && { 'aria-describedby': described })}
    >
      {children}
    </Input.Wrapper>
  )
}
