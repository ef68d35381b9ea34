import { Button, Group, Modal, NumberInput, Stack, Text, TextInput } from '@mantine/core'
import { useMutation, useQueryClient } from '@tanstack/react-query'
import { useState } from 'react'
import { trpc } from '../api/client.ts'
import type { ConnectionSummary } from '../api/types.ts'
import { ProblemPanel } from '../ui/problem-panel.tsx'
import { said } from '../ui/toast.ts'

interface Props {
  row: ConnectionSummary
  onClose: () => void
}

function useAfter(words: string, onClose: () => void) {
  const client = useQueryClient()
  return {
    onSuccess: async () => {
      said(words)
      onClose()
      await client.invalidateQueries({ queryKey: trpc.connections.pathKey() })
    },
  }
}

export function PauseConnectionDialog({ row, onClose }: Props) {
  const [reason, setReason] = useState('')
  const pause = useMutation(trpc.connections.pause.mutationOptions(useAfter(`${row.name} is paused.`, onClose)))
  return (
    <Modal opened onClose={onClose} title={`Pause ${row.name}`}>
      <Stack>
        <Text size="sm">
          Nothing is called through it until you let it go on. Calls under way are finished; runs that come to it are
          held, and none of them fails.
        </Text>
        <TextInput
          label="Reason"
          placeholder="Shown on the connection and its held runs"
          value={reason}
          onChange={(event) => setReason(event.currentTarget.value)}
          data-autofocus
        />
        {pause.isError && <ProblemPanel error={pause.error} />}
        <Group justify="flex-end" gap="xs">
          <Button variant="default" onClick={onClose}>
            Leave it open
          </Button>
          <Button
            disabled={reason.trim() === ''}
            loading={pause.isPending}
            onClick={() => pause.mutate({ id: row.id, reason: reason.trim() })}
          >
            Pause it
          </Button>
        </Group>
      </Stack>
    </Modal>
  )
}

export function ResumeConnectionDialog({ row, onClose }: Props) {
  const [perSecond, setPerSecond] = useState<number | string>('')
  const resume = useMutation(trpc.connections.resume.mutationOptions(useAfter(`${row.name} works again.`, onClose)))
  const held = row.heldRuns === 1 ? '1 run goes on' : `${row.heldRuns.toLocaleString('en')} runs go on`
  return (
    <Modal opened onClose={onClose} title={`Let ${row.name} go on`}>
      <Stack>
        <Text size="sm">
          {row.heldRuns === 0 ? 'No run is held by it.' : `${held}, a share at a time, those that wait longest first.`}
        </Text>
        <NumberInput
          label="Runs a second"
          description="Leave it empty for as many as its budget allows."
          min={0.01}
          max={1000}
          value={perSecond}
          onChange={setPerSecond}
        />
        {resume.isError && <ProblemPanel error={resume.error} />}
        <Group justify="flex-end" gap="xs">
          <Button variant="default" onClick={onClose}>
            Leave it paused
          </Button>
          <Button
            loading={resume.isPending}
            onClick={() => resume.mutate({ id: row.id, perSecond: typeof perSecond === 'number' ? perSecond : null })}
          >
            Let it go on
          </Button>
        </Group>
      </Stack>
    </Modal>
  )
}
