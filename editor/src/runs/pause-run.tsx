import { Button, Group, Modal, Stack, Text, TextInput } from '@mantine/core'
import { useMutation, useQueryClient } from '@tanstack/react-query'
import { CirclePause, CirclePlay } from 'lucide-react'
import { useState } from 'react'
import { trpc } from '../api/client.ts'
import type { RunDetail } from '../api/types.ts'
import { ProblemPanel } from '../ui/problem-panel.tsx'
import { failed, said } from '../ui/toast.ts'

/** Lets an open run begin nothing new, and lets it go on. */
export function PauseRun({ view }: { view: RunDetail }) {
  const client = useQueryClient()
  const [asking, setAsking] = useState(false)
  const refresh = () => client.invalidateQueries({ queryKey: trpc.runs.pathKey() })
  const goOn = useMutation(
    trpc.runs.continue.mutationOptions({
      onSuccess: async () => {
        said('The run goes on.')
        await refresh()
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
      {asking && <PauseDialog id={view.run.id} onClose={() => setAsking(false)} onPaused={refresh} />}
    </>
  )
}

function PauseDialog({ id, onClose, onPaused }: { id: string; onClose: () => void; onPaused: () => Promise<void> }) {
  const [reason, setReason] = useState('')
  const pause = useMutation(
    trpc.runs.pause.mutationOptions({
      onSuccess: async () => {
        said('The run is paused.')
        onClose()
        await onPaused()
      },
    }),
  )
  return (
    <Modal opened onClose={onClose} title="Pause this run">
      <Stack>
        <Text>
          It begins nothing new until you let it go on. A write that is under way is finished, and waits go on; what
          comes after them is held.
        </Text>
        <TextInput
          label="Reason"
          placeholder="Shown on the run"
          value={reason}
          onChange={(event) => setReason(event.currentTarget.value)}
        />
        {pause.isError && <ProblemPanel error={pause.error} />}
        <Group justify="flex-end" gap="xs">
          <Button variant="default" onClick={onClose}>
            Let it run
          </Button>
          <Button
            loading={pause.isPending}
            onClick={() => pause.mutate({ id, ...(reason.trim() !== '' && { reason: reason.trim() }) })}
          >
            Pause the run
          </Button>
        </Group>
      </Stack>
    </Modal>
  )
}
