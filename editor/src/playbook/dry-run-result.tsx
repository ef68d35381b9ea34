import { Stack, Text, Title } from '@mantine/core'
import { findStep } from '../../../nodes/manifest.ts'
import type { DryRun, RouterInputs } from '../api/types.ts'
import { labelOf } from '../canvas/step-summary.ts'
import { stepOf } from '../document/graph.ts'
import { JsonView } from '../ui/json-view.tsx'
import { Notice } from '../ui/problem-panel.tsx'
import { StatusBadge } from '../ui/status-badge.tsx'
import { spanWords } from '../ui/time.tsx'
import { TraceView } from '../ui/trace-view.tsx'
import { useCatalog } from './catalog-context.ts'
import { SaveTest } from './save-test.tsx'
import { StepSample } from './step-sample.tsx'
import { useDraft, useEditorStore } from './store.ts'

/** The path as a list: what each step decided and why, and what each write would send. */
export function DryRunResult(props: { slug: string; result: DryRun; from: RouterInputs['playbooks']['dryRun'] }) {
  const { slug, result } = props
  const { slug: _slug, ...from } = props.from
  const began = result.facts.at
  const reached = result.steps
    .filter((step) => step.at !== null)
    .toSorted((a, b) => Date.parse(a.at ?? '') - Date.parse(b.at ?? ''))
  return (
    <Stack gap="md" role="region" aria-label="Result of the dry run">
      {result.enrolls && result.why !== null && <Notice tone="warn" title={result.why} />}
      {!result.enrolls && (
        <Notice tone="warn" title="A real run would not start for them now">
          <Text size="sm">{result.why}</Text>
        </Notice>
      )}
      <div>
        <StatusBadge status={result.status} />
        <Text size="sm" c="dimmed" mt={4}>
          {result.reason ?? 'This is the path they would take.'} It would last{' '}
          {duration(Date.parse(result.endedAt) - began)}.
        </Text>
      </div>
      {reached.map((step) => (
        <StepResult key={step.id} slug={slug} step={step} began={began} />
      ))}
      <SaveTest slug={slug} from={{ dryRun: from }} />
    </Stack>
  )
}

const duration = (ms: number): string => (ms < 1000 ? 'moments' : spanWords(ms))

function StepResult(props: { slug: string; step: DryRun['steps'][number]; began: number }) {
  const { slug, step, began } = props
  const document = useDraft()
  const { manifest } = useCatalog()
  const { getState } = useEditorStore()
  const drawn = stepOf(document, step.id)
  const after = step.at === null ? 0 : Date.parse(step.at) - began
  return (
    <section className="sb-case" aria-label={step.label}>
      <Title order={3}>
        <button type="button" className="sb-timeline-step" onClick={() => getState().jumpTo(step.id, null)}>
          {drawn === undefined ? step.label : labelOf(drawn, findStep(manifest, step.type))}
        </button>
      </Title>
      <Text size="xs" c="dimmed" mb={6}>
        {after < 1000 ? 'at once' : `after ${spanWords(after)}`}
        {step.port !== null && step.port !== 'out' && `, goes down “${step.port}”`}
        {step.assumed && ', rests on made-up answers of earlier steps'}
        {step.text !== null && `, ${step.text}`}
      </Text>
      {step.fault !== null && (
        <Notice tone="bad" title={step.fault.message}>
          <Text size="sm">{step.fault.fix}</Text>
        </Notice>
      )}
      {step.why.map((trace, index) => (
        <TraceView key={index} trace={trace} />
      ))}
      {step.input !== null && (
        <>
          <Text size="xs" fw={600} mb={4}>
            Would send
          </Text>
          <JsonView label={`what ${step.label} would send`} value={step.input} max={220} />
          <StepSample slug={slug} step={step.id} type={step.type} label={step.label} input={step.input} />
        </>
      )}
    </section>
  )
}
