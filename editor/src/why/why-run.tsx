import { Text, Title } from '@mantine/core'
import { useQuery } from '@tanstack/react-query'
import { trpc } from '../api/client.ts'
import { ProblemPanel } from '../ui/problem-panel.tsx'
import { ExactTime } from '../ui/time.tsx'
import { Said } from './said.tsx'
import { Doubts } from './why-answer.tsx'
import { WhyTree } from './why-tree.tsx'
import './why.css'

/** Why a run began: the edge or event, and what was known at that moment. */
export function WhyRun({ id }: { id: string }) {
  const why = useQuery({ ...trpc.why.run.queryOptions({ id }), staleTime: 60_000 })
  return (
    <section aria-label="Why did this run start?" className="sb-why">
      <Title order={3} mb={6}>
        Why did this run start?
      </Title>
      {why.isError && <ProblemPanel error={why.error} />}
      {why.isSuccess && (
        <>
          <Text size="sm">
            <Said words={why.data.words} />
          </Text>
          {why.data.edge !== null && (
            <Text size="xs" c="dimmed">
              {why.data.edge.edge} <ExactTime when={why.data.edge.at} />, {why.data.edge.cause.words}
            </Text>
          )}
          <Doubts doubts={why.data.doubts} />
          {why.data.answer !== null && <WhyTree node={why.data.answer.trace} />}
          {why.data.where !== null && <WhyTree node={why.data.where} />}
        </>
      )}
    </section>
  )
}
