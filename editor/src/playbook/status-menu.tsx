import { Menu, Radio, Stack, Text, UnstyledButton } from '@mantine/core'
import { useMutation, useQueryClient } from '@tanstack/react-query'
import { Archive, ChevronDown, CirclePause, CirclePlay, type LucideIcon } from 'lucide-react'
import { useState } from 'react'
import { trpc } from '../api/client.ts'
import { ConfirmDialog } from '../ui/confirm-dialog.tsx'
import { counted } from '../ui/counted.ts'
import { StatusBadge } from '../ui/status-badge.tsx'
import { failed, said } from '../ui/toast.ts'
import { PausedRuns } from './paused-runs.tsx'

type Action = 'resume' | 'pause' | 'archive'
const ACTIONS: Array<{ action: Action; words: string; icon: LucideIcon; from: string[] }> = [
  { action: 'resume', words: 'Turn on', icon: CirclePlay, from: ['paused', 'archived'] },
  { action: 'pause', words: 'Pause', icon: CirclePause, from: ['on'] },
  { action: 'archive', words: 'Archive', icon: Archive, from: ['on', 'paused', 'draft'] },
]
const OPEN_RUNS = ['finish', 'pause', 'cancel'] as const
type OpenRuns = (typeof OPEN_RUNS)[number]
const DONE = { resume: 'The playbook is on.', pause: 'The playbook is paused.', archive: 'The playbook is archived.' }

interface Answer {
  cancelled: number
  toPause: number
}

/** What the change has come to, with what became of the runs that were open. */
function doneWords(action: Action, { cancelled, toPause }: Answer): string {
  if (cancelled > 0) return `${DONE[action]} ${counted(cancelled, 'run was', 'runs were')} cancelled.`
  if (toPause > 0) return `${DONE[action]} ${counted(toPause, 'open run is', 'open runs are')} told to pause.`
  return DONE[action]
}

/** What shows the status of playbooks and of their runs is asked for again. */
function useRefresh() {
  const client = useQueryClient()
  return () =>
    Promise.all([
      client.invalidateQueries({ queryKey: trpc.playbooks.pathKey() }),
      client.invalidateQueries({ queryKey: trpc.runs.pathKey() }),
    ])
}

/** On, paused or archived; pausing asks what becomes of the runs that are open. */
export function StatusMenu({ slug, status, published }: { slug: string; status: string; published: boolean }) {
  const [asking, setAsking] = useState<'pause' | 'archive' | null>(null)
  const refresh = useRefresh()
  const turnOn = useMutation(
    trpc.playbooks.setStatus.mutationOptions({
      onSuccess: async () => {
        await refresh()
        said(DONE.resume)
      },
      onError: failed,
    }),
  )
  const possible = ACTIONS.filter(({ action, from }) => from.includes(status) && (published || action === 'archive'))
  return (
    <>
      <Menu position="bottom-start">
        <Menu.Target>
          <UnstyledButton className="sb-status-button" aria-label={`Status: ${status}. Change`}>
            <StatusBadge status={status} />
            <ChevronDown size={14} aria-hidden="true" />
          </UnstyledButton>
        </Menu.Target>
        <Menu.Dropdown>
          {possible.map(({ action, words, icon: Icon }) => (
            <Menu.Item
              key={action}
              leftSection={<Icon size={15} />}
              disabled={turnOn.isPending}
              onClick={() => (action === 'resume' ? turnOn.mutate({ slug, action }) : setAsking(action))}
            >
              {words}
            </Menu.Item>
          ))}
        </Menu.Dropdown>
      </Menu>
      <PausedRuns slug={slug} />
      {asking !== null && <OpenRunsDialog slug={slug} action={asking} onClose={() => setAsking(null)} />}
    </>
  )
}

function OpenRunsDialog(props: { slug: string; action: 'pause' | 'archive'; onClose: () => void }) {
  const { slug, action, onClose } = props
  const [openRuns, setOpenRuns] = useState<OpenRuns>('finish')
  const refresh = useRefresh()
  const change = useMutation(
    trpc.playbooks.setStatus.mutationOptions({
      onSuccess: async (answer) => {
        said(doneWords(action, answer))
        onClose()
        await refresh()
      },
    }),
  )
  return (
    <ConfirmDialog
      title={action === 'pause' ? 'Pause this playbook' : 'Archive this playbook'}
      keep="Keep it as it is"
      go={action === 'pause' ? 'Pause' : 'Archive'}
      danger={openRuns === 'cancel'}
      call={change}
      onGo={() => change.mutate({ slug, action, openRuns })}
      onClose={onClose}
    >
      <Text>
        {action === 'pause'
          ? 'Nothing new starts until you turn it on again.'
          : 'It leaves the list of active playbooks and starts nothing. You can turn it on again.'}
      </Text>
      <Radio.Group
        label="Runs that are open now"
        value={openRuns}
        onChange={(value) => setOpenRuns(OPEN_RUNS.find((one) => one === value) ?? 'finish')}
      >
        <Stack gap="xs" mt="xs">
          <Radio value="finish" label="Finish: they go on to their end" />
          {action === 'pause' && (
            <Radio value="pause" label="Pause too: they begin nothing new until you let them go on" />
          )}
          <Radio value="cancel" label="Cancel: they stop where they are" />
        </Stack>
      </Radio.Group>
    </ConfirmDialog>
  )
}
