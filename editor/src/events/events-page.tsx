import { Button, Group, Text } from '@mantine/core'
import { useDisclosure } from '@mantine/hooks'
import { useInfiniteQuery } from '@tanstack/react-query'
import { Link, useNavigate, useSearch } from '@tanstack/react-router'
import { Pause, Play, Send, Zap } from 'lucide-react'
import { trpc } from '../api/client.ts'
import { Empty } from '../ui/empty.tsx'
import { JsonView } from '../ui/json-view.tsx'
import { List, pacedBy } from '../ui/list.tsx'
import { Page } from '../ui/page.tsx'
import { EventFilters } from './event-filters.tsx'
import { EventLine } from './event-line.tsx'
import { SendDialog } from './send-dialog.tsx'
import './events.css'

/** How often is asked for what came, while the page is looked at. */
const PACE_MS = 1_000

/** What was received, live: who each event became, what it turned and started, or why nothing. */
export function EventsPage() {
  const filter = useSearch({ from: '/app/events' })
  const [sending, send] = useDisclosure(false)
  const [paused, pause] = useDisclosure(false)
  const events = useInfiniteQuery(
    trpc.events.list.infiniteQueryOptions(filter, {
      getNextPageParam: (page) => page.nextCursor,
      refetchInterval: paused ? false : pacedBy(PACE_MS),
      refetchOnWindowFocus: !paused,
    }),
  )
  const rows = events.data?.pages.flatMap((page) => page.data) ?? []
  return (
    <Page
      title="Events"
      lead="Everything your product told Signalbox: who it became, what it turned and started, or why it did not."
      actions={
        <Button leftSection={<Send size={15} aria-hidden="true" />} onClick={send.open}>
          Send test event
        </Button>
      }
    >
      <EventFilters>
        <Group gap={8} ml="auto" wrap="nowrap">
          <span className="sb-live-dot" data-live={!paused} aria-hidden="true" />
          <Text size="xs" c="dimmed" role="status">
            {paused ? 'Paused' : 'Live'}
          </Text>
          <Button
            size="compact-sm"
            variant="default"
            leftSection={paused ? <Play size={13} aria-hidden="true" /> : <Pause size={13} aria-hidden="true" />}
            onClick={() => {
              if (paused) void events.refetch()
              pause.toggle()
            }}
          >
            {paused ? 'Resume' : 'Pause'}
          </Button>
        </Group>
      </EventFilters>
      <List
        query={events}
        count={rows.length}
        more="Show older events"
        empty={<NoEvent filtered={Object.keys(filter).length > 0} onSend={send.open} />}
      >
        <div className="sb-card sb-event-feed" role="feed" aria-label="Events" aria-busy={events.isPending}>
          {rows.map((event) => (
            <article key={event.seq} aria-label={`${event.name ?? event.kind} of ${event.subject?.label ?? 'nobody'}`}>
              <EventLine event={event} />
            </article>
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
      <Text c="dimmed" mb="sm">
        Point a Segment library at this host, or send the first one from a terminal with an API key from{' '}
        <Link to="/settings">Settings</Link>. It shows up here within a second.
      </Text>
      <div style={{ textAlign: 'left', maxWidth: 'min(560px, 80vw)' }}>
        <JsonView label="the command" value={firstEvent(window.location.origin)} />
      </div>
    </Empty>
  )
}

const firstEvent = (origin: string): string =>
  `curl ${origin}/v1/track \\
  -H "authorization: Bearer YOUR_API_KEY" \\
  -H "content-type: application/json" \\
  -d '{"userId": "you", "event": "Hello", "properties": {"from": "terminal"}}'`
