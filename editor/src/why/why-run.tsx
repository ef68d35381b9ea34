import { Text, Title } from '@mantine/core'
import { useQuery } from '@tanstack/react-query'
import { Link } from '@tanstack/react-router'
import { trpc } from '../api/client.ts'
import type { RunWhy } from '../api/types.ts'
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
          <Chain chain={why.data.chain} />
          <Doubts doubts={why.data.doubts} />
          {why.data.answer !== null && <WhyTree node={why.data.answer.trace} />}
          {why.data.where !== null && <WhyTree node={why.data.where} />}
          <Loops loops={why.data.loops} />
        </>
      )}
    </section>
  )
}

/** The runs that led to it, by what they did. */
function Chain({ chain }: { chain: RunWhy['chain'] }) {
  if (chain.length === 0) return null
  return (
    <ol className="sb-why-chain" aria-label="Runs that led to it">
      {chain.map(({ run, playbook, step, led }) => (
        <li key={run}>
          <Link to="/runs/$id" params={{ id: run }}>
            A run of “{playbook}”
          </Link>
          {step !== null && <> by its step “{step}”</>} led to {led}.
        </li>
      ))}
    </ol>
  )
}

function Loops({ loops }: { loops: RunWhy['loops'] }) {
  if (loops.length === 0) return null
  return (
    <section aria-label="Stopped in a circle">
      <Title order={3} mt={14} mb={6}>
        Stopped in a circle
      </Title>
      {loops.map(({ at, reason, playbook }) => (
        <Text key={`${at} ${playbook.slug}`} size="sm">
          <ExactTime when={at} />{' '}
          <Link to="/playbooks/$slug" params={{ slug: playbook.slug }}>
            {playbook.name}
          </Link>
          : {reason}
        </Text>
      ))}
    </section>
  )
}
