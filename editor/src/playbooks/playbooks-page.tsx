import { Button, SegmentedControl, Text } from '@mantine/core'
import { useDisclosure } from '@mantine/hooks'
import { useQuery } from '@tanstack/react-query'
import { Link } from '@tanstack/react-router'
import { Plus, Workflow } from 'lucide-react'
import { useState } from 'react'
import { trpc } from '../api/client.ts'
import type { PlaybookSummary } from '../api/types.ts'
import { Empty } from '../ui/empty.tsx'
import { type Column, List, ListTable } from '../ui/list.tsx'
import { Page } from '../ui/page.tsx'
import { StatusBadge } from '../ui/status-badge.tsx'
import { DimAgo } from '../ui/time.tsx'
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
      <List
        query={playbooks}
        count={rows.length}
        empty={
          <Empty
            icon={Workflow}
            title={shown === 'archived' ? 'Nothing archived' : 'No playbook yet'}
            actions={<Button onClick={create.open}>Make the first one</Button>}
          >
            A playbook begins with a trigger, such as a signal that is set, and does things in Intercom, Salesforce,
            Slack or anywhere else.
          </Empty>
        }
      >
        <ListTable label="Playbooks" rows={rows} keyOf={(row) => row.slug} columns={COLUMNS} />
      </List>
      <CreateDialog opened={creating} onClose={create.close} />
    </Page>
  )
}

const COLUMNS: Array<Column<PlaybookSummary>> = [
  {
    title: 'Name',
    cell: (row) => (
      <>
        <Link to="/playbooks/$slug" params={{ slug: row.slug }} className="sb-row-link">
          {row.name}
        </Link>
        <Text size="xs" c="dimmed">
          For {row.subject === 'contact' ? 'contacts' : 'accounts'}
        </Text>
      </>
    ),
  },
  { title: 'Status', cell: (row) => <StatusBadge status={row.status} /> },
  { title: 'Version', cell: (row) => <VersionCell row={row} /> },
  { title: 'Open runs', right: true, cell: (row) => <RunCount row={row} count={row.runs.open} /> },
  {
    title: 'Completed',
    right: true,
    cell: (row) => <RunCount row={row} count={row.runs.completed} status="completed" />,
  },
  { title: 'Failed', right: true, cell: (row) => <RunCount row={row} count={row.runs.failed} status="failed" /> },
  { title: 'Changed', cell: (row) => <DimAgo when={row.updatedAt} /> },
]

function VersionCell({ row }: { row: PlaybookSummary }) {
  if (row.liveVersion === null)
    return (
      <Text size="sm" c="dimmed">
        Never published
      </Text>
    )
  return (
    <>
      v{row.liveVersion}
      {row.hasUnpublishedChanges && (
        <Text size="xs" c="dimmed">
          Unpublished changes
        </Text>
      )}
    </>
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
