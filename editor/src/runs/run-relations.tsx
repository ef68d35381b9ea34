import { Stack, Text, Title } from '@mantine/core'
import { useQuery } from '@tanstack/react-query'
import { Link } from '@tanstack/react-router'
import { trpc } from '../api/client.ts'
import type { RunDetail } from '../api/types.ts'
import { answerWords, whoWords } from '../asks/ask-words.ts'
import { ProblemPanel } from '../ui/problem-panel.tsx'
import { StatusBadge } from '../ui/status-badge.tsx'
import { untilWords, useNow } from '../ui/time.tsx'

/** What the run asks of people, who called it, and whom it called. */
export function RunRelations({ view }: { view: RunDetail }) {
  const { id, endedAt, updatedAt, milestoneDue } = view.run
  // As it moves: an ask is made, a called run ends.
  const refetchInterval = endedAt === null ? 5_000 : false
  const asks = useQuery({ ...trpc.asks.ofRun.queryOptions({ id }), refetchInterval })
  const calls = useQuery({ ...trpc.calls.ofRun.queryOptions({ id }), refetchInterval })
  const asked = asks.data?.data ?? []
  const { caller = null, called = [] } = calls.data ?? {}
  const broken = [asks, calls].find(({ isError }) => isError)
  const has = asked.length > 0 || caller !== null || called.length > 0 || milestoneDue !== null
  if (!has && broken === undefined) return null
  return (
    <Stack gap={8} key={updatedAt}>
      {milestoneDue !== null && <Track due={milestoneDue} />}
      {broken !== undefined && <ProblemPanel error={broken.error} retry={() => void broken.refetch()} />}
      {asked.length > 0 && <Title order={3}>Asked</Title>}
      {asked.map((ask) => (
        <Text key={ask.id} size="sm" component="div">
          <Link to="/waiting/$id" params={{ id: ask.id }}>
            {ask.title}
          </Link>
          : {ask.status === 'open' ? `waits. ${whoWords(ask)} may answer.` : answerWords(ask)}
        </Text>
      ))}
      {caller !== null && (
        <Text size="sm" component="div">
          Called by the step “{caller.step}” of{' '}
          <Link to="/runs/$id" params={{ id: caller.run }}>
            a run of {caller.playbook.name}
          </Link>
          {caller.waits ? ', which waits for its end.' : '.'}
        </Text>
      )}
      {called.length > 0 && <Title order={3}>Called</Title>}
      {called.map((other) => (
        <Text key={other.run} size="sm" component="div">
          <Link to="/runs/$id" params={{ id: other.run }}>
            {other.playbook.name}
          </Link>{' '}
          by “{other.step}” <StatusBadge status={other.status} />
        </Text>
      ))}
    </Stack>
  )
}

/** Whether an open run comes to its next milestone in time. */
function Track({ due }: { due: string }) {
  const behind = Date.parse(due) < useNow()
  return (
    <Text size="sm" c={behind ? 'var(--sb-bad)' : undefined}>
      {behind
        ? `Behind: a milestone was due ${untilWords(due)}.`
        : `On track: the next milestone is due ${untilWords(due)}.`}
    </Text>
  )
}
