import { Button, Checkbox, Group, NumberInput, Stack, Text, TextInput, Title } from '@mantine/core'
import { useInfiniteQuery, useMutation, useQuery, useQueryClient } from '@tanstack/react-query'
import { Link } from '@tanstack/react-router'
import { BellOff, CircleCheck } from 'lucide-react'
import { useState } from 'react'
import { trpc } from '../api/client.ts'
import type { AlertSettings, AlertSummary } from '../api/types.ts'
import { Empty } from '../ui/empty.tsx'
import { type Column, List, ListTable, pacedBy } from '../ui/list.tsx'
import { ListSkeleton, Page } from '../ui/page.tsx'
import { ProblemPanel } from '../ui/problem-panel.tsx'
import { StatusBadge } from '../ui/status-badge.tsx'
import { Ago } from '../ui/time.tsx'
import { failed, said } from '../ui/toast.ts'

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
            <SettingsForm
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
  {
    title: 'Sent',
    cell: (row) =>
      row.fault === null ? (
        <Text size="sm" c="dimmed">
          {row.told === 'nothing' ? 'No' : 'Yes'}
        </Text>
      ) : (
        <Text size="sm" c="red" maw={280}>
          {row.fault}
        </Text>
      ),
  },
]

function SettingsForm({ kept, isOwner }: { kept: AlertSettings; isOwner: boolean }) {
  const client = useQueryClient()
  const [url, setUrl] = useState('')
  const [firstFailure, setFirstFailure] = useState(kept.firstFailure)
  const [percent, setPercent] = useState<number | string>(kept.failedPercent)
  const after = {
    onSuccess: async () => {
      said('Saved.')
      await client.invalidateQueries({ queryKey: trpc.alerts.pathKey() })
    },
  }
  const save = useMutation(trpc.alerts.change.mutationOptions(after))
  const test = useMutation(
    trpc.alerts.test.mutationOptions({ onSuccess: ({ host }) => said(`${host} took a test.`), onError: failed }),
  )
  const send = (address: { url?: string | null }) => {
    if (typeof percent === 'number') save.mutate({ firstFailure, failedPercent: percent, ...address })
  }
  return (
    <Stack maw={560}>
      <TextInput
        label="Address"
        description="Of a webhook, or an incoming webhook of Slack. It is kept sealed."
        placeholder={kept.host === null ? 'https://…' : `Kept: https://${kept.host}/…`}
        disabled={!isOwner}
        value={url}
        onChange={(event) => setUrl(event.currentTarget.value)}
      />
      <Checkbox
        label="Tell of the first failure after a success"
        disabled={!isOwner}
        checked={firstFailure}
        onChange={(event) => setFirstFailure(event.currentTarget.checked)}
      />
      <NumberInput
        label="Tell when so many percent of the last runs failed"
        description="Of ten runs or more that ended within a day."
        min={1}
        max={100}
        allowDecimal={false}
        disabled={!isOwner}
        value={percent}
        onChange={setPercent}
      />
      {save.isError && <ProblemPanel error={save.error} />}
      {isOwner ? (
        <Group gap="xs">
          <Button
            loading={save.isPending}
            disabled={typeof percent !== 'number'}
            onClick={() => send(url.trim() === '' ? {} : { url: url.trim() })}
          >
            Save
          </Button>
          {kept.host !== null && (
            <>
              <Button variant="default" loading={test.isPending} onClick={() => test.mutate()}>
                Send a test
              </Button>
              <Button
                variant="default"
                leftSection={<BellOff size={15} aria-hidden="true" />}
                onClick={() => send({ url: null })}
              >
                Send nothing
              </Button>
            </>
          )}
        </Group>
      ) : (
        <Text size="sm" c="dimmed">
          An owner of the workspace says where they go.
        </Text>
      )}
    </Stack>
  )
}
