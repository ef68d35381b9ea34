import { Button, Group, Select, Table, Text, TextInput } from '@mantine/core'
import { useDebouncedCallback, useDisclosure } from '@mantine/hooks'
import { useInfiniteQuery, useQuery } from '@tanstack/react-query'
import { Link, useNavigate, useSearch } from '@tanstack/react-router'
import { ListChecks, Play } from 'lucide-react'
import { useState } from 'react'
import { RUN_STATUSES, type RunStatus } from '../../../engine/model/run.ts'
import { trpc } from '../api/client.ts'
import type { RunSummary } from '../api/types.ts'
import { Empty } from '../ui/empty.tsx'
import { ListSkeleton, Page } from '../ui/page.tsx'
import { ProblemPanel } from '../ui/problem-panel.tsx'
import { lookOf, StatusBadge } from '../ui/status-badge.tsx'
import { Ago, spanWords, untilWords } from '../ui/time.tsx'
import { StartDialog } from './start-dialog.tsx'

const statusOf = (text: string | undefined): RunStatus | undefined => RUN_STATUSES.find((status) => status === text)

export function RunsPage() {
  const { playbook, status, subject } = useSearch({ from: '/app/runs' })
  const navigate = useNavigate({ from: '/runs' })
  const runs = useInfiniteQuery(
    trpc.runs.list.infiniteQueryOptions(
      {
        ...(playbook !== undefined && { playbook }),
        ...(statusOf(status) !== undefined && { status: statusOf(status) }),
        ...(subject !== undefined && { subject }),
      },
      { getNextPageParam: (page) => page.nextCursor, refetchInterval: 5_000 },
    ),
  )
  const [starting, start] = useDisclosure(false)
  const rows = runs.data?.pages.flatMap((page) => page.data) ?? []
  const filtered = playbook !== undefined || status !== undefined || subject !== undefined
  return (
    <Page
      title="Runs"
      lead="Every time a playbook ran for someone: where it is, what it did, and why."
      actions={
        playbook !== undefined && (
          <Button leftSection={<Play size={15} aria-hidden="true" />} onClick={start.open}>
            Start by hand
          </Button>
        )
      }
    >
      <Filters />
      {runs.isPending && <ListSkeleton />}
      {runs.isError && <ProblemPanel error={runs.error} retry={() => void runs.refetch()} />}
      {runs.isSuccess && rows.length === 0 && (
        <div className="sb-card">
          <Empty
            icon={ListChecks}
            title={filtered ? 'No run like this' : 'Nothing has run yet'}
            actions={
              filtered ? (
                <Button variant="default" onClick={() => void navigate({ search: {} })}>
                  Show all runs
                </Button>
              ) : (
                <Button component={Link} to="/events">
                  Send a test event
                </Button>
              )
            }
          >
            {filtered
              ? 'Change the filters to see others.'
              : 'A run starts when a trigger of a published playbook fires.'}
          </Empty>
        </div>
      )}
      {rows.length > 0 && <RunTable rows={rows} />}
      {runs.hasNextPage && (
        <Button mt="md" variant="default" loading={runs.isFetchingNextPage} onClick={() => void runs.fetchNextPage()}>
          Show older runs
        </Button>
      )}
      {starting && playbook !== undefined && <StartDialog slug={playbook} onClose={start.close} />}
    </Page>
  )
}

function Filters() {
  const { playbook, status, subject } = useSearch({ from: '/app/runs' })
  const navigate = useNavigate({ from: '/runs' })
  const playbooks = useQuery(trpc.playbooks.list.queryOptions())
  const [text, setText] = useState(subject ?? '')
  const set = (part: { playbook?: string | undefined; status?: string | undefined; subject?: string | undefined }) =>
    void navigate({ search: (old) => ({ ...old, ...part }), replace: true })
  const search = useDebouncedCallback((value: string) => set({ subject: value === '' ? undefined : value }), 350)
  return (
    <Group gap="xs" mb="md">
      <Select
        w={240}
        searchable
        clearable
        placeholder="All playbooks"
        aria-label="Playbook"
        data={playbooks.data?.data.map(({ slug, name }) => ({ value: slug, label: name })) ?? []}
        value={playbook ?? null}
        onChange={(value) => set({ playbook: value ?? undefined })}
      />
      <Select
        w={170}
        clearable
        placeholder="Any status"
        aria-label="Status"
        data={RUN_STATUSES.map((value) => ({ value, label: lookOf(value).words }))}
        value={status ?? null}
        onChange={(value) => set({ status: value ?? undefined })}
      />
      <TextInput
        w={240}
        placeholder="Your id of a contact or account"
        aria-label="Subject"
        value={text}
        onChange={(event) => {
          setText(event.currentTarget.value)
          search(event.currentTarget.value.trim())
        }}
      />
    </Group>
  )
}

export function RunTable({ rows }: { rows: RunSummary[] }) {
  return (
    <div className="sb-card sb-scroll-x">
      <Table highlightOnHover aria-label="Runs">
        <Table.Thead>
          <Table.Tr>
            <Table.Th>Who</Table.Th>
            <Table.Th>Playbook</Table.Th>
            <Table.Th>Status</Table.Th>
            <Table.Th>Started</Table.Th>
            <Table.Th ta="right">Took</Table.Th>
          </Table.Tr>
        </Table.Thead>
        <Table.Tbody>
          {rows.map((run) => (
            <Table.Tr key={run.id}>
              <Table.Td>
                <Link to="/runs/$id" params={{ id: run.id }} className="sb-row-link">
                  {run.subject.label}
                </Link>
                <Text size="xs" c="dimmed">
                  {run.subject.externalId ?? run.subject.kind}
                </Text>
              </Table.Td>
              <Table.Td>
                {run.playbook.name}{' '}
                <Text span size="xs" c="dimmed">
                  v{run.version}
                </Text>
              </Table.Td>
              <Table.Td>
                <StatusBadge status={run.status} />
                <Text size="xs" c="dimmed" maw={320} truncate>
                  {run.status === 'waiting' && run.waitingUntil !== null
                    ? `until ${untilWords(run.waitingUntil)}`
                    : run.reason}
                </Text>
              </Table.Td>
              <Table.Td>
                <Text size="sm" c="dimmed" component="div">
                  <Ago when={run.createdAt} />
                </Text>
              </Table.Td>
              <Table.Td ta="right">
                <Text size="sm" c="dimmed">
                  {run.endedAt === null ? '' : spanWords(Date.parse(run.endedAt) - Date.parse(run.createdAt))}
                </Text>
              </Table.Td>
            </Table.Tr>
          ))}
        </Table.Tbody>
      </Table>
    </div>
  )
}
