import { Button, Table } from '@mantine/core'
import type { ReactNode } from 'react'
import { ListSkeleton } from './page.tsx'
import { ProblemPanel } from './problem-panel.tsx'

/** What a list needs of its query; plain and paged queries both have it. */
interface ListQuery {
  isPending: boolean
  isError: boolean
  isSuccess: boolean
  error: unknown
  refetch: () => unknown
  hasNextPage?: boolean
  isFetchingNextPage?: boolean
  fetchNextPage?: () => unknown
}

/** A list in all its states: on its way, failed, empty, shown, and with more to come. */
export function List(props: {
  query: ListQuery
  count: number
  /** How many rows to draw the shape of while they are on their way, where that is known. */
  coming?: number
  /** Instead of an empty list. */
  empty: ReactNode
  /** Words of the button that fetches the next page. */
  more?: string
  children: ReactNode
}) {
  const { query, count, coming, empty, more = 'Show more', children } = props
  return (
    <>
      {query.isPending && <ListSkeleton {...(coming !== undefined && { rows: coming })} />}
      {query.isError && <ProblemPanel error={query.error} retry={() => void query.refetch()} />}
      {query.isSuccess && count === 0 && <div className="sb-card">{empty}</div>}
      {count > 0 && children}
      {query.hasNextPage === true && (
        <Button
          mt="md"
          variant="default"
          loading={query.isFetchingNextPage === true}
          onClick={() => void query.fetchNextPage?.()}
        >
          {more}
        </Button>
      )}
    </>
  )
}

export interface Column<Row> {
  /** Of the head of the column, and its identity. */
  title: string
  /** Numbers stand at the right, under each other. */
  right?: boolean
  cell: (row: Row) => ReactNode
}

/** A table of rows, one column a property. */
export function ListTable<Row>(props: {
  label: string
  rows: readonly Row[]
  keyOf: (row: Row) => string
  columns: ReadonlyArray<Column<Row>>
}) {
  const { label, rows, keyOf, columns } = props
  return (
    <div className="sb-card sb-scroll-x">
      <Table highlightOnHover aria-label={label}>
        <Table.Thead>
          <Table.Tr>
            {columns.map(({ title, right }) => (
              <Table.Th key={title} {...(right === true && { ta: 'right' })}>
                {title}
              </Table.Th>
            ))}
          </Table.Tr>
        </Table.Thead>
        <Table.Tbody>
          {rows.map((row) => (
            <Table.Tr key={keyOf(row)}>
              {columns.map(({ title, right, cell }) => (
                <Table.Td key={title} {...(right === true && { ta: 'right' })}>
                  {cell(row)}
                </Table.Td>
              ))}
            </Table.Tr>
          ))}
        </Table.Tbody>
      </Table>
    </div>
  )
}

/** Every page that was fetched is asked for again each time, so the more of them, the rarer. */
export const pacedBy =
  (ms: number) =>
  (query: { state: { data?: { pages: readonly unknown[] } | undefined } }): number =>
    ms * Math.max(1, query.state.data?.pages.length ?? 1)
