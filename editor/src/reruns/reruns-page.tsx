import { Button, Text } from '@mantine/core'
import { useInfiniteQuery } from '@tanstack/react-query'
import { Link } from '@tanstack/react-router'
import { RotateCw } from 'lucide-react'
import { trpc } from '../api/client.ts'
import type { RerunSummary } from '../api/types.ts'
import { Empty } from '../ui/empty.tsx'
import { type Column, List, ListTable, pacedBy } from '../ui/list.tsx'
import { Page } from '../ui/page.tsx'
import { StatusBadge } from '../ui/status-badge.tsx'
import { Ago } from '../ui/time.tsx'
import { filterWords, runsOf } from './rerun-words.ts'

export function RerunsPage() {
  const reruns = useInfiniteQuery({
    ...trpc.reruns.list.infiniteQueryOptions({}, { getNextPageParam: ({ nextCursor }) => nextCursor ?? undefined }),
    refetchInterval: pacedBy(4_000),
  })
  const rows = reruns.data?.pages.flatMap(({ data }) => data) ?? []
  const button = (
    <Button component={Link} to="/reruns/new" leftSection={<RotateCw size={15} aria-hidden="true" />}>
      Rerun failed runs
    </Button>
  )
  return (
    <Page
      title="Reruns"
      lead="Failed runs that were done again together, after what they failed of was mended."
      actions={button}
    >
      <List
        query={reruns}
        count={rows.length}
        empty={
          <Empty icon={RotateCw} title="Nothing was rerun yet" actions={button}>
            After an outage, have all the runs that failed of it done again at once: the first alone, then ten, then the
            rest.
          </Empty>
        }
      >
        <ListTable label="Reruns" rows={rows} keyOf={({ id }) => id} columns={COLUMNS} />
      </List>
    </Page>
  )
}

const COLUMNS: Array<Column<RerunSummary>> = [
  {
    title: 'Which runs',
    cell: (row) => (
      <>
        <Link to="/reruns/$id" params={{ id: row.id }} className="sb-row-link">
          {runsOf(row.total)}
        </Link>
        <Text size="xs" c="dimmed">
          {filterWords(row.filter)}
        </Text>
      </>
    ),
  },
  { title: 'Status', cell: (row) => <StatusBadge status={row.status} /> },
  { title: 'Passed', right: true, cell: (row) => row.counts.passed },
  { title: 'Failed again', right: true, cell: (row) => row.counts.failed },
  {
    title: 'Begun',
    cell: (row) => (
      <>
        <Ago when={row.createdAt} />
        <Text size="xs" c="dimmed">
          by {row.by}
        </Text>
      </>
    ),
  },
]
