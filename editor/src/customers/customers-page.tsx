import { Button, Text, TextInput, Title } from '@mantine/core'
import { useDebouncedCallback, useDisclosure } from '@mantine/hooks'
import { useInfiniteQuery, useQuery } from '@tanstack/react-query'
import { useNavigate } from '@tanstack/react-router'
import { Building2, Download, ListFilter, Search, Users } from 'lucide-react'
import { type ReactNode, useMemo, useState } from 'react'
import { trpc } from '../api/client.ts'
import type { Json } from '../../../nodes/manifest.ts'
import { Empty } from '../ui/empty.tsx'
import { ListVirtual, type VirtualColumn } from '../ui/list-virtual.tsx'
import { ListSkeleton, useDocumentTitle } from '../ui/page.tsx'
import { Notice, ProblemPanel } from '../ui/problem-panel.tsx'
import { ColumnMenu } from './column-menu.tsx'
import { type Choice, cellOf, choiceOf, useChoices } from './columns.tsx'
import './customers.css'
import { FilterPanel, sizeOfRule } from './filter-panel.tsx'
import { NameCell } from './name-cell.tsx'
import { type CustomerKind, moved, readSort, withWidth, writeSort } from './table-definition.ts'
import { type Table, useTable } from './use-table.ts'
import { ViewMenu } from './view-menu.tsx'

const WORDS = {
  contact: {
    title: 'Contacts',
    one: 'contact',
    icon: Users,
    nobody: 'A contact is made by the first event or identify call that names them.',
    placeholder: 'Name, e-mail or your id',
  },
  account: {
    title: 'Accounts',
    one: 'account',
    icon: Building2,
    nobody: 'An account is made by the first group call that names it.',
    placeholder: 'Name or your id',
  },
} as const

/** Rows of one request. */
const PAGE = 200
/** While one looks at the beginning, what is new comes by itself. */
const FRESH_MS = 15_000

export const ContactsPage = () => <CustomersPage kind="contact" />
export const AccountsPage = () => <CustomersPage kind="account" />

/** A row, of whichever kind. */
interface Row {
  kind: CustomerKind
  id: string
  label: string
  name: string | null
  cells?: { [column: string]: Json } | undefined
}

function CustomersPage({ kind }: { kind: CustomerKind }) {
  const words = WORDS[kind]
  const table = useTable(kind)
  const [filtering, filter] = useDisclosure(table.definition.filter !== null)
  const list = useRows(table)
  const choices = useChoices(kind, !list.query.isPending)
  useDocumentTitle(table.view?.name ?? words.title)
  return (
    <div className="sb-table-page">
      <div className="sb-table-head">
        <Title order={1}>{words.title}</Title>
        <Count kind={kind} count={list.count} of={list.query} />
        <span className="sb-grow" />
        <ViewMenu table={table} />
      </div>
      <div className="sb-table-tools">
        <SearchBox key={kind} value={table.search} onChange={table.setSearch} placeholder={words.placeholder} />
        <Button
          variant={table.definition.filter === null ? 'default' : 'light'}
          leftSection={<ListFilter size={15} aria-hidden="true" />}
          aria-expanded={filtering}
          onClick={filter.toggle}
        >
          Filter{table.definition.filter !== null && ` · ${sizeOfRule(table.definition.filter)}`}
        </Button>
        <ColumnMenu
          choices={choices}
          columns={table.definition.columns}
          onChange={(columns) => table.change({ columns })}
        />
        <span className="sb-grow" />
        <Button
          variant="default"
          component="a"
          href={exportAddress(table)}
          download
          leftSection={<Download size={15} aria-hidden="true" />}
        >
          Export CSV
        </Button>
      </div>
      {filtering && <FilterPanel key={table.view?.id ?? 'all'} table={table} onClose={filter.close} />}
      {table.lost && (
        <Notice tone="warn" title="This view is not there any more">
          <Text size="sm">Somebody has deleted it. What you see is everybody.</Text>
        </Notice>
      )}
      <Rows table={table} choices={choices} list={list} />
    </div>
  )
}

