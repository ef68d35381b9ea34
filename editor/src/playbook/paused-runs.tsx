import { Button, Group, Modal, NumberInput, Stack, Text } from '@mantine/core'
import { useMutation, useQuery, useQueryClient } from '@tanstack/react-query'
import { CirclePlay } from 'lucide-react'
import { useState } from 'react'
import { trpc } from '../api/client.ts'
import { ProblemPanel } from '../ui/problem-panel.tsx'
import { said } from '../ui/toast.ts'

const many = (runs: number): string => (runs === 1 ? '1 run' : `${runs.toLocaleString('en')} runs`)

/** Open runs that were paused with their playbook: how many, and the way to let them go on. Nothing where there are none. */
export function PausedRuns({ slug }: { slug: string }) {
  const [asking, setAsking] = useState(false)
  const found = useQuery({ ...trpc.runs.pausedOpen.queryOptions({ slug }), refetchInterval: 10_000 })
  const { paused = 0, toPause = 0, toContinue = 0 } = found.data ?? {}
  if (paused + toPause + toContinue === 0) return null
  return (
    <>
      {paused + toPause > 0 && (
        <Button
          size="xs"
          variant="default"
          leftSection={<CirclePlay size={14} aria-hidden="true" />}
          onClick={() => setAsking(true)}
        >
          {many(paused + toPause)} paused
        </Button>
      )}
      {toContinue > 0 && (
        <Text size="xs" c="dimmed" role="status">
          {many(toContinue)} still to go on
        </Text>
      )}
      {asking && <ContinueDialog slug={slug} runs={paused + toPause} onClose={() => setAsking(false)} />}
    </>
  )
}

function ContinueDialog({ slug, runs, onClose }: { slug: string; runs: number; onClose: () => void }) {
  const client = useQueryClient()
  const [perSecond, setPerSecond] = useState<number | string>('')
  const goOn = useMutation(
    trpc.runs.continueOpen.mutationOptions({
      onSuccess: async (answer) => {
        said(`${many(answer.runs)}, ${Math.round(answer.perSecond * 100) / 100} a second.`)
        onClose()
        await client.invalidateQueries({ queryKey: trpc.runs.pathKey() })
      },
    }),
  )
  return (
    <Modal opened onClose={onClose} title="Let the paused runs go on">
      <Stack>
        <Text size="sm">
          {many(runs)} were paused with this playbook. They go on a few at a time, the oldest first. Runs that a person
          paused one by one stay paused.
        </Text>
        <NumberInput
          label="Runs a second"
          description="Leave it empty for as many as the budgets of its connections allow."
          min={0.01}
          max={1000}
          value={perSecond}
          onChange={setPerSecond}
        />
        {goOn.isError && <ProblemPanel error={goOn.error} />}
        <Group justify="flex-end" gap="xs">
          <Button variant="default" onClick={onClose}>
            Leave them paused
          </Button>
          <Button
            loading={goOn.isPending}
            onClick={() => goOn.mutate({ slug, perSecond: typeof perSecond === 'number' ? perSecond : null })}
          >
            Let them go on
          </Button>
        </Group>
      </Stack>
    </Modal>
  )
}
