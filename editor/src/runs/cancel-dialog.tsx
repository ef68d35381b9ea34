import { Button, Group, Modal, Stack, Text, TextInput } from '@mantine/core'
import { useMutation, useQueryClient } from '@tanstack/react-query'
import { useState } from 'react'
import { trpc } from '../api/client.ts'
import { ProblemPanel } from '../ui/problem-panel.tsx'
import { said } from '../ui/toast.ts'

export function CancelDialog({ id, opened, onClose }: { id: string; opened: boolean; onClose: () => void }) {
  const client = useQueryClient()
  const [reason, setReason] = useState('')
  const cancel = useMutation(
    trpc.runs.cancel.mutationOptions({
      onSuccess: async () => {
        said('The run is cancelled.')
        onClose()
        await client.invalidateQueries({ queryKey: trpc.runs.pathKey() })
      },
    }),
  )
  return (
    <Modal opened={opened} onClose={onClose} title="Cancel this run">
      <Stack>
        <Text>
          It stops where it is. A write that is under way is finished and recorded; nothing is undone. Runs that it
          called and waits for end with it.
        </Text>
        <TextInput
          label="Reason"
          placeholder="Shown on the run"
          value={reason}
          onChange={(event) => setReason(event.currentTarget.value)}
        />
        {cancel.isError && <ProblemPanel error={cancel.error} />}
        <Group justify="flex-end" gap="xs">
          <Button variant="default" onClick={onClose}>
            Let it run
          </Button>
          <Button
            color="red"
            loading={cancel.isPending}
            onClick={() => cancel.mutate({ id, ...(reason.trim() !== '' && { reason: reason.trim() }) })}
          >
            Cancel the run
          </Button>
        </Group>
      </Stack>
    </Modal>
  )
}
