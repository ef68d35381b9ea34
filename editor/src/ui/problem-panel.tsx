import { Button, List, Text } from '@mantine/core'
import { CircleCheck, TriangleAlert } from 'lucide-react'
import type { ReactNode } from 'react'
import { readProblem } from '../api/problem.ts'

/** What went wrong with a call: the server's own words, its code, and a way to go on. */
export function ProblemPanel(props: {
  error: unknown
  /** Instead of the server's general words, where the page knows better what did not happen. */
  title?: string
  retry?: () => void
}) {
  const { retry } = props
  const { title, detail, code, problems } = readProblem(props.error)
  return (
    <Notice title={props.title ?? title} tone="bad">
      <Text size="sm">{detail}</Text>
      {problems.length > 0 && (
        <List size="sm" mt={6}>
          {problems.map((part) => (
            <List.Item key={`${part.path} ${part.message}`}>
              {part.path !== '' && <span className="sb-mono">{part.path}: </span>}
              {part.message} {part.fix}
            </List.Item>
          ))}
        </List>
      )}
      <Text size="xs" c="dimmed" mt={6} className="sb-mono">
        {code}
      </Text>
      {retry !== undefined && (
        <Button size="xs" variant="default" mt="sm" onClick={retry}>
          Try again
        </Button>
      )}
    </Notice>
  )
}

export function Notice(props: { title: string; tone: 'bad' | 'warn' | 'good'; children?: ReactNode }) {
  const Icon = props.tone === 'good' ? CircleCheck : TriangleAlert
  return (
    <div className="sb-problem" data-tone={props.tone} role={props.tone === 'bad' ? 'alert' : 'status'}>
      <Icon size={18} aria-hidden="true" />
      <div>
        <Text fw={600} size="sm">
          {props.title}
        </Text>
        {props.children}
      </div>
    </div>
  )
}
