import { Anchor, Text } from '@mantine/core'
import { useInfiniteQuery, useQuery } from '@tanstack/react-query'
import { ExternalLink, MessageSquare } from 'lucide-react'
import { useState } from 'react'
import type { ConversationRow } from '../../../api/conversations/conversation-schemas.ts'
import { trpc } from '../api/client.ts'
import { Empty } from '../ui/empty.tsx'
import { List } from '../ui/list.tsx'
import { ListSkeleton } from '../ui/page.tsx'
import { ProblemPanel } from '../ui/problem-panel.tsx'
import { StatusBadge } from '../ui/status-badge.tsx'
import { Ago } from '../ui/time.tsx'

/** What was said with somebody, in whichever system; one opens the thread. */
export function ConversationsTab({ id }: { id: string }) {
  const conversations = useInfiniteQuery(
    trpc.conversations.list.infiniteQueryOptions({ subject: id }, { getNextPageParam: (page) => page.nextCursor }),
  )
  const rows = conversations.data?.pages.flatMap((page) => page.data) ?? []
  return (
    <List
      query={conversations}
      count={rows.length}
      empty={
        <Empty icon={MessageSquare} title="No conversation yet">
          Conversations come from the systems that are connected.
        </Empty>
      }
    >
      <div className="sb-card">
        {rows.map((row) => (
          <Conversation key={row.id} conversation={row} />
        ))}
      </div>
    </List>
  )
}

function Conversation({ conversation }: { conversation: ConversationRow }) {
  const { title, app, state, updatedAt, messages, rating } = conversation
  const [opened, setOpened] = useState(false)
  return (
    <details className="sb-call" onToggle={(event) => setOpened(event.currentTarget.open)}>
      <summary>
        <MessageSquare size={15} aria-hidden="true" />
        <span className="sb-conversation-title">{title ?? 'Conversation'}</span>
        <Text size="xs" c="dimmed" component="span">
          {app} · {messages} {messages === 1 ? 'message' : 'messages'}
          {rating !== null && ` · rated ${rating} of 5`}
        </Text>
        <StatusBadge status={state === 'closed' ? 'done' : 'waiting'} words={state} />
        <Text size="xs" c="dimmed" component="span">
          <Ago when={updatedAt} />
        </Text>
      </summary>
      {opened && <Thread conversation={conversation} />}
    </details>
  )
}

function Thread({ conversation }: { conversation: ConversationRow }) {
  const thread = useQuery(trpc.conversations.view.queryOptions({ id: conversation.id }))
  if (thread.isError) return <ProblemPanel error={thread.error} retry={() => void thread.refetch()} />
  if (!thread.isSuccess) return <ListSkeleton rows={2} />
  const { url, assignee, tags } = conversation
  return (
    <div className="sb-thread">
      {thread.data.thread.map(({ externalId, author, body, at }) => (
        <div key={externalId} className="sb-message" data-author={author.kind}>
          <Text size="xs" c="dimmed">
            {author.name ?? author.kind} · <Ago when={at} />
          </Text>
          <div>{body}</div>
        </div>
      ))}
      {thread.data.thread.length === 0 && (
        <Text size="sm" c="dimmed">
          No message of it is known here.
        </Text>
      )}
      <Text size="xs" c="dimmed">
        {assignee !== null && `Assigned to ${assignee}. `}
        {tags.length > 0 && `Tagged ${tags.join(', ')}. `}
        {url !== null && (
          <Anchor href={url} target="_blank" rel="noreferrer" size="xs">
            Open in {conversation.app} <ExternalLink size={11} aria-hidden="true" />
          </Anchor>
        )}
      </Text>
    </div>
  )
}
