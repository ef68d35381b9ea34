import { Group, Text, Title } from '@mantine/core'
import type { LucideIcon } from 'lucide-react'
import type { ReactNode } from 'react'

/** A place with nothing in it yet, and what to do next. */
export function Empty(props: { icon: LucideIcon; title: string; children?: ReactNode; actions?: ReactNode }) {
  const { icon: Icon } = props
  return (
    <div className="sb-empty">
      <span className="sb-empty-icon">
        <Icon size={24} aria-hidden="true" />
      </span>
      <Title order={2}>{props.title}</Title>
      {props.children !== undefined && (
        <Text c="dimmed" maw={460} component="div">
          {props.children}
        </Text>
      )}
      {props.actions !== undefined && (
        <Group gap="xs" mt="sm" justify="center">
          {props.actions}
        </Group>
      )}
    </div>
  )
}
