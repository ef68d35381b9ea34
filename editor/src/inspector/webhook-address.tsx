import { Button, CopyButton, Group, Text } from '@mantine/core'
import { useQuery } from '@tanstack/react-query'
import { useParams } from '@tanstack/react-router'
import { trpc } from '../api/client.ts'
import { ProblemPanel } from '../ui/problem-panel.tsx'
import { FieldGroup } from './field-group.tsx'

/** The address another system posts to; it is secret, so it is fetched only when asked for. */
export function WebhookAddress({ step }: { step: string }) {
  const { slug } = useParams({ from: '/app/playbooks/$slug' })
  const address = useQuery({ ...trpc.playbooks.webhook.queryOptions({ slug, step }), enabled: false })
  return (
    <FieldGroup label="Address to post to" description="Whoever has it can start runs. It works once published.">
      {address.data === undefined ? (
        <Group mt={6}>
          <Button size="xs" variant="default" loading={address.isFetching} onClick={() => void address.refetch()}>
            Show the address
          </Button>
        </Group>
      ) : (
        <Group gap="xs" mt={6} wrap="nowrap">
          <Text size="xs" className="sb-mono" style={{ overflowWrap: 'anywhere' }}>
            {address.data.url}
          </Text>
          <CopyButton value={address.data.url}>
            {({ copied, copy }) => (
              <Button size="compact-xs" variant="default" onClick={copy}>
                {copied ? 'Copied' : 'Copy'}
              </Button>
            )}
          </CopyButton>
        </Group>
      )}
      {address.isError && <ProblemPanel error={address.error} />}
    </FieldGroup>
  )
}
