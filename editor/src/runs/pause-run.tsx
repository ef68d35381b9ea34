import { Button, Text } from '@mantine/core'
import { useMutation, useQueryClient } from '@tanstack/react-query'
import { CirclePause, CirclePlay } from 'lucide-react'
import { useState } from 'react'
import { trpc } from '../api/client.ts'
import type { RunDetail } from '../api/types.ts'
import { ConfirmDialog, useDone } from '../ui/confirm-dialog.tsx'
import { failed, said } from '../ui/toast.ts'

/** Lets an open run begin nothing new, and lets it go on. */
export function PauseRun({ view }: { view: RunDetail }) {
  const client = useQueryClient()
  const [asking, setAsking] = useState(false)
  const goOn = useMutation(
    trpc.runs.continue.mutationOptions({
      onSuccess: async () => {
        said('The run goes on.')
        await client.invalidateQueries({ queryKey: trpc.runs.pathKey() })
      },
      onError: failed,
    }),
  )
  if (view.run.endedAt !== null) return null
  if (view.paused !== null)
    return (
      <Button
        leftSection={<CirclePlay size={15} aria-hidden="true" />}
        loading={goOn.isPending}
        onClick={() => goOn.mutate({ id: view.run.id })}
      >
        Continue
      </Button>
    )
  return (
    <>
      <Button
        variant="default"
        leftSection={<CirclePause size={15} aria-hidden="true" />}
        onClick={() => setAsking(true)}
      >
        Pause
      </Button>
      {asking && <PauseDialog id={view.run.id} onClose={() => setAsking(false)} />}
    </>
  )
}

function PauseDialog({ id, onClose }: { id: string; onClose: () => void }) {
  const pause = useMutation(
    trpc.runs.pause.mutationOptions(useDone(trpc.runs.pathKey(), 'The run is paused.', onClose)),
  )
  return (
    <ConfirmDialog
      title="Pause this run"
      keep="Let it run"
      go="Pause the run"
      reason={{ placeholder: 'Shown on the run' }}
      call={pause}
      onGo={({ reason }) => pause.mutate({ id, reason })}
      onClose={onClose}
    >
      <Text>
        It begins nothing new until you let it go on. A write that is under way is finished, and waits go on; what comes
        after them is held.
      </Text>
    </ConfirmDialog>
  )
}
