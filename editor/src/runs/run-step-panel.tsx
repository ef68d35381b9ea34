import { ActionIcon, Button, Group, Stack, Text, Title } from '@mantine/core'
import { useMutation, useQueryClient } from '@tanstack/react-query'
import { Link } from '@tanstack/react-router'
import { RotateCw, X } from 'lucide-react'
import type { ReactNode } from 'react'
import type { PlaybookDocument } from '../../../engine/model/playbook.ts'
import { findStep } from '../../../nodes/manifest.ts'
import { trpc } from '../api/client.ts'
import type { RunStep, RunSummary } from '../api/types.ts'
import { StepIcon } from '../canvas/step-icon.tsx'
import { labelOf, portWords } from '../canvas/step-summary.ts'
import { stepOf } from '../document/graph.ts'
import { useCatalog } from '../playbook/catalog-context.ts'
import { JsonView } from '../ui/json-view.tsx'
import { Notice } from '../ui/problem-panel.tsx'
import { StatusBadge } from '../ui/status-badge.tsx'
import { fullTime, spanWords, untilWords } from '../ui/time.tsx'
import { failed, said } from '../ui/toast.ts'
import { TraceView } from '../ui/trace-view.tsx'
import { isHandled } from './run-marks.ts'
import { StepActions } from './step-actions.tsx'

/** What one step of a run got, gave, and what became of it. */
export function RunStepPanel(props: {
  step: RunStep
  run: RunSummary
  document: PlaybookDocument
  onClose: () => void
}) {
  const { step, run, document, onClose } = props
  const { manifest } = useCatalog()
  const definition = findStep(manifest, step.type)
  const drawn = stepOf(document, step.id)
  return (
    <div className="sb-side-body" data-kind={definition?.kind} data-app={definition?.connector ?? undefined}>
      <Group gap="sm" wrap="nowrap" data-kind={definition?.kind} data-app={definition?.connector ?? undefined}>
        <span className="sb-step-icon">
          <StepIcon name={definition?.icon ?? 'box'} />
        </span>
        <Title order={2} style={{ flex: 1 }}>
          {drawn === undefined ? step.label : labelOf(drawn, definition)}
        </Title>
        <ActionIcon variant="subtle" color="gray" size="lg" aria-label="Close" onClick={onClose}>
          <X size={16} />
        </ActionIcon>
      </Group>
      <Group gap="xs">
        <StatusBadge status={step.status} />
        {step.until !== null && <Text size="sm">until {untilWords(step.until)}</Text>}
        {step.port !== null && step.port !== 'out' && (
          <Text size="sm">went down “{drawn === undefined ? step.port : portWords(drawn, definition, step.port)}”</Text>
        )}
        {step.version !== null && step.version !== run.version && <Text size="sm">under version {step.version}</Text>}
      </Group>
      {step.note !== null && <Notice tone="warn" title={step.note} />}
      <Faulty step={step} run={run} />
      <StepActions step={step} run={run} definition={definition} document={document} />
      <Facts step={step} />
      {step.why !== null && step.why.length > 0 && (
        <Part title="Why">
          {step.why.map((trace, index) => (
            <TraceView key={index} trace={trace} />
          ))}
        </Part>
      )}
      {step.input !== null && (
        <Part title={step.effect === null && step.status !== 'done' ? 'Set up with' : 'Got'}>
          <JsonView label="input" value={step.input} />
        </Part>
      )}
      {step.output !== null && (
        <Part title="Gave">
          <JsonView label="output" value={step.output} />
        </Part>
      )}
      {step.effect !== null && step.effect.before !== null && (
        <Part title="What was there before">
          <JsonView label="before" value={step.effect.before} />
        </Part>
      )}
    </div>
  )
}

function Part({ title, children }: { title: string; children: ReactNode }) {
  return (
    <Stack gap={6}>
      <Title order={3}>{title}</Title>
      {children}
    </Stack>
  )
}

function Facts({ step }: { step: RunStep }) {
  const { startedAt, endedAt, attempts, effect } = step
  const rows: Array<[string, ReactNode]> = []
  if (step.status === 'skipped') return null
  if (startedAt !== null) rows.push(['Began', fullTime(startedAt)])
  if (startedAt !== null && endedAt !== null)
    rows.push(['Took', spanWords(Date.parse(endedAt) - Date.parse(startedAt))])
  if (attempts > 1) rows.push(['Attempts', attempts])
  if (effect !== null) rows.push(['Write', <StatusBadge key="effect" status={effect.status} />])
  if (effect !== null && effect.externalId !== null)
    rows.push([
      'Record there',
      <span key="id" className="sb-mono">
        {effect.externalId}
      </span>,
    ])
  if (rows.length === 0) return null
  return (
    <dl className="sb-facts">
      {rows.map(([name, value]) => (
        <div key={name}>
          <dt>{name}</dt>
          <dd>{value}</dd>
        </div>
      ))}
    </dl>
  )
}

function Faulty({ step, run }: { step: RunStep; run: RunSummary }) {
  const client = useQueryClient()
  const retry = useMutation(
    trpc.runs.retry.mutationOptions({
      onSuccess: async () => {
        said('The step is done again.')
        await client.invalidateQueries({ queryKey: trpc.runs.pathKey() })
      },
      onError: failed,
    }),
  )
  const { fault, status } = step
  if (fault === null || status === 'done') return null
  return (
    <Notice tone={status === 'failed' && !isHandled(step) ? 'bad' : 'warn'} title={fault.message}>
      <Text size="sm">{fault.fix}</Text>
      <Text size="xs" c="dimmed" className="sb-mono" mt={4}>
        {fault.code}
        {fault.vendor?.status !== undefined && ` · vendor answered ${fault.vendor.status}`}
        {fault.vendor?.requestId !== undefined && ` · request ${fault.vendor.requestId}`}
      </Text>
      <Group gap="xs" mt="xs">
        {isHandled(step) && <Text size="sm">The run went on, as its author said.</Text>}
        {status === 'failed' && !isHandled(step) && (
          <Button
            size="xs"
            leftSection={<RotateCw size={14} aria-hidden="true" />}
            loading={retry.isPending}
            onClick={() => retry.mutate({ id: run.id, step: step.id })}
          >
            Retry this step
          </Button>
        )}
        {status === 'held' && (
          <Button size="xs" component={Link} to="/connections">
            Open connections
          </Button>
        )}
        {status === 'review' && (
          <Button size="xs" component={Link} to="/reviews">
            Open reviews
          </Button>
        )}
      </Group>
    </Notice>
  )
}
