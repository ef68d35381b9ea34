import { Button, Table, Text, TextInput } from '@mantine/core'
import { useDebouncedValue } from '@mantine/hooks'
import { useInfiniteQuery } from '@tanstack/react-query'
import { Building2, Search, Users } from 'lucide-react'
import { type ReactNode, useState } from 'react'
import { trpc } from '../api/client.ts'
import { SubjectLink } from '../audiences/audience-page.tsx'
import { Empty } from '../ui/empty.tsx'
import { ListSkeleton, Page } from '../ui/page.tsx'
import { ProblemPanel } from '../ui/problem-panel.tsx'
import { Ago } from '../ui/time.tsx'

export function ContactsPage() {
  const [text, setText] = useState('')
  const [search] = useDebouncedValue(text, 300)
  const contacts = useInfiniteQuery(
    trpc.contacts.list.infiniteQueryOptions(
      { ...(search !== '' && { search }) },
      { getNextPageParam: (page) => page.nextCursor },
    ),
  )
  const rows = contacts.data?.pages.flatMap((page) => page.data) ?? []
  return (
    <Page title="Contacts" lead="The people Signalbox knows, from your events and connected systems.">
      <SearchBox value={text} onChange={setText} />
      {contacts.isPending && <ListSkeleton />}
      {contacts.isError && <ProblemPanel error={contacts.error} retry={() => void contacts.refetch()} />}
      {contacts.isSuccess && rows.length === 0 && (
        <Nobody icon={Users} searching={search !== ''}>
          A contact is made by the first event or identify call that names them.
        </Nobody>
      )}
      {rows.length > 0 && (
        <div className="sb-card sb-scroll-x">
          <Table highlightOnHover aria-label="Contacts">
            <Table.Thead>
              <Table.Tr>
                <Table.Th>Name</Table.Th>
                <Table.Th>E-mail</Table.Th>
                <Table.Th>Accounts</Table.Th>
                <Table.Th>Your id</Table.Th>
                <Table.Th>Changed</Table.Th>
              </Table.Tr>
            </Table.Thead>
            <Table.Tbody>
              {rows.map((row) => (
                <Table.Tr key={row.id}>
                  <Table.Td>
                    <SubjectLink subject={row} />
                  </Table.Td>
                  <Table.Td>{row.email}</Table.Td>
                  <Table.Td>{row.accounts.map(({ label }) => label).join(', ')}</Table.Td>
                  <Table.Td>
                    <span className="sb-mono">{row.externalId}</span>
                  </Table.Td>
                  <Table.Td>
                    <Text size="sm" c="dimmed" component="div">
                      <Ago when={row.updatedAt} />
                    </Text>
                  </Table.Td>
                </Table.Tr>
              ))}
            </Table.Tbody>
          </Table>
        </div>
      )}
      <More query={contacts} />
    </Page>
  )
}

export function AccountsPage() {
  const [text, setText] = useState('')
  const [search] = useDebouncedValue(text, 300)
  const accounts = useInfiniteQuery(
    trpc.accounts.list.infiniteQueryOptions(
      { ...(search !== '' && { search }) },
      { getNextPageParam: (page) => page.nextCursor },
    ),
  )
  const rows = accounts.data?.pages.flatMap((page) => page.data) ?? []
  return (
    <Page title="Accounts" lead="The companies your contacts belong to.">
      <SearchBox value={text} onChange={setText} />
      {accounts.isPending && <ListSkeleton />}
      {accounts.isError && <ProblemPanel error={accounts.error} retry={() => void accounts.refetch()} />}
      {accounts.isSuccess && rows.length === 0 && (
        <Nobody icon={Building2} searching={search !== ''}>
          An account is made by the first group call that names it.
        </Nobody>
      )}
      {rows.length > 0 && (
        <div className="sb-card sb-scroll-x">
          <Table highlightOnHover aria-label="Accounts">
            <Table.Thead>
              <Table.Tr>
                <Table.Th>Name</Table.Th>
                <Table.Th ta="right">Contacts</Table.Th>
                <Table.Th>Your id</Table.Th>
                <Table.Th>Changed</Table.Th>
              </Table.Tr>
            </Table.Thead>
            <Table.Tbody>
              {rows.map((row) => (
                <Table.Tr key={row.id}>
                  <Table.Td>
                    <SubjectLink subject={row} />
                  </Table.Td>
                  <Table.Td ta="right">{row.contacts.toLocaleString('en')}</Table.Td>
                  <Table.Td>
                    <span className="sb-mono">{row.externalId}</span>
                  </Table.Td>
                  <Table.Td>
                    <Text size="sm" c="dimmed" component="div">
                      <Ago when={row.updatedAt} />
                    </Text>
                  </Table.Td>
                </Table.Tr>
              ))}
            </Table.Tbody>
          </Table>
        </div>
      )}
      <More query={accounts} />
    </Page>
  )
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
    <div className="sb-card">
      <Empty icon={props.icon} title={props.searching ? 'Nobody like that' : 'Nobody yet'}>
        {props.searching ? 'Try another part of the name, e-mail or id.' : props.children}
      </Empty>
    </div>
  )
}

function More({
  query,
}: {
  query: { hasNextPage: boolean; isFetchingNextPage: boolean; fetchNextPage: () => unknown }
}) {
  if (!query.hasNextPage) return null
  return (
    <Button mt="md" variant="default" loading={query.isFetchingNextPage} onClick={() => void query.fetchNextPage()}>
      Show more
    </Button>
  )
}
