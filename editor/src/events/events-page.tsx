import { Button, Group, Select, Text, TextInput } from '@mantine/core'
import { useDebouncedCallback, useDisclosure } from '@mantine/hooks'
import { useInfiniteQuery, useQuery } from '@tanstack/react-query'
import { useNavigate, useSearch } from '@tanstack/react-router'
import { Send, Zap } from 'lucide-react'
import { useState } from 'react'
import { trpc } from '../api/client.ts'
import { Empty } from '../ui/empty.tsx'
import { List, pacedBy } from '../ui/list.tsx'
import { Page } from '../ui/page.tsx'
import { EventLine } from './event-line.tsx'
import { SendDialog } from './send-dialog.tsx'

/** What was received, and what each event started, or why nothing. */
export function EventsPage() {
  const { subject, name } = useSearch({ from: '/app/events' })
  const [sending, send] = useDisclosure(false)
  const events = useInfiniteQuery(
    trpc.events.list.infiniteQueryOptions(
      { ...(subject !== undefined && { subject }), ...(name !== undefined && { name }) },
      { getNextPageParam: (page) => page.nextCursor, refetchInterval: pacedBy(3_000) },
    ),
  )
  const rows = events.data?.pages.flatMap((page) => page.data) ?? []
  const filtered = subject !== undefined || name !== undefined
  return (
    <Page
      title="Events"
      lead="Everything your product told Signalbox, with what it started, or why it started nothing."
      actions={
        <Button leftSection={<Send size={15} aria-hidden="true" />} onClick={send.open}>
          Send test event
        </Button>
      }
    >
      <Filters />
      <List
        query={events}
        count={rows.length}
        more="Show older events"
        empty={<NoEvent filtered={filtered} onSend={send.open} />}
      >
        <div className="sb-card">
          {rows.map((event) => (
            <EventLine key={event.seq} event={event} />
          ))}
        </div>
      </List>
      {sending && <SendDialog onClose={send.close} />}
    </Page>
  )
}

function NoEvent({ filtered, onSend }: { filtered: boolean; onSend: () => void }) {
  const navigate = useNavigate({ from: '/events' })
  if (filtered)
    return (
      <Empty
        icon={Zap}
        title="No event like this"
        actions={
          <Button variant="default" onClick={() => void navigate({ search: {} })}>
            Show all events
          </Button>
        }
      >
        Change the filters to see others.
      </Empty>
    )
  return (
    <Empty icon={Zap} title="No event yet" actions={<Button onClick={onSend}>Send a test event</Button>}>
      Point a Segment library at this host with a write key from Settings, or send one by hand.
    </Empty>
  )
}

function Filters() {
  const { subject, name } = useSearch({ from: '/app/events' })
  const navigate = useNavigate({ from: '/events' })
  const context = useQuery({ ...trpc.catalog.context.queryOptions(), staleTime: 30_000 })
  const [text, setText] = useState(subject ?? '')
  const set = (part: { subject?: string | undefined; name?: string | undefined }) =>
    void navigate({ search: (old) => ({ ...old, ...part }), replace: true })
  const search = useDebouncedCallback((value: string) => set({ subject: value === '' ? undefined : value }), 350)
  return (
    <Group gap="xs" mb="md">
      <TextInput
        w={260}
        placeholder="Your id of a contact or account"
        aria-label="Subject"
        value={text}
        onChange={(event) => {
          setText(event.currentTarget.value)
          search(event.currentTarget.value.trim())
        }}
      />
      <Select
        w={240}
        searchable
        clearable
        placeholder="Any event"
        aria-label="Event name"
        data={context.data?.eventNames ?? []}
        value={name ?? null}
        onChange={(value) => set({ name: value ?? undefined })}
      />
      <Text size="xs" c="dimmed">
        Live
      </Text>
    </Group>
  )
}
