import { Button, Text } from '@mantine/core'
import { useDisclosure } from '@mantine/hooks'
import { useQuery } from '@tanstack/react-query'
import { Link } from '@tanstack/react-router'
import { Plus } from 'lucide-react'
import { describe } from '../../../engine/rules/explain.ts'
import type { AudienceRow } from '../api/types.ts'
import { Empty } from '../ui/empty.tsx'
import { type Column, List, ListTable } from '../ui/list.tsx'
import { Page } from '../ui/page.tsx'
import { StatusBadge } from '../ui/status-badge.tsx'
import { AudienceDialog } from './audience-dialog.tsx'
import { apiOf, type AudienceKind, WORDS } from './audience-kind.ts'

export const SignalsPage = () => <AudiencesPage kind="signal" />
export const SegmentsPage = () => <AudiencesPage kind="segment" />

function AudiencesPage({ kind }: { kind: AudienceKind }) {
  const words = WORDS[kind]
  const audiences = useQuery({ ...apiOf(kind).list.queryOptions(), refetchInterval: 10_000 })
  const [creating, create] = useDisclosure(false)
  const rows = audiences.data?.data ?? []
  return (
    <Page
      title={words.title}
      lead={words.lead}
      actions={
        <Button leftSection={<Plus size={16} aria-hidden="true" />} onClick={create.open}>
          New {words.one}
        </Button>
      }
    >
      <List
        query={audiences}
        count={rows.length}
        empty={
          <Empty
            icon={words.icon}
            title={`No ${words.one} yet`}
            actions={<Button onClick={create.open}>Make the first one</Button>}
          >
            {words.empty}
          </Empty>
        }
      >
        <ListTable label={words.title} rows={rows} keyOf={(row) => row.slug} columns={COLUMNS[kind]} />
      </List>
      {creating && <AudienceDialog kind={kind} audience={null} onClose={create.close} />}
    </Page>
  )
}

const columnsOf = (kind: AudienceKind): Array<Column<AudienceRow>> => [
  {
    title: 'Name',
    cell: (row) => (
      <>
        <Link
          to={kind === 'signal' ? '/signals/$slug' : '/segments/$slug'}
          params={{ slug: row.slug }}
          className="sb-row-link"
        >
          {row.name}
        </Link>
        <Text size="xs" c="dimmed" className="sb-mono">
          {row.slug}
        </Text>
      </>
    ),
  },
  {
    title: 'Rule',
    cell: (row) => (
      <Text size="sm" maw={460} lineClamp={2}>
        {describe(row.rule)}
      </Text>
    ),
  },
  { title: 'For', cell: (row) => (row.subject === 'contact' ? 'Contacts' : 'Accounts') },
  {
    title: WORDS[kind].is,
    right: true,
    cell: (row) => (
      <>
        <Text fw={600}>{row.count.toLocaleString('en')}</Text>
        {!row.backfillDone && <StatusBadge status="acting" words="Counting" />}
      </>
    ),
  },
]
const COLUMNS = { signal: columnsOf('signal'), segment: columnsOf('segment') }
