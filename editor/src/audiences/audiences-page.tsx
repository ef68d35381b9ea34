import { Button, Table, Text } from '@mantine/core'
import { useDisclosure } from '@mantine/hooks'
import { useQuery } from '@tanstack/react-query'
import { Link } from '@tanstack/react-router'
import { Plus } from 'lucide-react'
import { describe } from '../../../engine/rules/explain.ts'
import type { AudienceRow } from '../api/types.ts'
import { Empty } from '../ui/empty.tsx'
import { ListSkeleton, Page } from '../ui/page.tsx'
import { ProblemPanel } from '../ui/problem-panel.tsx'
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
      {audiences.isPending && <ListSkeleton />}
      {audiences.isError && <ProblemPanel error={audiences.error} retry={() => void audiences.refetch()} />}
      {audiences.isSuccess && rows.length === 0 && (
        <div className="sb-card">
          <Empty
            icon={words.icon}
            title={`No ${words.one} yet`}
            actions={<Button onClick={create.open}>Make the first one</Button>}
          >
            {words.empty}
          </Empty>
        </div>
      )}
      {rows.length > 0 && <AudienceTable kind={kind} rows={rows} />}
      {creating && <AudienceDialog kind={kind} audience={null} onClose={create.close} />}
    </Page>
  )
}

function AudienceTable({ kind, rows }: { kind: AudienceKind; rows: AudienceRow[] }) {
  const words = WORDS[kind]
  return (
    <div className="sb-card sb-scroll-x">
      <Table highlightOnHover aria-label={words.title}>
        <Table.Thead>
          <Table.Tr>
            <Table.Th>Name</Table.Th>
            <Table.Th>Rule</Table.Th>
            <Table.Th>For</Table.Th>
            <Table.Th ta="right">{words.is}</Table.Th>
          </Table.Tr>
        </Table.Thead>
        <Table.Tbody>
          {rows.map((row) => (
            <Table.Tr key={row.slug}>
              <Table.Td>
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
              </Table.Td>
              <Table.Td>
                <Text size="sm" maw={460} lineClamp={2}>
                  {describe(row.rule)}
                </Text>
              </Table.Td>
              <Table.Td>{row.subject === 'contact' ? 'Contacts' : 'Accounts'}</Table.Td>
              <Table.Td ta="right">
                <Text fw={600}>{row.count.toLocaleString('en')}</Text>
                {!row.backfillDone && <StatusBadge status="acting" words="Counting" />}
              </Table.Td>
            </Table.Tr>
          ))}
        </Table.Tbody>
      </Table>
    </div>
  )
}
