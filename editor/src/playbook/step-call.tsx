import { Button, Group, Stack, Text } from '@mantine/core'
import { type MutationFilters, useIsMutating, useMutation, useQueryClient } from '@tanstack/react-query'
import { useState } from 'react'
import type { Json } from '../../../nodes/manifest.ts'
import { trpc } from '../api/client.ts'
import { JsonView } from '../ui/json-view.tsx'
import { Notice, ProblemPanel } from '../ui/problem-panel.tsx'
import { spanWords } from '../ui/time.tsx'
import { useDraft } from './store.ts'

interface Called {
  slug: string
  step: string
  label: string
  /** Slug of the connection it goes through; null: it needs none. */
  connection: string | null
  /** What it sends. */
  input: { [field: string]: Json }
  onKeep: (output: Json) => void
}

/** Carries one action out for real, on a second click, and offers its answer as the sample. */
export function StepCall({ slug, step, label, connection, input, onKeep }: Called) {
  const document = useDraft()
  const client = useQueryClient()
  const [asking, setAsking] = useState(false)
  const call = useMutation(trpc.backtests.tryStep.mutationOptions({ onSettled: () => setAsking(false) }))
  // Also one that was sent from here before this was left and come back to.
  const same: MutationFilters = {
    mutationKey: trpc.backtests.tryStep.mutationKey(),
    predicate: ({ state }) => isOf(state.variables, { slug, step }),
  }
  const underWay = useIsMutating(same)
  const landed = call.data?.landed === true ? call.data : null
  return (
    <Stack gap={6} mt={6}>
      {!asking && (
        <Button
          variant="default"
          size="compact-xs"
          style={{ alignSelf: 'start' }}
          loading={underWay > 0}
          onClick={() => {
            call.reset()
            setAsking(true)
          }}
        >
          Call it for real…
        </Button>
      )}
      {asking && (
        <Notice tone="warn" title="This is a real call">
          <Text size="sm">
            “{label}” is carried out now{connection === null ? '' : ` through the connection ${connection}`}, with what
            it would send. What it writes stays.
          </Text>
          <Group gap={6} mt={6}>
            <Button
              size="compact-xs"
              color="red"
              loading={call.isPending}
              onClick={() => {
                // Asked at the moment of the click: a second one may come before the first is drawn.
                if (client.isMutating(same) === 0) call.mutate({ slug, step, document, input })
              }}
            >
              Call it now
            </Button>
            <Button
              variant="subtle"
              color="gray"
              size="compact-xs"
              // It is on its way: what it comes to has to be seen before it is called again.
              disabled={call.isPending}
              onClick={() => setAsking(false)}
            >
              Cancel
            </Button>
          </Group>
        </Notice>
      )}
      {call.isError && <ProblemPanel error={call.error} />}
      {landed !== null && (
        <>
          <Text size="xs" fw={600} role="status">
            Answered after {spanWords(landed.tookMs)}
          </Text>
          <JsonView label={`what ${label} really answered`} value={landed.output} max={200} />
          <Button
            variant="default"
            size="compact-xs"
            style={{ alignSelf: 'start' }}
            onClick={() => onKeep(landed.output)}
          >
            Keep this answer as its sample
          </Button>
        </>
      )}
      {call.data?.landed === false && (
        <Notice tone="bad" title={call.data.fault.message}>
          <Text size="sm">{call.data.fault.fix}</Text>
        </Notice>
      )}
    </Stack>
  )
}

const isOf = (variables: unknown, { slug, step }: { slug: string; step: string }): boolean =>
  typeof variables === 'object' &&
  variables !== null &&
  'slug' in variables &&
  'step' in variables &&
  variables.slug === slug &&
  variables.step === step
