import { Button, Group, Text, Title } from '@mantine/core'
import { useQuery } from '@tanstack/react-query'
import { useSearch } from '@tanstack/react-router'
import { Plug } from 'lucide-react'
import { useState } from 'react'
import type { ConnectorManifest } from '../../../nodes/manifest.ts'
import { trpc } from '../api/client.ts'
import { StepIcon } from '../canvas/step-icon.tsx'
import { Empty } from '../ui/empty.tsx'
import { ListSkeleton, Page } from '../ui/page.tsx'
import { Notice, ProblemPanel } from '../ui/problem-panel.tsx'
import { BeginHere } from './begin-here.tsx'
import { ConnectDialog } from './connect-dialog.tsx'
import { ConnectionCard } from './connection-card.tsx'
import './connections.css'

export function ConnectionsPage() {
  const { connected, problem, detail, ...begun } = useSearch({ from: '/app/connections' })
  const connections = useQuery({ ...trpc.connections.list.queryOptions(), refetchInterval: 10_000 })
  const manifest = useQuery({ ...trpc.catalog.manifest.queryOptions(), staleTime: Number.POSITIVE_INFINITY })
  const [connecting, setConnecting] = useState<ConnectorManifest | null>(null)
  const rows = connections.data?.data ?? []
  const connectors = manifest.data?.connectors ?? []
  const beginning = connectors.find(({ app }) => app === begun.begin)
  return (
    <Page
      title="Connections"
      lead="The systems playbooks act in. Credentials are encrypted and never leave the server."
    >
      {connected !== undefined && (
        <div style={{ marginBottom: 16 }}>
          <Notice tone="good" title={`${rows.find(({ slug }) => slug === connected)?.name ?? connected} is connected`}>
            <Text size="sm">Runs that waited for it go on by themselves.</Text>
          </Notice>
        </div>
      )}
      {beginning !== undefined && (
        <div style={{ marginBottom: 16 }}>
          <BeginHere
            app={beginning.app}
            label={beginning.label}
            slug={begun.slug ?? beginning.app}
            name={begun.name ?? beginning.label}
            connectionId={begun.connection}
          />
        </div>
      )}
      {problem !== undefined && (
        <div style={{ marginBottom: 16 }}>
          <Notice tone="bad" title="Connecting did not work">
            <Text size="sm">{detail}</Text>
            <Text size="xs" className="sb-mono" mt={4}>
              {problem}
            </Text>
          </Notice>
        </div>
      )}
      {connections.isPending && <ListSkeleton rows={2} height={120} />}
      {connections.isError && <ProblemPanel error={connections.error} retry={() => void connections.refetch()} />}
      {connections.isSuccess && rows.length === 0 && (
        <div className="sb-card">
          <Empty icon={Plug} title="Nothing is connected yet">
            Connect the systems below; then steps of theirs can be used.
          </Empty>
        </div>
      )}
      <div className="sb-connections">
        {rows.map((row) => (
          <ConnectionCard
            key={row.id}
            row={row}
            connector={connectors.find((connector) => connector.app === row.app) ?? null}
          />
        ))}
      </div>
      <Title order={2} mt={36} mb="sm">
        Add a connection
      </Title>
      <div className="sb-connectors">
        {connectors.map((connector) => (
          <section key={connector.app} className="sb-card sb-connector" data-app={connector.app}>
            <Group gap="sm" wrap="nowrap" align="flex-start" data-app={connector.app}>
              <span className="sb-step-icon">
                <StepIcon name={connector.icon} />
              </span>
              <div>
                <Title order={3}>{connector.label}</Title>
                <Text size="xs" c="dimmed">
                  {connector.help}
                </Text>
              </div>
            </Group>
            <Button variant="default" fullWidth onClick={() => setConnecting(connector)}>
              Connect {connector.label}
            </Button>
          </section>
        ))}
      </div>
      {connecting !== null && (
        <ConnectDialog
          connector={connecting}
          taken={rows.map(({ slug }) => slug)}
          reconnect={null}
          onClose={() => setConnecting(null)}
        />
      )}
    </Page>
  )
}
