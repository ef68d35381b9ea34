import { Text } from '@mantine/core'
import { useMutation } from '@tanstack/react-query'
import { trpc } from '../api/client.ts'
import { ConfirmDialog, useDone } from '../ui/confirm-dialog.tsx'

export function CancelDialog({ id, onClose }: { id: string; onClose: () => void }) {
  const cancel = useMutation(
    trpc.runs.cancel.mutationOptions(useDone(trpc.runs.pathKey(), 'The run is cancelled.', onClose)),
  )
  return (
    <ConfirmDialog
      title="Cancel this run"
      keep="Let it run"
      go="Cancel the run"
      danger
      reason={{ placeholder: 'Shown on the run' }}
      call={cancel}
      onGo={({ reason }) => cancel.mutate({ id, reason })}
      onClose={onClose}
    >
      <Text>
        It stops where it is. A write that is under way is finished and recorded; nothing is undone. Runs that it called
        and waits for end with it.
      </Text>
    </ConfirmDialog>
  )
}
