import { Anchor, Group, SegmentedControl, Stack, Text, Title } from '@mantine/core'
import { useQuery } from '@tanstack/react-query'
import { Link, useParams } from '@tanstack/react-router'
import { MessageCircleQuestion } from 'lucide-react'
import { useState } from 'react'
import { trpc } from '../api/client.ts'
import type { Ask } from '../api/types.ts'
import { Empty } from '../ui/empty.tsx'
import { ListSkeleton, Page } from '../ui/page.tsx'
import { ProblemPanel } from '../ui/problem-panel.tsx'
import { Ago, untilWords } from '../ui/time.tsx'
import { AnswerForm } from './answer-form.tsx'
import { answerWords, saidWords, whoWords } from './ask-words.ts'
import { PassOn } from './pass-on.tsx'

const TABS = [
  { value: 'open', label: 'Waiting' },
  { value: 'answered', label: 'Answered' },
] as const
type Tab = (typeof TABS)[number]['value']

/** What runs ask of people: those who are asked answer here. */
export function WaitingPage() {
  const [tab, setTab] = useState<Tab>('open')
  const asks = useQuery({ ...trpc.asks.list.queryOptions({ state: tab }), refetchInterval: 10_000 })
  const rows = asks.data?.data ?? []
  return (
    <Page
      title="Waiting for you"
      lead="What runs ask of people. A run goes on with the first answer, or without one when its time is over."
    >
      <SegmentedControl
        aria-label="Which"
        mb="md"
        data={[...TABS]}
        value={tab}
        onChange={(next) => setTab(next === 'answered' ? 'answered' : 'open')}
      />
      {asks.isPending && <ListSkeleton rows={2} height={140} />}
      {asks.isError && <ProblemPanel error={asks.error} retry={() => void asks.refetch()} />}
      {asks.isSuccess && rows.length === 0 && (
        <div className="sb-card">
          <Empty
            icon={MessageCircleQuestion}
            title={tab === 'open' ? 'Nobody waits for an answer' : 'Nothing was answered yet'}
          >
            A playbook asks with the steps “Ask for approval” and “Ask to fill in a form”.
          </Empty>
        </div>
      )}
      <Stack>
        {rows.map((ask) => (
          <AskCard key={ask.id} ask={ask} />
        ))}
      </Stack>
    </Page>
  )
}

/** Where a link leads after signing in. */
export function AskPage() {
  const { id } = useParams({ from: '/app/waiting/$id' })
  const ask = useQuery(trpc.asks.get.queryOptions({ id }))
  return (
    <Page title="Waiting for you" lead="">
      {ask.isPending && <ListSkeleton rows={1} height={160} />}
      {ask.isError && <ProblemPanel error={ask.error} retry={() => void ask.refetch()} />}
      {ask.isSuccess && <AskCard ask={ask.data} />}
      <Anchor component={Link} to="/waiting">
        All that waits
      </Anchor>
    </Page>
  )
}

function AskCard({ ask }: { ask: Ask }) {
  return (
    <section className="sb-card" style={{ padding: 18 }} aria-label={ask.title}>
      <Stack gap="sm">
        <Title order={2} style={{ overflowWrap: 'anywhere' }}>
          {ask.title}
        </Title>
        <Text size="sm" c="dimmed" component="div">
          For {ask.run.subject.label}, by{' '}
          <Link to="/runs/$id" params={{ id: ask.run.id }}>
            {ask.playbook.name}
          </Link>
          , <Ago when={ask.askedAt} />
          {ask.status === 'open' && `; it waits until ${untilWords(ask.expiresAt)}`}
        </Text>
        {ask.text !== null && <Text style={{ whiteSpace: 'pre-wrap', overflowWrap: 'anywhere' }}>{ask.text}</Text>}
        <Body ask={ask} />
      </Stack>
    </section>
  )
}

function Body({ ask }: { ask: Ask }) {
  if (ask.status === 'open' && ask.mine)
    return (
      <Group justify="space-between" align="flex-end">
        <AnswerForm ask={ask} />
        <PassOn ask={ask} />
      </Group>
    )
  if (ask.status === 'open')
    return (
      <Group justify="space-between">
        <Text size="sm">{whoWords(ask)} may answer.</Text>
        <PassOn ask={ask} />
      </Group>
    )
  if (ask.status !== 'answered') return <Text size="sm">{answerWords(ask)}</Text>
  return (
    <Stack gap={4}>
      <Text size="sm" component="div">
        {answerWords(ask)}
        {ask.decidedAt !== null && (
          <>
            , <Ago when={ask.decidedAt} />
          </>
        )}
      </Text>
      {saidWords(ask).map(({ label, value }) => (
        <Text key={label} size="sm" style={{ whiteSpace: 'pre-wrap', overflowWrap: 'anywhere' }}>
          <strong>{label}:</strong> {value}
        </Text>
      ))}
    </Stack>
  )
}
