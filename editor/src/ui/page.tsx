import { Group, Skeleton, Stack, Text, Title } from '@mantine/core'
import { type ReactNode, useEffect } from 'react'

/** Head and body of an ordinary page; also names the browser's tab. */
export function Page(props: { title: string; lead?: ReactNode; actions?: ReactNode; children: ReactNode }) {
  useDocumentTitle(props.title)
  return (
    <div className="sb-page">
      <div className="sb-page-head">
        <div>
          <Title order={1}>{props.title}</Title>
          {props.lead !== undefined && (
            <Text c="dimmed" mt={4} maw={640} component="div">
              {props.lead}
            </Text>
          )}
        </div>
        {props.actions !== undefined && <Group gap="xs">{props.actions}</Group>}
      </div>
      {props.children}
    </div>
  )
}

export function useDocumentTitle(title: string): void {
  useEffect(() => {
    document.title = `${title} · Signalbox`
  }, [title])
}

/** The shape of a list while it loads. */
export function ListSkeleton({ rows = 5, height = 52 }: { rows?: number; height?: number }) {
  return (
    <Stack gap={8} role="status" aria-busy="true" aria-label="Loading">
      {Array.from({ length: rows }, (_, index) => (
        <Skeleton key={index} height={height} radius="md" />
      ))}
    </Stack>
  )
}