/** What the server is asked for, the same for rows, count and export. */
function askedOf({ definition, search }: Table) {
  return {
    ...(search !== '' && { search }),
    ...(definition.filter !== null && { filter: definition.filter }),
  }
}

function exportAddress(table: Table): string {
  const { search, filter } = askedOf(table)
  const query = new URLSearchParams({ bom: 'true' })
  if (search !== undefined) query.set('search', search)
  if (filter !== undefined) query.set('filter', JSON.stringify(filter))
  for (const { id } of table.definition.columns) query.append('columns', id)
  return `/v1/exports/${table.kind}s.csv?${query}`
}

function useRows(table: Table) {
  const { kind, definition, ready } = table
  const asked = askedOf(table)
  // In another order of columns the same is asked for.
  const columns = definition.columns.map(({ id }) => id).sort()
  const input = { ...asked, columns, sort: definition.sort, limit: PAGE }
  const options = {
    // Comparing all rows with all rows at every page costs more than drawing them.
    structuralSharing: false,
    placeholderData: <T,>(old: T) => old,
    refetchInterval: ({ state }: { state: { data?: { pages: unknown[] } | undefined } }) =>
      (state.data?.pages.length ?? 0) <= 1 ? FRESH_MS : (false as const),
    // Coming back to a place far down shows what was there.
    refetchOnMount: ({ state }: { state: { data?: { pages: unknown[] } | undefined } }) =>
      (state.data?.pages.length ?? 0) <= 1,
    refetchOnWindowFocus: false,
  } as const
  const next = { getNextPageParam: (page: { nextCursor: string | null }) => page.nextCursor }
  const contacts = useInfiniteQuery({
    ...trpc.contacts.list.infiniteQueryOptions(input, next),
    ...options,
    enabled: kind === 'contact' && ready,
  })
  const accounts = useInfiniteQuery({
    ...trpc.accounts.list.infiniteQueryOptions(input, next),
    ...options,
    enabled: kind === 'account' && ready,
  })
  const query = kind === 'contact' ? contacts : accounts
  // Counting may take longer than showing the first rows, and calls of one moment are answered together.
  const counting = { enabled: query.isSuccess, placeholderData: <T,>(old: T) => old, refetchInterval: 2 * FRESH_MS }
  const contactCount = useQuery({
    ...trpc.contacts.count.queryOptions(asked),
    ...counting,
    enabled: counting.enabled && kind === 'contact',
  })
  const accountCount = useQuery({
    ...trpc.accounts.count.queryOptions(asked),
    ...counting,
    enabled: counting.enabled && kind === 'account',
  })
  const rows = useMemo(() => {
    const found: Row[] = (query.data?.pages ?? []).flatMap((page): Row[] => page.data)
    // Who changes while one reads on can stand on two pages.
    return [...new Map(found.map((row) => [row.id, row])).values()]
  }, [query.data])
  return { query, rows, count: (kind === 'contact' ? contactCount : accountCount).data?.count ?? null }
}
type ListOfRows = ReturnType<typeof useRows>

