import { Text } from '@mantine/core'
import { useMutation } from '@tanstack/react-query'
import { trpc } from '../api/client.ts'
import type { ConnectionSummary } from '../api/types.ts'
import { ConfirmDialog, useDone } from '../ui/confirm-dialog.tsx'
import { counted } from '../ui/counted.ts'

interface Props {
  row: ConnectionSummary
  onClose: () => void
}

export function PauseConnectionDialog({ row, onClose }: Props) {
  const done = useDone(trpc.connections.pathKey(), `${row.name} is paused.`, onClose)
  const pause = useMutation(trpc.connections.pause.mutationOptions(done))
  return (
    <ConfirmDialog
      title={`Pause ${row.name}`}
      keep="Leave it open"
      go="Pause it"
      reason={{ placeholder: 'Shown on the connection and its held runs', required: true }}
      call={pause}
      onGo={({ reason }) => reason !== undefined && pause.mutate({ id: row.id, reason })}
      onClose={onClose}
    >
      <Text size="sm">
        Nothing is called through it until you let it go on. Calls under way are finished; runs that come to it are
        held, and none of them fails.
      </Text>
    </ConfirmDialog>
  )
}

export function ResumeConnectionDialog({ row, onClose }: Props) {
  const done = useDone(trpc.connections.pathKey(), `${row.name} works again.`, onClose)
  const resume = useMutation(trpc.connections.resume.mutationOptions(done))
  const held = `${counted(row.heldRuns, 'run goes', 'runs go')} on, a share at a time, those that wait longest first.`
  return (
    <ConfirmDialog
      title={`Let ${row.name} go on`}
      keep="Leave it paused"
      go="Let it go on"
      pace={{ description: 'Leave it empty for as many as its budget allows.' }}
      call={resume}
      onGo={({ perSecond }) => resume.mutate({ id: row.id, perSecond })}
      onClose={onClose}
    >
      <Text size="sm">{row.heldRuns === 0 ? 'No run is held by it.' : held}</Text>
    </ConfirmDialog>
  )
}

export function RemoveConnectionDialog({ row, onClose }: Props) {
  const done = useDone(trpc.connections.pathKey(), `${row.name} is removed.`, onClose)
  const remove = useMutation(trpc.connections.remove.mutationOptions(done))
  return (
    <ConfirmDialog
      title={`Remove ${row.name}?`}
      keep="Keep it"
      go="Remove it"
      danger
      call={remove}
      onGo={() => remove.mutate({ id: row.id })}
      onClose={onClose}
    >
      <Text size="sm">
        Signalbox forgets how to sign in to it. Open runs that come to it are held, and drafts that use it cannot be
        published, until something is connected as <span className="sb-mono">{row.slug}</span> again. What was written
        through it stays where it is.
      </Text>
    </ConfirmDialog>
  )
}
