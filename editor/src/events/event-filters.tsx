import { Group, Select, TextInput } from '@mantine/core'
import { useDebouncedCallback } from '@mantine/hooks'
import { useQuery } from '@tanstack/react-query'
import { useNavigate, useSearch } from '@tanstack/react-router'
import { type ReactNode, useState } from 'react'
import { trpc } from '../api/client.ts'
import { EVENT_KINDS, EVENT_STATUSES, type EventSearch, eventSearch } from './event-search.ts'

const STATUS_WORDS = { done: 'Worked', pending: 'Waiting', refused: 'Refused' } as const

/** Which events are shown. It stands in the address, so that it can be sent to others. */
export function EventFilters({ children }: { children: ReactNode }) {
  const { subject, name, kind, status } = useSearch({ from: '/app/events' })
  const navigate = useNavigate({ from: '/events' })
  const context = useQuery({ ...trpc.catalog.context.queryOptions(), staleTime: 30_000 })
  const [text, setText] = useState(subject ?? '')
  /** One field set, or taken out. */
  const set = (field: keyof EventSearch, value: string | null) =>
    void navigate({ search: (old) => eventSearch({ ...old, [field]: value }), replace: true })
  const search = useDebouncedCallback((value: string) => set('subject', value === '' ? null : value), 350)
  return (
    <Group gap="xs" mb="md">
      <TextInput
        w={230}
        placeholder="Your id of a contact or account"
        aria-label="Subject"
        value={text}
        onChange={(event) => {
          setText(event.currentTarget.value)
          search(event.currentTarget.value.trim())
        }}
      />
      <Select
        w={210}
        searchable
        clearable
        placeholder="Any event"
        aria-label="Event name"
        data={context.data?.eventNames ?? []}
        value={name ?? null}
        onChange={(value) => set('name', value)}
      />
      <Select
        w={130}
        clearable
        placeholder="Any call"
        aria-label="Kind of call"
        data={[...EVENT_KINDS]}
        value={kind ?? null}
        onChange={(value) => set('kind', value)}
      />
      <Select
        w={130}
        clearable
        placeholder="Any state"
        aria-label="State"
        data={EVENT_STATUSES.map((value) => ({ value, label: STATUS_WORDS[value] }))}
        value={status ?? null}
        onChange={(value) => set('status', value)}
      />
      {children}
    </Group>
  )
}
