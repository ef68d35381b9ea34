import { Select, Switch, Text, TextInput, Title } from '@mantine/core'
import { useMutation, useQuery, useQueryClient, useSuspenseQuery } from '@tanstack/react-query'
import { Database, Search } from 'lucide-react'
import { useState } from 'react'
import { trpc } from '../api/client.ts'
import type { EventSetting, PropertySetting } from '../api/types.ts'
import { Empty } from '../ui/empty.tsx'
import { type Column, List, ListTable } from '../ui/list.tsx'
import { Page } from '../ui/page.tsx'
import { Ago } from '../ui/time.tsx'
import { failed } from '../ui/toast.ts'

const MASKS = [
  { value: 'everybody', label: 'Everybody' },
  { value: 'editor', label: 'Editors and owners' },
  { value: 'owner', label: 'Owners' },
]

/** What the workspace takes of what is sent, and who sees it. */
export function DataPage() {
  const [search, setSearch] = useState('')
  const fits = ({ name }: { name: string }): boolean => name.toLowerCase().includes(search.trim().toLowerCase())
  return (
    <Page
      title="Data"
      lead="Which events are looked at, and which properties are stored and seen. A change is in force within ten seconds."
    >
      <TextInput
        aria-label="Find an event or property"
        placeholder="Find an event or property"
        leftSection={<Search size={16} aria-hidden="true" />}
        maw={360}
        mb="lg"
        value={search}
        onChange={(event) => setSearch(event.currentTarget.value)}
      />
      <Events fits={fits} />
      <Properties fits={fits} />
    </Page>
  )
}

type Fits = (row: { name: string }) => boolean

function useRefresh() {
  const client = useQueryClient()
  return () => client.invalidateQueries({ queryKey: trpc.dataSettings.pathKey() })
}

function Events({ fits }: { fits: Fits }) {
  const events = useQuery(trpc.dataSettings.events.queryOptions())
  const refresh = useRefresh()
  const change = useMutation(trpc.dataSettings.changeEvent.mutationOptions({ onSuccess: refresh, onError: failed }))
  const { data: rows = [], counted } = events.data ?? {}
  const columns: Array<Column<EventSetting>> = [
    { title: 'Event', cell: ({ name }) => <Text fw={600}>{name}</Text> },
    { title: 'Times', right: true, cell: ({ count }) => count.toLocaleString('en') },
    { title: 'Last', cell: ({ lastSeen }) => (lastSeen === null ? 'not lately' : <Ago when={lastSeen} />) },
    {
      title: 'Looked at',
      cell: ({ name, ignored }) => (
        <Switch
          aria-label={`Look at ${name}`}
          checked={!ignored}
          label={ignored ? 'Ignored' : 'Yes'}
          onChange={(event) => change.mutate({ name, ignored: !event.currentTarget.checked })}
        />
      ),
    },
  ]
  return (
    <section aria-label="Events">
      <Title order={2}>Events</Title>
      <Text size="sm" c="dimmed" mb="sm">
        An ignored event is kept as refused and starts nothing.
        {counted?.since && (
          <>
            {' '}
            Counted over the newest {counted.events.toLocaleString('en')} events, since <Ago when={counted.since} />.
          </>
        )}
      </Text>
      <List query={events} count={rows.length} empty={<Empty icon={Database} title="No event came yet" />}>
        <ListTable label="Events" rows={rows.filter(fits)} keyOf={({ name }) => name} columns={columns} />
      </List>
    </section>
  )
}

function Properties({ fits }: { fits: Fits }) {
  const { data: session } = useSuspenseQuery(trpc.session.me.queryOptions())
  const properties = useQuery(trpc.dataSettings.properties.queryOptions())
  const refresh = useRefresh()
  const change = useMutation(trpc.dataSettings.changeProperty.mutationOptions({ onSuccess: refresh, onError: failed }))
  const { data: rows = [], counted } = properties.data ?? {}
  const owner = session.role === 'owner'
  const columns: Array<Column<PropertySetting>> = [
    {
      title: 'Property',
      cell: ({ subject, name }) => (
        <Text fw={600}>
          <Text span c="dimmed" fw={400}>
            {subject === 'contact' ? 'Contact' : 'Account'}{' '}
          </Text>
          {name}
        </Text>
      ),
    },
    { title: 'Type', cell: ({ type }) => type ?? '' },
    { title: 'Have it', right: true, cell: ({ count }) => count.toLocaleString('en') },
    {
      title: 'Stored',
      cell: ({ subject, name, blocked }) => (
        <Switch
          aria-label={`Store ${subject} ${name}`}
          checked={!blocked}
          label={blocked ? 'Blocked' : 'Yes'}
          onChange={(event) => change.mutate({ subject, name, blocked: !event.currentTarget.checked })}
        />
      ),
    },
    {
      title: 'Who sees its values',
      cell: ({ subject, name, maskedBelow }) => (
        <Select
          aria-label={`Who sees ${subject} ${name}`}
          data={MASKS}
          value={maskedBelow ?? 'everybody'}
          allowDeselect={false}
          disabled={!owner}
          w={190}
          onChange={(value) =>
            change.mutate({ subject, name, maskedBelow: value === 'editor' || value === 'owner' ? value : null })
          }
        />
      ),
    },
  ]
  return (
    <section aria-label="Properties">
      <Title order={2} mt="xl">
        Properties
      </Title>
      <Text size="sm" c="dimmed" mb="sm">
        A blocked property is left out of what comes in; values that are stored already stay.
        {counted &&
          ` Counted over the ${counted.contacts.toLocaleString('en')} contacts and ${counted.accounts.toLocaleString('en')} accounts that changed last.`}
        {!owner && ' Who sees a property is changed by owners.'}
      </Text>
      <List query={properties} count={rows.length} empty={<Empty icon={Database} title="No property yet" />}>
        <ListTable
          label="Properties"
          rows={rows.filter(fits)}
          keyOf={({ subject, name }) => `${subject} ${name}`}
          columns={columns}
        />
      </List>
    </section>
  )
}
