import { Button, Text } from '@mantine/core'
import { useDisclosure } from '@mantine/hooks'
import { useQuery } from '@tanstack/react-query'
import { Link } from '@tanstack/react-router'
import { Gauge, Plus } from 'lucide-react'
import { trpc } from '../api/client.ts'
import type { ScoreRow } from '../api/types.ts'
import { Empty } from '../ui/empty.tsx'
import { type Column, List, ListTable } from '../ui/list.tsx'
import { Page } from '../ui/page.tsx'
import { StatusBadge } from '../ui/status-badge.tsx'
import { BandBar } from './distribution.tsx'
import { ScoreDialog } from './score-dialog.tsx'

export function ScoresPage() {
  const scores = useQuery({ ...trpc.scores.list.queryOptions(), refetchInterval: 10_000 })
  const [creating, create] = useDisclosure(false)
  const rows = scores.data?.data ?? []
  return (
    <Page
      title="Scores"
      lead="A number from 0 to 100 out of weighted parts, with a band and a stage, kept for everyone as things happen."
      actions={
        <Button leftSection={<Plus size={16} aria-hidden="true" />} onClick={create.open}>
          New score
        </Button>
      }
    >
      <List
        query={scores}
        count={rows.length}
        empty={
          <Empty icon={Gauge} title="No score yet" actions={<Button onClick={create.open}>Make the first one</Button>}>
            A score sums up how somebody is doing, such as “health”: usage, how lately, and whether they pay.
          </Empty>
        }
      >
        <ListTable label="Scores" rows={rows} keyOf={(row) => row.slug} columns={COLUMNS} />
      </List>
      {creating && <ScoreDialog score={null} onClose={create.close} />}
    </Page>
  )
}

const COLUMNS: Array<Column<ScoreRow>> = [
  {
    title: 'Name',
    cell: (row) => (
      <>
        <Link to="/scores/$slug" params={{ slug: row.slug }} className="sb-row-link">
          {row.name}
        </Link>
        <Text size="xs" c="dimmed" className="sb-mono">
          {row.slug}
        </Text>
      </>
    ),
  },
  { title: 'For', cell: (row) => (row.subject === 'contact' ? 'Contacts' : 'Accounts') },
  {
    title: 'Bands',
    cell: (row) => (
      <div style={{ minWidth: 260 }}>
        <BandBar bands={row.bands} slim />
      </div>
    ),
  },
  {
    title: 'Average',
    right: true,
    cell: (row) => (
      <>
        <Text fw={600}>{row.average ?? '–'}</Text>
        {!row.backfillDone && <StatusBadge status="acting" words="Working it out" />}
      </>
    ),
  },
]
