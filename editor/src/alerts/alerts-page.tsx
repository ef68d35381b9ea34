import { Stack, Text, Title } from '@mantine/core'
import { useInfiniteQuery, useQuery } from '@tanstack/react-query'
import { Link } from '@tanstack/react-router'
import { CircleCheck } from 'lucide-react'
import { trpc } from '../api/client.ts'
import type { AlertSummary } from '../api/types.ts'
import { Empty } from '../ui/empty.tsx'
import { type Column, List, ListTable, pacedBy } from '../ui/list.tsx'
import { ListSkeleton, Page } from '../ui/page.tsx'
import { ProblemPanel } from '../ui/problem-panel.tsx'
import { StatusBadge } from '../ui/status-badge.tsx'
import { Ago } from '../ui/time.tsx'
import { AlertSettingsForm } from './alert-settings.tsx'

/** What goes wrong now and went wrong before, and where word of it is sent. */
export function AlertsPage() {
  const alerts = useInfiniteQuery({
    ...trpc.alerts.list.infiniteQueryOptions({}, { getNextPageParam: ({ nextCursor }) => nextCursor ?? undefined }),
    refetchInterval: pacedBy(10_000),
  })
  const session = useQuery(trpc.session.me.queryOptions())
  const settings = useQuery(trpc.alerts.settings.queryOptions())
  const rows = alerts.data?.pages.flatMap(({ data }) => data) ?? []
  return (
    <Page
      title="Alerts"
      lead="Playbooks whose runs fail, writes that need a review, and connections that stopped working: told once, and once more when it is well again."
    >
      <Stack gap="xl">
        <List
          query={alerts}
          count={rows.length}
          more="Show older alerts"
          empty={
            <Empty icon={CircleCheck} title="Nothing has gone wrong">
              An alert appears here within seconds after runs begin to fail or a connection stops working.
            </Empty>
          }
        >
          <ListTable label="Alerts" rows={rows} keyOf={({ id }) => id} columns={COLUMNS} />
        </List>
        <section aria-label="Where alerts are sent">
          <Title order={2} mb="sm">
            Where alerts are sent
          </Title>
          {settings.isPending && <ListSkeleton rows={2} />}
          {settings.isError && <ProblemPanel error={settings.error} retry={() => void settings.refetch()} />}
          {settings.isSuccess && (
            <AlertSettingsForm
              key={JSON.stringify(settings.data)}
              kept={settings.data}
              isOwner={session.data?.role === 'owner'}
            />
          )}
        </section>
      </Stack>
    </Page>
  )
}

const COLUMNS: Array<Column<AlertSummary>> = [
  {
    title: 'What',
    cell: (row) => (
      <>
        <Link to={row.link} className="sb-row-link">
          {row.title}
        </Link>
        {row.message !== null && (
          <Text size="xs" c="dimmed">
            {row.message}
          </Text>
        )}
      </>
    ),
  },
  {
    title: 'Status',
    cell: (row) =>
      row.recoveredAt === null ? (
        <StatusBadge status="failed" words="Needs attention" />
      ) : (
        <StatusBadge status="completed" words="Well again" />
      ),
  },
  { title: 'Since', cell: (row) => <Ago when={row.openedAt} /> },
  { title: 'Until', cell: (row) => row.recoveredAt !== null && <Ago when={row.recoveredAt} /> },
  { title: 'Sent', cell: (row) => <Sends sends={row.sends} /> },
]

const TOLD = { webhook: 'Posted', mail: 'Mailed' }
const NOT_TOLD = { webhook: 'Not posted', mail: 'Not mailed' }

function Sends({ sends }: Pick<AlertSummary, 'sends'>) {
  if (sends.length === 0)
    return (
      <Text size="sm" c="dimmed">
        No
      </Text>
    )
  return sends.map(({ way, told, fault }) =>
    fault === null ? (
      <Text key={way} size="sm" c="dimmed">
        {TOLD[way]}
      </Text>
    ) : (
      <Text key={way} size="sm" c="red" maw={280}>
        {(told === 'nothing' ? NOT_TOLD : TOLD)[way]}: {fault}
      </Text>
    ),
  )
}
