import { ActionIcon, Button, Group, Skeleton, Text, Title, Tooltip } from '@mantine/core'
import { useDisclosure } from '@mantine/hooks'
import { useMutation, useQuery, useQueryClient } from '@tanstack/react-query'
import { Link, useParams } from '@tanstack/react-router'
import { useSubscription } from '@trpc/tanstack-react-query'
import { ReactFlowProvider } from '@xyflow/react'
import { ArrowLeft, Ban, RotateCw } from 'lucide-react'
import { useMemo, useState } from 'react'
import { trpc } from '../api/client.ts'
import type { RunDetail } from '../api/types.ts'
import { Canvas } from '../canvas/canvas.tsx'
import { type Catalog, CatalogReact, useCatalog } from '../playbook/catalog-context.ts'
import '../playbook/playbook.css'
import { usePlaces } from '../playbook/use-places.ts'
import { useDocumentTitle } from '../ui/page.tsx'
import { ProblemPanel } from '../ui/problem-panel.tsx'
import { StatusBadge } from '../ui/status-badge.tsx'
import { Ago, untilWords } from '../ui/time.tsx'
import { failed, said } from '../ui/toast.ts'
import { CancelDialog } from './cancel-dialog.tsx'
import { PauseRun } from './pause-run.tsx'
import { RunOverview } from './run-overview.tsx'
import { RunStepPanel } from './run-step-panel.tsx'
import { marksOf, takenBy } from './run-marks.ts'
import './runs.css'

const NO_CONTEXT: Catalog['workspace'] = {
  connections: [],
  signals: [],
  segments: [],
  scores: [],
  timeZone: 'UTC',
  keepEventsDays: 365,
  eventNames: [],
  eventProperties: [],
  properties: [],
}
const NO_PROBLEMS = new Map<string, never>()
const NO_EDGES = new Set<number>()

/** One run on its playbook: live while it is open, and for good afterwards. */
export function RunPage() {
  const { id } = useParams({ from: '/app/runs/$id' })
  const manifest = useQuery({ ...trpc.catalog.manifest.queryOptions(), staleTime: Number.POSITIVE_INFINITY })
  const run = useQuery(trpc.runs.get.queryOptions({ id }))
  useDocumentTitle(run.data === undefined ? 'Run' : `${run.data.run.subject.label}, ${run.data.run.playbook.name}`)
  useLiveRun(id, run.data !== undefined && run.data.run.endedAt === null)
  const broken = run.isError && run.data === undefined ? run : manifest.isError ? manifest : null
  const catalog = useMemo(
    () => (manifest.data === undefined ? null : { manifest: manifest.data, workspace: NO_CONTEXT }),
    [manifest.data],
  )
  if (broken !== null)
    return (
      <div className="sb-page">
        <ProblemPanel error={broken.error} retry={() => void broken.refetch()} />
      </div>
    )
  if (run.data === undefined || catalog === null)
    return (
      <div className="sb-editor" aria-busy="true" aria-label="Loading the run">
        <div className="sb-editor-bar">
          <Skeleton height={24} width={260} />
        </div>
        <Skeleton height="100%" radius={0} />
      </div>
    )
  return (
    <CatalogReact value={catalog}>
      <ReactFlowProvider>
        <RunView key={id} view={run.data} />
      </ReactFlowProvider>
    </CatalogReact>
  )
}

/** Puts each change of the run into the cache as it happens. */
function useLiveRun(id: string, open: boolean): void {
  const client = useQueryClient()
  useSubscription(
    trpc.runs.watch.subscriptionOptions(
      { id },
      { enabled: open, onData: (view) => client.setQueryData(trpc.runs.get.queryKey({ id }), view) },
    ),
  )
}

function RunView({ view }: { view: RunDetail }) {
  const { manifest } = useCatalog()
  const places = usePlaces(view.document)
  const [selection, setSelection] = useState<ReadonlySet<string>>(new Set())
  const marks = useMemo(() => marksOf(view.steps), [view.steps])
  const taken = useMemo(() => takenBy(view.steps), [view.steps])
  const [first] = selection
  const step = view.steps.find((one) => one.id === first)
  return (
    <div className="sb-editor">
      <RunBar view={view} />
      <div className="sb-editor-main">
        <div className="sb-editor-stage">
          <div className="sb-editor-canvas">
            {places !== null && (
              <Canvas
                label="Run"
                document={view.document}
                manifest={manifest}
                places={places}
                problems={NO_PROBLEMS}
                marks={marks}
                taken={taken}
                editing={null}
                selection={selection}
                selectedEdges={NO_EDGES}
                onSelect={(ids) => setSelection(new Set(ids.slice(-1)))}
              />
            )}
          </div>
        </div>
        <aside className="sb-side" data-always="true" aria-label={step === undefined ? 'Run' : 'Step'}>
          {step === undefined ? (
            <RunOverview view={view} onStep={(id) => setSelection(new Set([id]))} />
          ) : (
            <RunStepPanel step={step} run={view.run} document={view.document} onClose={() => setSelection(new Set())} />
          )}
        </aside>
      </div>
    </div>
  )
}

function RunBar({ view }: { view: RunDetail }) {
  const { run } = view
  const client = useQueryClient()
  const [cancelling, cancel] = useDisclosure(false)
  const retry = useMutation(
    trpc.runs.retry.mutationOptions({
      onSuccess: async () => {
        said('The failed steps are done again.')
        await client.invalidateQueries({ queryKey: trpc.runs.pathKey() })
      },
      onError: failed,
    }),
  )
  return (
    <header className="sb-editor-bar">
      <Tooltip label="All runs">
        <ActionIcon component={Link} to="/runs" variant="subtle" color="gray" size="lg" aria-label="Back to all runs">
          <ArrowLeft size={18} />
        </ActionIcon>
      </Tooltip>
      <div className="sb-run-head">
        <Title order={1} size="h3" lineClamp={1}>
          {run.subject.label}
        </Title>
        <Text size="xs" c="dimmed" component="div">
          <Link to="/playbooks/$slug" params={{ slug: run.playbook.slug }} search={{ version: run.version }}>
            {run.playbook.name} v{run.version}
          </Link>
          {' · '}
          <Ago when={run.createdAt} />
        </Text>
      </div>
      <span role="status">
        <StatusBadge status={run.status} />
      </span>
      <Text size="sm" c="dimmed" truncate>
        {run.status === 'waiting' && run.waitingUntil !== null ? `until ${untilWords(run.waitingUntil)}` : run.reason}
      </Text>
      <div style={{ flex: 1 }} />
      <Group gap="xs" wrap="nowrap">
        {run.status === 'failed' && (
          <Button
            leftSection={<RotateCw size={15} aria-hidden="true" />}
            loading={retry.isPending}
            onClick={() => retry.mutate({ id: run.id })}
          >
            Retry
          </Button>
        )}
        <PauseRun view={view} />
        {run.endedAt === null && (
          <Button variant="default" leftSection={<Ban size={15} aria-hidden="true" />} onClick={cancel.open}>
            Cancel run
          </Button>
        )}
        <Button variant="default" component={Link} to={`/playbooks/${run.playbook.slug}`}>
          Edit playbook
        </Button>
      </Group>
      {cancelling && <CancelDialog id={run.id} onClose={cancel.close} />}
    </header>
  )
}
