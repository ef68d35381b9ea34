import { Button, JsonInput, SegmentedControl, Select, Stack, Text } from '@mantine/core'
import { useMutation } from '@tanstack/react-query'
import { FlaskConical } from 'lucide-react'
import { type FormEvent, useState } from 'react'
import { findStep, type Json } from '../../../nodes/manifest.ts'
import { trpc } from '../api/client.ts'
import { labelOf } from '../canvas/step-summary.ts'
import { subjectChoice, SubjectInput } from '../customers/subject-input.tsx'
import { sampleScope, upstreamData } from '../document/upstream-data.ts'
import { ProblemPanel } from '../ui/problem-panel.tsx'
import { parseObject } from '../ui/parse-object.ts'
import { assumptionsOf, type ChosenWait, waitsIn } from './assumed-waits.ts'
import { AssumedWaitsFields } from './assumed-waits-fields.tsx'
import { useCatalog } from './catalog-context.ts'
import { DryRunResult } from './dry-run-result.tsx'
import { shownOf } from './dry-run-shown.ts'
import { useDraft } from './store.ts'
import type { TrialShown } from './use-marks.ts'

type Mode = 'real' | 'madeUp'

/** What would happen to one record, drawn on the canvas, with no write to anything. */
export function DryRunPanel({ slug, onShown }: { slug: string; onShown: (shown: TrialShown | null) => void }) {
  const document = useDraft()
  const { manifest } = useCatalog()
  const [mode, setMode] = useState<Mode>('real')
  const [subject, setSubject] = useState('')
  const [madeUp, setMadeUp] = useMadeUp()
  const triggers = document.steps.filter((step) => step.type.startsWith('trigger.'))
  const [trigger, setTrigger] = useState<string | null>(triggers[0]?.id ?? null)
  const [data, setData] = useState('')
  const [chosen, setChosen] = useState<ReadonlyMap<string, ChosenWait>>(new Map())
  const [tried, setTried] = useState<typeof document | null>(null)
  const run = useMutation(
    trpc.playbooks.dryRun.mutationOptions({
      onMutate: () => setTried(document),
      onSuccess: (result) => onShown(shownOf(result)),
      onError: () => onShown(null),
    }),
  )
  const made = parseObject(madeUp)
  const triggerData = data.trim() === '' ? undefined : parseObject(data)
  const waits = waitsIn(document, manifest)
  const assumptions = assumptionsOf(waits, chosen)
  const bad = assumptions === null || (mode === 'madeUp' && made === null) || triggerData === null
  const submit = (event: FormEvent) => {
    event.preventDefault()
    if (bad) return
    run.mutate({
      slug,
      document,
      waits: assumptions,
      subject: mode === 'madeUp' ? { madeUp: partsOf(made ?? {}) } : subjectChoice(document.subject, subject.trim()),
      ...(trigger !== null && { trigger: { step: trigger, ...(triggerData && { data: triggerData }) } }),
    })
  }
  return (
    <div className="sb-side-body">
      <Text size="sm" c="dimmed">
        Follows one record through the draft, waits and all. Nothing is written anywhere.
      </Text>
      <form onSubmit={submit}>
        <Stack gap="sm">
          <SegmentedControl
            fullWidth
            aria-label="Whom to try it with"
            data={[
              { value: 'real', label: document.subject === 'contact' ? 'A real contact' : 'A real account' },
              { value: 'madeUp', label: 'Made up' },
            ]}
            value={mode}
            onChange={(value) => setMode(value === 'madeUp' ? 'madeUp' : 'real')}
          />
          {mode === 'real' ? (
            <SubjectInput kind={document.subject} value={subject} onChange={setSubject} />
          ) : (
            <JsonInput
              label="Properties"
              autosize
              minRows={5}
              maxRows={16}
              value={madeUp}
              onChange={setMadeUp}
              error={made === null ? 'This is not a JSON object. Mend it.' : undefined}
            />
          )}
          {triggers.length > 1 && (
            <Select
              label="Trigger"
              data={triggers.map((step) => ({ value: step.id, label: labelOf(step, findStep(manifest, step.type)) }))}
              value={trigger}
              onChange={setTrigger}
            />
          )}
          <JsonInput
            label="What the trigger brings (optional)"
            placeholder="Empty: the trigger’s sample"
            autosize
            minRows={1}
            maxRows={10}
            value={data}
            onChange={setData}
            error={triggerData === null ? 'This is not a JSON object. Mend it.' : undefined}
          />
          <AssumedWaitsFields waits={waits} chosen={chosen} onChange={setChosen} />
          <Button
            type="submit"
            leftSection={<FlaskConical size={16} aria-hidden="true" />}
            loading={run.isPending}
            disabled={bad || (mode === 'real' && subject.trim() === '')}
          >
            Try it
          </Button>
        </Stack>
      </form>
      {run.isError && <ProblemPanel error={run.error} />}
      {run.isSuccess && tried === document && <DryRunResult slug={slug} result={run.data} from={run.variables} />}
      {run.isSuccess && tried !== document && (
        <Text size="sm" c="dimmed">
          The draft has changed since. Try it again.
        </Text>
      )}
    </div>
  )
}

type Values = { [name: string]: Json }
const asValues = (value: Json | undefined): Values | undefined =>
  value !== null && typeof value === 'object' && !Array.isArray(value) ? value : undefined
const asList = (value: Json | undefined): string[] =>
  Array.isArray(value) ? value.filter((one) => typeof one === 'string') : []

function partsOf(made: Values) {
  const contact = asValues(made.contact)
  const account = asValues(made.account)
  return {
    ...(contact !== undefined && { contact }),
    ...(account !== undefined && { account }),
    segments: asList(made.segments),
    signals: asList(made.signals),
  }
}

/** Begins with the properties people have here, so that only what matters has to be changed. */
function useMadeUp() {
  const document = useDraft()
  const { manifest, workspace } = useCatalog()
  return useState(() => {
    const scope = sampleScope(upstreamData(document, null, { manifest, properties: workspace.properties }))
    const { contact, account } = scope
    return JSON.stringify({ contact, account, segments: [], signals: [] }, null, 2)
  })
}
