import { Button, Text } from '@mantine/core'
import { useMutation, useQuery } from '@tanstack/react-query'
import { CirclePlay } from 'lucide-react'
import { useState } from 'react'
import { trpc } from '../api/client.ts'
import { ConfirmDialog, useDone } from '../ui/confirm-dialog.tsx'
import { counted } from '../ui/counted.ts'
import { paceWords } from '../ui/pace.ts'

/** Open runs that were paused with their playbook: how many, and the way to let them go on. Nothing where there are none. */
export function PausedRuns({ slug }: { slug: string }) {
  const [asking, setAsking] = useState(false)
  const found = useQuery({ ...trpc.runs.pausedOpen.queryOptions({ slug }), refetchInterval: 10_000 })
  const { paused = 0, toPause = 0, toContinue = 0 } = found.data ?? {}
  if (paused + toPause + toContinue === 0 && !asking) return null
  return (
    <>
      {paused + toPause > 0 && (
        <Button
          size="xs"
          variant="default"
          leftSection={<CirclePlay size={14} aria-hidden="true" />}
          onClick={() => setAsking(true)}
        >
          {counted(paused + toPause, 'run')} paused
        </Button>
      )}
      {toContinue > 0 && (
        <Text size="xs" c="dimmed">
          {counted(toContinue, 'run')} still to go on
        </Text>
      )}
      {asking && <ContinueDialog slug={slug} runs={paused + toPause} onClose={() => setAsking(false)} />}
    </>
  )
}

function ContinueDialog({ slug, runs, onClose }: { slug: string; runs: number; onClose: () => void }) {
  const done = useDone<{ runs: number; perSecond: number }>(
    trpc.runs.pathKey(),
    (answer) => `${counted(answer.runs, 'run goes', 'runs go')} on, ${paceWords(answer.perSecond)}.`,
    onClose,
  )
  const goOn = useMutation(trpc.runs.continueOpen.mutationOptions(done))
  return (
    <ConfirmDialog
      title="Let the paused runs go on"
      keep="Leave them paused"
      go="Let them go on"
      pace={{ description: 'Leave it empty for as many as the budgets of its connections allow.' }}
      call={goOn}
      onGo={({ perSecond }) => goOn.mutate({ slug, perSecond })}
      onClose={onClose}
    >
      <Text size="sm">
        {counted(runs, 'run was', 'runs were')} paused with this playbook. They go on a few at a time, the oldest first.
        Runs that a person paused one by one stay paused.
      </Text>
    </ConfirmDialog>
  )
}
