import { Button, Text } from '@mantine/core'
import { useDisclosure } from '@mantine/hooks'
import { useInfiniteQuery } from '@tanstack/react-query'
import { Link } from '@tanstack/react-router'
import { FileUp, Plus } from 'lucide-react'
import { trpc } from '../api/client.ts'
import type { ImportRow } from '../api/types.ts'
import { Empty } from '../ui/empty.tsx'
import { type Column, List, ListTable, pacedBy } from '../ui/list.tsx'
import { Page } from '../ui/page.tsx'
import { StatusBadge } from '../ui/status-badge.tsx'
import { Ago } from '../ui/time.tsx'
import { count } from './import-words.ts'
import { UploadDialog } from './upload-dialog.tsx'

export function ImportsPage() {
  const imports = useInfiniteQuery({
    ...trpc.imports.list.infiniteQueryOptions({}, { getNextPageParam: ({ nextCursor }) => nextCursor ?? undefined }),
    refetchInterval: pacedBy(4_000),
  })
  const [uploading, upload] = useDisclosure(false)
  const rows = imports.data?.pages.flatMap(({ data }) => data) ?? []
  const button = (
    <Button leftSection={<Plus size={16} aria-hidden="true" />} onClick={upload.open}>
      Import a file
    </Button>
  )
  return (
    <Page title="Imports" lead="Contacts, accounts and events from CSV files." actions={button}>
      <List
        query={imports}
        count={rows.length}
        empty={
          <Empty icon={FileUp} title="Nothing was imported yet" actions={button}>
            Bring customers from a spreadsheet or another system: upload a file, say what its columns are for, and watch
            it go. A row that does not fit comes back in a file with the reason, to mend and import again.
          </Empty>
        }
      >
        <ListTable label="Imports" rows={rows} keyOf={({ id }) => id} columns={COLUMNS} />
      </List>
      {uploading && <UploadDialog onClose={upload.close} />}
    </Page>
  )
}

const COLUMNS: Array<Column<ImportRow>> = [
  {
    title: 'File',
    cell: (row) => (
      <>
        <Link to="/imports/$id" params={{ id: row.id }} className="sb-row-link">
          {row.name}
        </Link>
        <Text size="xs" c="dimmed">
          {row.kind}, by {row.createdBy}
        </Text>
      </>
    ),
  },
  { title: 'Status', cell: (row) => <StatusBadge status={row.status} /> },
  { title: 'Rows', right: true, cell: (row) => count(row.total) },
  { title: 'Taken', right: true, cell: (row) => count(row.taken) },
  { title: 'Refused', right: true, cell: (row) => count(row.refused) },
  { title: 'Uploaded', cell: (row) => <Ago when={row.createdAt} /> },
]
