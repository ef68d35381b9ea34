import { Button, Group, JsonInput, Modal, Select, Stack, Text, Title } from '@mantine/core'
import { useMutation, useQueryClient } from '@tanstack/react-query'
import { PencilLine, StepForward } from 'lucide-react'
import { useState } from 'react'
import type { Json, StepManifest } from '../../../nodes/manifest.ts'
import { trpc } from '../api/client.ts'
import type { RunDetail, RunStep } from '../api/types.ts'
import { JsonView } from '../ui/json-view.tsx'
import { ProblemPanel } from '../ui/problem-panel.tsx'
import { said } from '../ui/toast.ts'
import { mayOperate } from './may-operate.ts'

interface Props {
  step: RunStep
  run: RunDetail['run']
  definition: StepManifest | undefined
}

/** Leads a run past a step, or says in its place what it brought. */
export function StepActions({ step, run, definition }: Props) {
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
      {open === 'skip' && <SkipDialog step={step} run={run} onClose={close} />}
      {open === 'override' && <OverrideDialog step={step} run={run} definition={definition} onClose={close} />}
    </Group>
  )
}

function useAfter(words: string, onClose: () => void) {
  const client = useQueryClient()
  return {
    onSuccess: async () => {
      said(words)
      onClose()
      await client.invalidateQueries({ queryKey: trpc.runs.pathKey() })
    },
  }
}

function SkipDialog({ step, run, onClose }: Omit<Props, 'definition'> & { onClose: () => void }) {
  const [port, setPort] = useState<string | null>(step.ports.length === 1 ? (step.ports[0] ?? null) : null)
  const skip = useMutation(trpc.runs.skip.mutationOptions(useAfter('The run is told to leave it out.', onClose)))
  return (
    <Modal opened onClose={onClose} title={`Skip “${step.label}”`}>
      <Stack>
        <Text>
          {step.status === 'pending'
            ? 'When its turn comes, the run goes on without doing it.'
            : 'The run goes on at once without it. A write that may have landed stays on the list of reviews.'}
        </Text>
        {step.ports.length > 1 && (
          <Select
            label="Where the run goes on"
            placeholder="Choose a way out"
            data={step.ports}
            value={port}
            onChange={setPort}
          />
        )}
        {skip.isError && <ProblemPanel error={skip.error} />}
        <Group justify="flex-end" gap="xs">
          <Button variant="default" onClick={onClose}>
            Leave it
          </Button>
          <Button
            disabled={port === null}
            loading={skip.isPending}
            onClick={() => port !== null && skip.mutate({ id: run.id, step: step.id, port })}
          >
            Skip it
          </Button>
        </Group>
      </Stack>
    </Modal>
  )
}

function OverrideDialog({ step, run, definition, onClose }: Props & { onClose: () => void }) {
  const sample = definition?.sample ?? null
  const [text, setText] = useState(() => JSON.stringify(step.output ?? sample ?? {}, null, 2))
  const override = useMutation(trpc.runs.override.mutationOptions(useAfter('The run takes it as given.', onClose)))
  const output = parse(text)
  return (
    <Modal opened onClose={onClose} title={`What “${step.label}” gave`} size="lg">
      <Stack>
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
        {override.isError && <ProblemPanel error={override.error} />}
        <Group justify="flex-end" gap="xs">
          <Button variant="default" onClick={onClose}>
            Cancel
          </Button>
          <Button
            disabled={output === undefined}
            loading={override.isPending}
            onClick={() => output !== undefined && override.mutate({ id: run.id, step: step.id, output })}
          >
            Go on with this
          </Button>
        </Group>
      </Stack>
    </Modal>
  )
}

/** @returns undefined where the text is no JSON */
function parse(text: string): Json | undefined {
  try {
    return JSON.parse(text) as Json
  } catch (error) {
    if (error instanceof SyntaxError) return undefined
    throw error
  }
}
