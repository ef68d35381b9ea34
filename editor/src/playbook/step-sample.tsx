import { Badge, Button, Group, JsonInput, Stack, Text } from '@mantine/core'
import { useMutation, useQuery, useQueryClient } from '@tanstack/react-query'
import { useState } from 'react'
import { findStep, type Json } from '../../../nodes/manifest.ts'
import { trpc } from '../api/client.ts'
import { JsonView } from '../ui/json-view.tsx'
import { ProblemPanel } from '../ui/problem-panel.tsx'
import { stepOf } from '../document/graph.ts'
import { useCatalog } from './catalog-context.ts'
import { StepCall } from './step-call.tsx'
import { useDraft } from './store.ts'

/** What an action is taken to answer wherever nothing is really written, and another in its place. */
export function StepSample(props: {
  slug: string
  step: string
  type: string
  label: string
  /** What the dry run would send. */
  input: { [field: string]: Json }
}) {
  const { slug, step, type, label, input } = props
  const definition = findStep(useCatalog().manifest, type)
  const drawn = stepOf(useDraft(), step)
  const queries = useQueryClient()
  const samples = useQuery(trpc.backtests.samples.queryOptions({ slug }))
  const put = useMutation(
    trpc.backtests.putSample.mutationOptions({
      onSuccess: (answer) => queries.setQueryData(trpc.backtests.samples.queryKey({ slug }), answer),
    }),
  )
  const keep = (output: Json, onSuccess?: () => void) =>
    put.mutate({ slug, step, output }, { onSuccess: () => onSuccess?.() })
  return (
    <Stack gap={4} mt={6}>
      {/* Before it is looked up nobody knows which answer is in force: the usual one would be a guess. */}
      {samples.data !== undefined && (
        <Answer
          label={label}
          kept={samples.data.data.find((sample) => sample.step === step)}
          usual={definition?.sample ?? null}
          keep={keep}
          isKeeping={put.isPending}
        />
      )}
      {samples.isPending && (
        <Text size="xs" c="dimmed">
          Looking up what it is taken to answer…
        </Text>
      )}
      {samples.isError && <ProblemPanel error={samples.error} retry={() => void samples.refetch()} />}
      {put.isSuccess && (
        <Text size="xs" role="status">
          What it answers was changed after this dry run. Try it again to see what comes of it.
        </Text>
      )}
      {put.isError && <ProblemPanel error={put.error} />}
      {definition !== undefined && definition.connector !== null && (
        <StepCall
          slug={slug}
          step={step}
          label={label}
          connection={drawn?.connection ?? null}
          input={input}
          onKeep={(answered) => keep(answered)}
        />
      )}
    </Stack>
  )
}

function Answer(props: {
  label: string
  kept: { output: Json; stale: boolean } | undefined
  /** Of the definition. */
  usual: Json
  /** Null: back to the usual one. */
  keep: (output: Json, onSuccess?: () => void) => void
  isKeeping: boolean
}) {
  const { label, kept, usual, keep, isKeeping } = props
  const [text, setText] = useState<string | null>(null)
  const output = kept?.output ?? usual
  const parsed = text === null ? undefined : parsedOf(text)
  return (
    <>
      <Group gap={6}>
        <Text size="xs" fw={600}>
          Is taken to answer
        </Text>
        {kept !== undefined && (
          <Badge size="xs" variant="light" color={kept.stale ? 'yellow' : 'gray'}>
            {kept.stale ? 'kept, stale: the step has changed' : 'kept'}
          </Badge>
        )}
      </Group>
      {text === null ? (
        <JsonView label={`what ${label} is taken to answer`} value={output} max={160} />
      ) : (
        <JsonInput
          size="xs"
          aria-label={`What ${label} is taken to answer`}
          autosize
          minRows={3}
          maxRows={12}
          value={text}
          onChange={setText}
          error={wrongWith(parsed)}
        />
      )}
      <Group gap={6}>
        {text === null ? (
          <>
            <Button variant="subtle" size="compact-xs" onClick={() => setText(JSON.stringify(output, null, 2))}>
              Keep another
            </Button>
            {kept !== undefined && (
              <Button variant="subtle" color="gray" size="compact-xs" loading={isKeeping} onClick={() => keep(null)}>
                Back to the usual sample
              </Button>
            )}
          </>
        ) : (
          <>
            <Button
              size="compact-xs"
              loading={isKeeping}
              disabled={parsed === undefined || parsed === null}
              onClick={() => keep(parsed ?? null, () => setText(null))}
            >
              Keep
            </Button>
            <Button variant="subtle" color="gray" size="compact-xs" onClick={() => setText(null)}>
              Cancel
            </Button>
          </>
        )}
      </Group>
    </>
  )
}

const wrongWith = (parsed: Json | undefined): string | undefined =>
  parsed === undefined
    ? 'This is not JSON. Mend it.'
    : parsed === null
      ? 'This is no answer. Write one, or cancel.'
      : undefined

/** Undefined where it is no JSON. */
function parsedOf(text: string): Json | undefined {
  try {
    return JSON.parse(text) as Json
  } catch {
    return undefined
  }
}