function Rows({ table, choices, list }: { table: Table; choices: readonly Choice[]; list: ListOfRows }) {
  const { query, rows, count } = list
  const navigate = useNavigate()
  const { definition, kind } = table
  const [nameWidth, setNameWidth] = useNameWidth(kind)
  const columns = useMemo(
    () => columnsOf(definition.columns, choices, nameWidth),
    [definition.columns, choices, nameWidth],
  )
  if (query.isError && rows.length === 0) return <ProblemPanel error={query.error} retry={() => void query.refetch()} />
  if (query.isPending) return <ListSkeleton rows={12} height={36} />
  if (rows.length === 0) return <Nobody table={table} />
  const { by, descending } = readSort(definition.sort)
  return (
    <>
      {query.isError && <ProblemPanel error={query.error} retry={() => void query.refetch()} />}
      <ListVirtual
        label={WORDS[kind].title}
        rows={rows}
        keyOf={(row) => row.id}
        columns={columns}
        total={count}
        more={{
          has: query.hasNextPage,
          loading: query.isFetchingNextPage || query.isError,
          load: () => void query.fetchNextPage({ cancelRefetch: false }),
        }}
        sort={{ by, descending, change: (id, down) => table.change({ sort: writeSort(id, down) }) }}
        onWidth={(id, width) =>
          id === 'name' ? setNameWidth(width) : table.change({ columns: withWidth(definition.columns, id, width) })
        }
        onMove={(id, before) => table.change({ columns: moved(definition.columns, id, before) })}
        onOpen={(row) => void navigate({ to: `/${kind}s/$id`, params: { id: row.id } })}
        placeKey={`${kind} ${table.view?.id ?? 'all'} ${definition.sort} ${table.search}`}
      />
    </>
  )
}

const NAME_WIDTH = 210

function useNameWidth(kind: CustomerKind): [number, (width: number) => void] {
  const key = `signalbox.table.name.${kind}`
  const [width, setWidth] = useState(() => Number(localStorage.getItem(key)) || NAME_WIDTH)
  return [
    width,
    (next) => {
      localStorage.setItem(key, String(next))
      setWidth(next)
    },
  ]
}

function columnsOf(
  chosen: Table['definition']['columns'],
  choices: readonly Choice[],
  nameWidth: number,
): Array<VirtualColumn<Row>> {
  return [
    { id: 'name', title: 'Name', width: nameWidth, sortable: true, cell: (row) => <NameCell subject={row} /> },
    ...chosen.map(({ id, width }): VirtualColumn<Row> => {
      const choice = choiceOf(id, choices)
      return {
        id,
        title: choice.title,
        width: width ?? choice.width,
        ...(choice.right === true && { right: true }),
        sortable: choice.sortable,
        cell: (row) => cellOf(id, row.cells?.[id]),
      }
    }),
  ]
}

function Count(props: { kind: CustomerKind; count: number | null; of: { isFetching: boolean } }) {
  const { kind, count } = props
  return (
    <Text c="dimmed" role="status" className="sb-count">
      {count === null ? '' : `${count.toLocaleString('en')} ${WORDS[kind].one}${count === 1 ? '' : 's'}`}
    </Text>
  )
}

/** What is typed is asked for once one pauses; what the address says counts. */
function SearchBox(props: { value: string; onChange: (value: string) => void; placeholder: string }) {
  const { value, onChange, placeholder } = props
  const [text, setText] = useState(value)
  const [seen, setSeen] = useState(value)
  const settle = useDebouncedCallback(onChange, 250)
  // Another view, or the way back.
  if (value !== seen) {
    setSeen(value)
    setText(value)
  }
  return (
    <TextInput
      w={260}
      aria-label="Search"
      type="search"
      placeholder={placeholder}
      leftSection={<Search size={15} aria-hidden="true" />}
      value={text}
      onChange={(event) => {
        setText(event.currentTarget.value)
        settle(event.currentTarget.value)
      }}
    />
  )
}

function Nobody({ table }: { table: Table }): ReactNode {
  const words = WORDS[table.kind]
  const narrowed = table.search !== '' || table.definition.filter !== null
  return (
    <div className="sb-card">
      <Empty
        icon={words.icon}
        title={narrowed ? 'Nobody like that' : 'Nobody yet'}
        actions={
          narrowed && (
            <Button
              variant="default"
              onClick={() => {
                if (table.definition.filter !== null) table.change({ filter: null })
                else table.setSearch('')
              }}
            >
              {table.definition.filter !== null ? 'Take the filter away' : 'Show everybody'}
            </Button>
          )
        }
      >
        {narrowed ? 'Try another filter, or another beginning of the name, e-mail or id.' : words.nobody}
      </Empty>
    </div>
  )
}
