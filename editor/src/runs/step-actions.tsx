import { Button, Group, JsonInput, Select, Text, Title } from '@mantine/core'
import { useMutation } from '@tanstack/react-query'
import { PencilLine, StepForward } from 'lucide-react'
import { useState } from 'react'
import type { PlaybookDocument } from '../../../engine/model/playbook.ts'
import type { StepManifest } from '../../../nodes/manifest.ts'
import { trpc } from '../api/client.ts'
import type { RunDetail, RunStep } from '../api/types.ts'
import { portWords } from '../canvas/step-summary.ts'
import { stepOf } from '../document/graph.ts'
import { ConfirmDialog, useDone } from '../ui/confirm-dialog.tsx'
import { JsonView } from '../ui/json-view.tsx'
import { parseJson } from '../ui/parse-json.ts'
import { mayOperate } from './may-operate.ts'

interface Props {
  step: RunStep
  run: RunDetail['run']
  definition: StepManifest | undefined
  /** What the run is drawn as. */
  document: PlaybookDocument
}

/** Leads a run past a step, or says in its place what it brought. */
export function StepActions({ step, run, definition, document }: Props) {
  const [open, setOpen] = useState<'skip' | 'override' | null>(null)
  const may = mayOperate(step, { run, isAction: definition?.kind === 'action' })
  if (!may.skip && !may.override) return null
  const close = () => setOpen(null)
  return (
    <Group gap="xs">
      {may.skip && (
        <Button
          size="xs"
          variant="default"
          leftSection={<StepForward size={14} aria-hidden="true" />}
          onClick={() => setOpen('skip')}
        >
          {step.status === 'waiting' ? 'Skip the wait' : 'Skip this step'}
        </Button>
      )}
      {may.override && (
        <Button
          size="xs"
          variant="default"
          leftSection={<PencilLine size={14} aria-hidden="true" />}
          onClick={() => setOpen('override')}
        >
          Say what it gave
        </Button>
      )}
      {open === 'skip' && (
        <SkipDialog step={step} run={run} definition={definition} document={document} onClose={close} />
      )}
      {open === 'override' && <OverrideDialog step={step} run={run} definition={definition} onClose={close} />}
    </Group>
  )
}

function SkipDialog({ step, run, definition, document, onClose }: Props & { onClose: () => void }) {
  const [port, setPort] = useState<string | null>(step.ports.length === 1 ? (step.ports[0] ?? null) : null)
  const done = useDone(trpc.runs.pathKey(), 'The run is told to leave it out.', onClose)
  const skip = useMutation(trpc.runs.skip.mutationOptions(done))
  const drawn = stepOf(document, step.id)
  const ports = step.ports.map((value) => ({
    value,
    label: drawn === undefined ? value : portWords(drawn, definition, value),
  }))
  return (
    <ConfirmDialog
      title={`Skip “${step.label}”`}
      keep="Leave it"
      go="Skip it"
      ready={port !== null}
      call={skip}
      onGo={() => port !== null && skip.mutate({ id: run.id, step: step.id, port })}
      onClose={onClose}
    >
      <Text>
        {step.status === 'pending'
          ? 'When its turn comes, the run goes on without doing it.'
          : 'The run goes on at once without it. A write that may have landed stays on the list of reviews.'}
      </Text>
      {step.ports.length > 1 && (
        <Select
          label="Where the run goes on"
          placeholder="Choose a way out"
          data={ports}
          value={port}
          onChange={setPort}
        />
      )}
    </ConfirmDialog>
  )
}

function OverrideDialog({ step, run, definition, onClose }: Omit<Props, 'document'> & { onClose: () => void }) {
  const sample = definition?.sample ?? null
  // Not the sample: later steps would act on ids that are nobody's.
  const [text, setText] = useState(() => JSON.stringify(step.output ?? {}, null, 2))
  const done = useDone(trpc.runs.pathKey(), 'The run takes it as given.', onClose)
  const override = useMutation(trpc.runs.override.mutationOptions(done))
  const output = parseJson(text)
  return (
    <ConfirmDialog
      title={`What “${step.label}” gave`}
      keep="Cancel"
      go="Go on with this"
      size="lg"
      ready={output !== undefined}
      call={override}
      onGo={() => output !== undefined && override.mutate({ id: run.id, step: step.id, output })}
      onClose={onClose}
    >
      <Text>
        {step.status === 'done'
          ? 'Later steps read this in place of what it gave. What they have read already stays as it is.'
          : 'The run goes on as though the step had brought this. Nothing is written to the other system.'}
      </Text>
      <JsonInput
        label="Output, as JSON"
        autosize
        minRows={5}
        maxRows={18}
        value={text}
        onChange={setText}
        error={output === undefined ? 'This is not JSON. Mend it.' : undefined}
      />
      {sample !== null && (
        <div>
          <Title order={3} mb={6}>
            What it gives, for example
          </Title>
          <JsonView label="sample" value={sample} max={180} />
        </div>
      )}
    </ConfirmDialog>
  )
}
