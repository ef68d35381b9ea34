import { Anchor, Group, SegmentedControl, Stack, Text, Title } from '@mantine/core'
import { useInfiniteQuery, useQuery } from '@tanstack/react-query'
import { Link, useParams } from '@tanstack/react-router'
import { MessageCircleQuestion } from 'lucide-react'
import { useState } from 'react'
import { trpc } from '../api/client.ts'
import type { Ask } from '../api/types.ts'
import { Empty } from '../ui/empty.tsx'
import { List, pacedBy } from '../ui/list.tsx'
import { ListSkeleton, Page } from '../ui/page.tsx'
import { ProblemPanel } from '../ui/problem-panel.tsx'
import { Ago, untilWords } from '../ui/time.tsx'
import { AnswerForm } from './answer-form.tsx'
import { answerWords, saidWords, whoWords } from './ask-words.ts'
import { PassOn } from './pass-on.tsx'

const TABS = [
  { value: 'mine', label: 'For you', empty: 'Nothing waits for you' },
  { value: 'open', label: 'All that wait', empty: 'Nobody waits for an answer' },
  { value: 'answered', label: 'Answered', empty: 'Nothing was answered yet' },
  { value: 'over', label: 'Not answered', empty: 'Nothing was left without an answer' },
] as const
type Tab = (typeof TABS)[number]

const askedFor = (tab: Tab['value']) => (tab === 'mine' ? ({ state: 'open', mine: true } as const) : { state: tab })

/** What runs ask of people: those who are asked answer here. */
export function WaitingPage() {
  const [tab, setTab] = useState<Tab>(TABS[0])
  const asks = useInfiniteQuery(
    trpc.asks.list.infiniteQueryOptions(askedFor(tab.value), {
      getNextPageParam: (page) => page.nextCursor,
      refetchInterval: pacedBy(10_000),
    }),
  )
  const rows = asks.data?.pages.flatMap((page) => page.data) ?? []
  return (
    <Page
      title="Waiting for you"
      lead="What runs ask of people. A run goes on with the first answer, or without one when its time is over."
    >
      <SegmentedControl
        aria-label="Which"
        mb="md"
        data={TABS.map(({ value, label }) => ({ value, label }))}
        value={tab.value}
        onChange={(next) => setTab(TABS.find(({ value }) => value === next) ?? TABS[0])}
      />
      <List
        query={asks}
        count={rows.length}
        more="Show older ones"
        empty={
          <Empty icon={MessageCircleQuestion} title={tab.empty}>
            A playbook asks with the steps “Ask for approval” and “Ask to fill in a form”.
          </Empty>
        }
      >
        <Stack>
          {rows.map((ask) => (
            <AskCard key={ask.id} ask={ask} />
          ))}
        </Stack>
      </List>
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
          , asked <Ago when={ask.askedAt} />
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
        {ask.mayPassOn && <PassOn ask={ask} />}
      </Group>
    )
  if (ask.status === 'open')
    return (
      <Group justify="space-between">
        <Text size="sm">{whoWords(ask)} may answer.</Text>
        {ask.mayPassOn && <PassOn ask={ask} />}
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
