import { TextInput } from '@mantine/core'
import { useDebouncedValue } from '@mantine/hooks'
import { useInfiniteQuery } from '@tanstack/react-query'
import { Building2, Search, Users } from 'lucide-react'
import { type ReactNode, useState } from 'react'
import { trpc } from '../api/client.ts'
import type { AccountSummary, ContactSummary, SubjectView } from '../api/types.ts'
import { SubjectLink } from '../audiences/audience-page.tsx'
import { Empty } from '../ui/empty.tsx'
import { type Column, List, ListTable } from '../ui/list.tsx'
import { Page } from '../ui/page.tsx'
import { DimAgo } from '../ui/time.tsx'

type Listed = SubjectView & { updatedAt: string }
const NAME: Column<Listed> = { title: 'Name', cell: (row) => <SubjectLink subject={row} /> }
const YOUR_ID: Column<Listed> = { title: 'Your id', cell: (row) => <span className="sb-mono">{row.externalId}</span> }
const CHANGED: Column<Listed> = { title: 'Changed', cell: (row) => <DimAgo when={row.updatedAt} /> }

const CONTACT_COLUMNS: Array<Column<ContactSummary>> = [
  NAME,
  { title: 'E-mail', cell: (row) => row.email },
  { title: 'Accounts', cell: (row) => row.accounts.map(({ label }) => label).join(', ') },
  YOUR_ID,
  CHANGED,
]
const ACCOUNT_COLUMNS: Array<Column<AccountSummary>> = [
  NAME,
  { title: 'Contacts', right: true, cell: (row) => row.contacts.toLocaleString('en') },
  YOUR_ID,
  CHANGED,
]

export function ContactsPage() {
  const { text, setText, input } = useSearchText()
  const contacts = useInfiniteQuery(
    trpc.contacts.list.infiniteQueryOptions(input, { getNextPageParam: (page) => page.nextCursor }),
  )
  const rows = contacts.data?.pages.flatMap((page) => page.data) ?? []
  const nobody = (
    <Nobody icon={Users} searching={'search' in input}>
      A contact is made by the first event or identify call that names them.
    </Nobody>
  )
  return (
    <Page title="Contacts" lead="The people Signalbox knows, from your events and connected systems.">
      <SearchBox value={text} onChange={setText} />
      <List query={contacts} count={rows.length} empty={nobody}>
        <ListTable label="Contacts" rows={rows} keyOf={(row) => row.id} columns={CONTACT_COLUMNS} />
      </List>
    </Page>
  )
}

export function AccountsPage() {
  const { text, setText, input } = useSearchText()
  const accounts = useInfiniteQuery(
    trpc.accounts.list.infiniteQueryOptions(input, { getNextPageParam: (page) => page.nextCursor }),
  )
  const rows = accounts.data?.pages.flatMap((page) => page.data) ?? []
  const nobody = (
    <Nobody icon={Building2} searching={'search' in input}>
      An account is made by the first group call that names it.
    </Nobody>
  )
  return (
    <Page title="Accounts" lead="The companies your contacts belong to.">
      <SearchBox value={text} onChange={setText} />
      <List query={accounts} count={rows.length} empty={nobody}>
        <ListTable label="Accounts" rows={rows} keyOf={(row) => row.id} columns={ACCOUNT_COLUMNS} />
      </List>
    </Page>
  )
}

function useSearchText() {
  const [text, setText] = useState('')
  const [search] = useDebouncedValue(text, 300)
  return { text, setText, input: search === '' ? {} : { search } }
}

function SearchBox({ value, onChange }: { value: string; onChange: (value: string) => void }) {
  return (
    <TextInput
      w={320}
      maw="100%"
      mb="md"
      aria-label="Search"
      placeholder="Name, e-mail or your id"
      leftSection={<Search size={15} aria-hidden="true" />}
      value={value}
      onChange={(event) => onChange(event.currentTarget.value)}
    />
  )
}

function Nobody(props: { icon: typeof Users; searching: boolean; children: ReactNode }) {
  return (
    <Empty icon={props.icon} title={props.searching ? 'Nobody like that' : 'Nobody yet'}>
      {props.searching ? 'Try another part of the name, e-mail or id.' : props.children}
    </Empty>
  )
}
