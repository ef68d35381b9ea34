import { Button, SegmentedControl, Table, Text } from '@mantine/core'
import { useDisclosure } from '@mantine/hooks'
import { useQuery } from '@tanstack/react-query'
import { Link } from '@tanstack/react-router'
import { Plus, Workflow } from 'lucide-react'
import { useState } from 'react'
import { trpc } from '../api/client.ts'
import type { PlaybookSummary } from '../api/types.ts'
import { Empty } from '../ui/empty.tsx'
import { ListSkeleton, Page } from '../ui/page.tsx'
import { ProblemPanel } from '../ui/problem-panel.tsx'
import { StatusBadge } from '../ui/status-badge.tsx'
import { Ago } from '../ui/time.tsx'
import { CreateDialog } from './create-dialog.tsx'

export function PlaybooksPage() {
  const playbooks = useQuery({ ...trpc.playbooks.list.queryOptions(), refetchInterval: 10_000 })
  const [creating, create] = useDisclosure(false)
  const [shown, setShown] = useState<'active' | 'archived'>('active')
  const all = playbooks.data?.data ?? []
  const archived = all.filter(({ status }) => status === 'archived').length
  const rows = all.filter(({ status }) => (status === 'archived') === (shown === 'archived'))
  return (
    <Page
      title="Playbooks"
      lead="What happens when a customer signal fires: draw it, publish it, and watch every run."
      actions={
        <Button leftSection={<Plus size={16} aria-hidden="true" />} onClick={create.open}>
          New playbook
        </Button>
      }
    >
      {archived > 0 && (
        <SegmentedControl
          mb="md"
          size="xs"
          aria-label="Which playbooks"
          data={[
            { value: 'active', label: 'Active' },
            { value: 'archived', label: `Archived (${archived})` },
          ]}
          value={shown}
          onChange={(value) => setShown(value === 'archived' ? 'archived' : 'active')}
        />
      )}
      {playbooks.isPending && <ListSkeleton />}
      {playbooks.isError && <ProblemPanel error={playbooks.error} retry={() => void playbooks.refetch()} />}
      {playbooks.isSuccess && rows.length === 0 && (
        <div className="sb-card">
          <Empty
            icon={Workflow}
            title={shown === 'archived' ? 'Nothing archived' : 'No playbook yet'}
            actions={<Button onClick={create.open}>Make the first one</Button>}
          >
            A playbook begins with a trigger, such as a signal that is set, and does things in Intercom, Salesforce,
            Slack or anywhere else.
          </Empty>
        </div>
      )}
      {rows.length > 0 && <PlaybookTable rows={rows} />}
      <CreateDialog opened={creating} onClose={create.close} />
    </Page>
  )
}

function PlaybookTable({ rows }: { rows: PlaybookSummary[] }) {
  return (
    <div className="sb-card sb-scroll-x">
      <Table highlightOnHover aria-label="Playbooks">
        <Table.Thead>
          <Table.Tr>
            <Table.Th>Name</Table.Th>
            <Table.Th>Status</Table.Th>
            <Table.Th>Version</Table.Th>
            <Table.Th ta="right">Open runs</Table.Th>
            <Table.Th ta="right">Completed</Table.Th>
            <Table.Th ta="right">Failed</Table.Th>
            <Table.Th>Changed</Table.Th>
          </Table.Tr>
        </Table.Thead>
        <Table.Tbody>
          {rows.map((row) => (
            <Table.Tr key={row.slug}>
              <Table.Td>
                <Link to="/playbooks/$slug" params={{ slug: row.slug }} className="sb-row-link">
                  {row.name}
                </Link>
                <Text size="xs" c="dimmed">
                  For {row.subject === 'contact' ? 'contacts' : 'accounts'}
                </Text>
              </Table.Td>
              <Table.Td>
                <StatusBadge status={row.status} />
              </Table.Td>
              <Table.Td>
                {row.liveVersion === null ? (
                  <Text size="sm" c="dimmed">
                    Never published
                  </Text>
                ) : (
                  `v${row.liveVersion}`
                )}
                {row.liveVersion !== null && row.hasUnpublishedChanges && (
                  <Text size="xs" c="dimmed">
                    Unpublished changes
                  </Text>
                )}
              </Table.Td>
              <Table.Td ta="right">
                <RunCount row={row} count={row.runs.open} />
              </Table.Td>
              <Table.Td ta="right">
                <RunCount row={row} count={row.runs.completed} status="completed" />
              </Table.Td>
              <Table.Td ta="right">
                <RunCount row={row} count={row.runs.failed} status="failed" />
              </Table.Td>
              <Table.Td>
                <Text size="sm" c="dimmed" component="div">
                  <Ago when={row.updatedAt} />
                </Text>
              </Table.Td>
            </Table.Tr>
          ))}
        </Table.Tbody>
      </Table>
    </div>
  )
}

function RunCount({ row, count, status }: { row: PlaybookSummary; count: number; status?: string }) {
  if (count === 0) return <Text c="dimmed">0</Text>
  const search = { playbook: row.slug, ...(status !== undefined && { status }) }
  return (
    <Link to="/runs" search={search} aria-label={`${count} ${status ?? 'open'} runs of ${row.name}`}>
      {count.toLocaleString('en')}
    </Link>
  )
}
