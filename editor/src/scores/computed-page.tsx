import { Button, Text, Title } from '@mantine/core'
import { useDisclosure } from '@mantine/hooks'
import { useQuery } from '@tanstack/react-query'
import { Link, useParams } from '@tanstack/react-router'
import { Calculator, Pencil, Plus } from 'lucide-react'
import { trpc } from '../api/client.ts'
import type { ComputedRow, ComputedView } from '../api/types.ts'
import { SubjectLink } from '../audiences/subject-link.tsx'
import { Empty } from '../ui/empty.tsx'
import { type Column, List, ListTable } from '../ui/list.tsx'
import { ListSkeleton, Page } from '../ui/page.tsx'
import { ProblemPanel } from '../ui/problem-panel.tsx'
import { StatusBadge } from '../ui/status-badge.tsx'
import { Ago } from '../ui/time.tsx'
import { ComputedDialog } from './computed-dialog.tsx'
import { RemoveButton } from './remove-button.tsx'

const TITLE = 'Computed properties'

export function ComputedListPage() {
  const computed = useQuery({ ...trpc.computed.list.queryOptions(), refetchInterval: 10_000 })
  const [creating, create] = useDisclosure(false)
  const rows = computed.data?.data ?? []
  return (
    <Page
      title={TITLE}
      lead="Properties worked out from others and from events, kept up to date as things happen."
      actions={
        <Button leftSection={<Plus size={16} aria-hidden="true" />} onClick={create.open}>
          New computed property
        </Button>
      }
    >
      <List
        query={computed}
        count={rows.length}
        empty={
          <Empty
            icon={Calculator}
            title="No computed property yet"
            actions={<Button onClick={create.open}>Make the first one</Button>}
          >
            A formula over properties and figures of events, such as logins per seat.
          </Empty>
        }
      >
        <ListTable label={TITLE} rows={rows} keyOf={(row) => row.slug} columns={COLUMNS} />
      </List>
      {creating && <ComputedDialog computed={null} onClose={create.close} />}
    </Page>
  )
}

const COLUMNS: Array<Column<ComputedRow>> = [
  {
    title: 'Name',
    cell: (row) => (
      <>
        <Link to="/computed-properties/$slug" params={{ slug: row.slug }} className="sb-row-link">
          {row.name}
        </Link>
        <Text size="xs" c="dimmed" className="sb-mono">
          {row.subject}.{row.definition.property}
        </Text>
      </>
    ),
  },
  {
    title: 'Formula',
    cell: (row) => (
      <Text size="sm" maw={520} lineClamp={3}>
        {row.words}
      </Text>
    ),
  },
  {
    title: 'With a value',
    right: true,
    cell: (row) => (
      <>
        <Text fw={600}>{row.count.toLocaleString('en')}</Text>
        {!row.backfillDone && <StatusBadge status="acting" words="Working it out" />}
      </>
    ),
  },
]

export function ComputedPage() {
  const { slug } = useParams({ from: '/app/computed-properties/$slug' })
  const computed = useQuery({ ...trpc.computed.get.queryOptions({ slug }), refetchInterval: 10_000 })
  const [editing, edit] = useDisclosure(false)
  if (computed.isPending)
    return (
      <Page title={TITLE}>
        <ListSkeleton />
      </Page>
    )
  if (computed.isError)
    return (
      <Page title={TITLE}>
        <ProblemPanel error={computed.error} retry={() => void computed.refetch()} />
      </Page>
    )
  const view: ComputedView = computed.data
  return (
    <Page
      title={view.name}
      lead={
        <>
          <Link to="/computed-properties">{TITLE}</Link> ·{' '}
          <span className="sb-mono">
            {view.subject}.{view.definition.property}
          </span>
          {view.description !== '' && ` · ${view.description}`}
        </>
      }
      actions={
        <>
          <RemoveButton kind="computed" slug={slug} name={view.name} />
          <Button variant="default" leftSection={<Pencil size={15} aria-hidden="true" />} onClick={edit.open}>
            Change
          </Button>
        </>
      }
    >
      <div className="sb-card" style={{ padding: 18, marginBottom: 24 }}>
        <Text size="xs" c="dimmed" fw={600} tt="uppercase">
          Formula
        </Text>
        <Text>{view.words}</Text>
        <Text size="sm" c="dimmed" mt="xs">
          {view.count.toLocaleString('en')} with a value
          {!view.backfillDone && ` · ${view.backfill.done} of ${view.backfill.total} worked out`}
        </Text>
      </div>
      <Title order={2} mb="sm">
        What changed lately
      </Title>
      <ListTable label="Values" rows={view.sample} keyOf={({ subject }) => subject.id} columns={VALUE_COLUMNS} />
      {editing && <ComputedDialog computed={view} onClose={edit.close} />}
    </Page>
  )
}

const VALUE_COLUMNS: Array<Column<ComputedView['sample'][number]>> = [
  { title: 'Name', cell: ({ subject }) => <SubjectLink subject={subject} /> },
  {
    title: 'Value',
    right: true,
    cell: ({ value }) => <span className="sb-mono">{value === null ? 'none' : JSON.stringify(value)}</span>,
  },
  { title: 'Since', right: true, cell: ({ since }) => <Ago when={since} /> },
]
