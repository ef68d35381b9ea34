import { Button, Group, Select, Text, TextInput } from '@mantine/core'
import { useDebouncedCallback, useDisclosure } from '@mantine/hooks'
import { useInfiniteQuery, useQuery } from '@tanstack/react-query'
import { Link, useNavigate, useSearch } from '@tanstack/react-router'
import { ListChecks, Play, RotateCw } from 'lucide-react'
import { useState } from 'react'
import { RUN_STATUSES, type RunStatus } from '../../../engine/model/run.ts'
import { trpc } from '../api/client.ts'
import type { RunSummary } from '../api/types.ts'
import { Empty } from '../ui/empty.tsx'
import { type Column, List, ListTable, pacedBy } from '../ui/list.tsx'
import { Page } from '../ui/page.tsx'
import { lookOf, StatusBadge } from '../ui/status-badge.tsx'
import { DimAgo, spanWords, untilWords } from '../ui/time.tsx'
import { StartDialog } from './start-dialog.tsx'

/** Stands among the statuses, because that is where one looks for it. */
const BEHIND = 'behind'

const statusOf = (text: string | undefined): RunStatus | undefined => RUN_STATUSES.find((status) => status === text)

export function RunsPage() {
  const { playbook, status, subject } = useSearch({ from: '/app/runs' })
  const runs = useInfiniteQuery(
    trpc.runs.list.infiniteQueryOptions(
      {
        ...(playbook !== undefined && { playbook }),
        ...(statusOf(status) !== undefined && { status: statusOf(status) }),
        ...(status === BEHIND && { behind: true }),
        ...(subject !== undefined && { subject }),
      },
      { getNextPageParam: (page) => page.nextCursor, refetchInterval: pacedBy(5_000) },
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
        <>
          <Button
            variant="default"
            renderRoot={(props) => (
              <Link to="/reruns/new" search={playbook === undefined ? {} : { playbook }} {...props} />
            )}
            leftSection={<RotateCw size={15} aria-hidden="true" />}
          >
            Rerun failed…
          </Button>
          {playbook !== undefined && (
            <Button leftSection={<Play size={15} aria-hidden="true" />} onClick={start.open}>
              Start by hand
            </Button>
          )}
        </>
      }
    >
      <Filters />
      <List query={runs} count={rows.length} more="Show older runs" empty={<NoRun filtered={filtered} />}>
        <ListTable label="Runs" rows={rows} keyOf={(run) => run.id} columns={COLUMNS} />
      </List>
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
        data={[
          ...RUN_STATUSES.map((value) => ({ value, label: lookOf(value).words })),
          { value: BEHIND, label: 'Behind a milestone' },
        ]}
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

function NoRun({ filtered }: { filtered: boolean }) {
  const navigate = useNavigate({ from: '/runs' })
  if (filtered)
    return (
      <Empty
        icon={ListChecks}
        title="No run like this"
        actions={
          <Button variant="default" onClick={() => void navigate({ search: {} })}>
            Show all runs
          </Button>
        }
      >
        Change the filters to see others.
      </Empty>
    )
  return (
    <Empty
      icon={ListChecks}
      title="Nothing has run yet"
      actions={
        <Button component={Link} to="/events">
          Send a test event
        </Button>
      }
    >
      A run starts when a trigger of a published playbook fires.
    </Empty>
  )
}

const COLUMNS: Array<Column<RunSummary>> = [
  {
    title: 'Who',
    cell: (run) => (
      <>
        <Link to="/runs/$id" params={{ id: run.id }} className="sb-row-link">
          {run.subject.label}
        </Link>
        <Text size="xs" c="dimmed">
          {run.subject.externalId ?? run.subject.kind}
        </Text>
      </>
    ),
  },
  {
    title: 'Playbook',
    cell: (run) => (
      <>
        {run.playbook.name}{' '}
        <Text span size="xs" c="dimmed">
          v{run.version}
        </Text>
      </>
    ),
  },
  {
    title: 'Status',
    cell: (run) => (
      <>
        <StatusBadge status={run.status} />
        {run.milestoneDue !== null && Date.parse(run.milestoneDue) < Date.now() && (
          <Text size="xs" c="var(--sb-bad)">
            Behind since {untilWords(run.milestoneDue)}
          </Text>
        )}
        <Text size="xs" c="dimmed" maw={320} truncate>
          {run.status === 'waiting' && run.waitingUntil !== null ? `until ${untilWords(run.waitingUntil)}` : run.reason}
        </Text>
      </>
    ),
  },
  { title: 'Started', cell: (run) => <DimAgo when={run.createdAt} /> },
  {
    title: 'Took',
    right: true,
    cell: (run) => (
      <Text size="sm" c="dimmed">
        {run.endedAt === null ? '' : spanWords(Date.parse(run.endedAt) - Date.parse(run.createdAt))}
      </Text>
    ),
  },
]
