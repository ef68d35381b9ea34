import { Button, Group, Stack, Text, Title, Tooltip } from '@mantine/core'
import { useMutation, useQuery, useQueryClient } from '@tanstack/react-query'
import { Link, useParams } from '@tanstack/react-router'
import { trpc } from '../api/client.ts'
import type { RerunDetail } from '../api/types.ts'
import { ListTable } from '../ui/list.tsx'
import { ListSkeleton, Page } from '../ui/page.tsx'
import { Notice, ProblemPanel } from '../ui/problem-panel.tsx'
import { StatusBadge } from '../ui/status-badge.tsx'
import { Ago } from '../ui/time.tsx'
import { failed } from '../ui/toast.ts'
import { filterWords, runsOf, type Stage, stagesOf } from './rerun-words.ts'
import './reruns.css'

/** One rerun: how far it is, drawn run by run, and what failed again. */
export function RerunPage() {
  const { id } = useParams({ from: '/app/reruns/$id' })
  const found = useQuery({
    ...trpc.reruns.get.queryOptions({ id }),
    refetchInterval: ({ state }) => (state.data !== undefined && state.data.endedAt === null ? 1_000 : false),
  })
  const view = found.data
  return (
    <Page
      title={view === undefined ? 'Rerun' : `Rerun of ${runsOf(view.total)}`}
      lead={
        view && (
          <Group gap="xs">
            <StatusBadge status={view.status} />
            <span>
              {filterWords(view.filter)}; begun <Ago when={view.createdAt} /> by {view.by}
            </span>
          </Group>
        )
      }
      actions={view && <Actions view={view} />}
    >
      {found.isPending && <ListSkeleton />}
      {found.isError && <ProblemPanel error={found.error} retry={() => void found.refetch()} />}
      {view && <Progress view={view} />}
    </Page>
  )
}

function Actions({ view }: { view: RerunDetail }) {
  const client = useQueryClient()
  const after = { onSuccess: () => client.invalidateQueries({ queryKey: trpc.reruns.pathKey() }), onError: failed }
  const goOn = useMutation(trpc.reruns.continue.mutationOptions(after))
  const cancel = useMutation(trpc.reruns.cancel.mutationOptions(after))
  if (view.status !== 'running' && view.status !== 'stopped') return null
  return (
    <>
      {view.status === 'stopped' && (
        <Button loading={goOn.isPending} onClick={() => goOn.mutate({ id: view.id })}>
          Go on all the same
        </Button>
      )}
      <Button variant="default" loading={cancel.isPending} onClick={() => cancel.mutate({ id: view.id })}>
        Begin no more
      </Button>
    </>
  )
}

function Progress({ view }: { view: RerunDetail }) {
  const { counts } = view
  const again = view.runs.filter(({ status }) => status === 'failed')
  return (
    <Stack>
      {view.status === 'stopped' && (
        <Notice tone="bad" title={view.reason ?? 'It stopped.'}>
          <Text size="sm">Mend what they fail of, then go on; or begin no more of them.</Text>
        </Notice>
      )}
      <Stuck view={view} />
      {view.status === 'cancelled' && <Notice tone="warn" title={view.reason ?? 'It was cancelled.'} />}
      {view.status === 'done' && counts.failed === 0 && (
        <Notice tone="good" title={`${runsOf(counts.passed)} went on from where they had failed.`} />
      )}
      {view.status === 'done' && counts.failed > 0 && (
        <Notice tone="warn" title={`${runsOf(counts.failed)} failed again.`}>
          <Text size="sm">
            When that is mended, <Link to="/reruns/new">rerun them</Link>.
          </Text>
        </Notice>
      )}
      <div className="sb-card" style={{ padding: 18 }}>
        <Text fw={600} mb="sm" role="status">
          {runsOf(counts.passed)} passed, {counts.failed} failed again, {counts.begun} under way, {counts.waiting} to
          come
          {counts.moved > 0 && `, ${counts.moved} had gone on otherwise`}
        </Text>
        {stagesOf(view).map((stage) => (
          <StageDots key={stage.name} stage={stage} />
        ))}
        {view.total > view.runs.length && (
          <Text size="xs" c="dimmed" mt="xs">
            The first {view.runs.length.toLocaleString('en')} of {view.total.toLocaleString('en')} are drawn.
          </Text>
        )}
      </div>
      {again.length > 0 && (
        <ListTable
          label="Runs that failed again"
          rows={again}
          keyOf={({ id }) => id}
          columns={[
            {
              title: 'Run',
              cell: (run) => (
                <Link to="/runs/$id" params={{ id: run.id }} className="sb-row-link">
                  {run.id.slice(0, 14)}…
                </Link>
              ),
            },
            { title: 'At step', cell: (run) => run.step },
            { title: 'Why', cell: (run) => run.fault?.message ?? '' },
          ]}
        />
      )}
    </Stack>
  )
}

/** Runs under way that go on only when a person does something: until then the next stage waits. */
function Stuck({ view }: { view: RerunDetail }) {
  const held = view.runs.filter(({ runStatus }) => runStatus === 'held').length
  const asked = view.runs.filter(({ runStatus }) => runStatus === 'review').length
  if (held + asked === 0) return null
  return (
    <Notice tone="warn" title="Some of them wait for a person, and the rest for them">
      <Text size="sm" component="div">
        {held > 0 && (
          <div>
            {runsOf(held)} held, by a pause or a connection that does not work: see{' '}
            <Link to="/connections">Connections</Link>.
          </div>
        )}
        {asked > 0 && (
          <div>
            {runsOf(asked)} with a write whose outcome nobody knows: see <Link to="/reviews">Reviews</Link>.
          </div>
        )}
      </Text>
    </Notice>
  )
}

const WORDS = {
  waiting: 'to come',
  begun: 'under way',
  passed: 'passed',
  failed: 'failed again',
  moved: 'had gone on otherwise',
}

function StageDots({ stage }: { stage: Stage }) {
  return (
    <section className="sb-rerun-stage" aria-label={stage.name}>
      <Title order={3}>
        {stage.name} <span className="sb-rerun-state">{stage.state}</span>
      </Title>
      <ul className="sb-rerun-dots">
        {stage.runs.map((run) => (
          <li key={run.id}>
            <Tooltip label={`${WORDS[run.status]}${run.code === null ? '' : ` (${run.code})`}`}>
              <Link
                to="/runs/$id"
                params={{ id: run.id }}
                data-status={run.status}
                aria-label={`Run ${run.place}: ${WORDS[run.status]}`}
              />
            </Tooltip>
          </li>
        ))}
      </ul>
    </section>
  )
}
