import { Button, Group, Menu, Modal, Radio, Stack, Text, UnstyledButton } from '@mantine/core'
import { useMutation, useQueryClient } from '@tanstack/react-query'
import { Archive, ChevronDown, CirclePause, CirclePlay, type LucideIcon } from 'lucide-react'
import { useState } from 'react'
import { trpc } from '../api/client.ts'
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

/** On, paused or archived; pausing asks what becomes of the runs that are open. */
export function StatusMenu({ slug, status, published }: { slug: string; status: string; published: boolean }) {
  const [asking, setAsking] = useState<'pause' | 'archive' | null>(null)
  const client = useQueryClient()
  const change = useMutation(
    trpc.playbooks.setStatus.mutationOptions({
      onSuccess: async (answer, { action }) => {
        await client.invalidateQueries({ queryKey: trpc.playbooks.pathKey() })
        said(answer.cancelled > 0 ? `${DONE[action]} ${answer.cancelled} runs were cancelled.` : DONE[action])
        setAsking(null)
      },
      onError: failed,
    }),
  )
  const hold = useMutation(
    trpc.runs.pauseOpen.mutationOptions({
      onSuccess: ({ runs }) => {
        if (runs > 0) said(runs === 1 ? '1 open run is told to pause.' : `${runs} open runs are told to pause.`)
        return client.invalidateQueries({ queryKey: trpc.runs.pathKey() })
      },
      onError: failed,
    }),
  )
  const go = (openRuns: OpenRuns) => {
    if (asking === null) return
    if (openRuns !== 'pause') return change.mutate({ slug, action: asking, openRuns })
    const reason = 'The playbook was paused.'
    change.mutate({ slug, action: asking, openRuns: 'finish' }, { onSuccess: () => hold.mutate({ slug, reason }) })
  }
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
              onClick={() =>
                action === 'resume' ? change.mutate({ slug, action, openRuns: 'finish' }) : setAsking(action)
              }
            >
              {words}
            </Menu.Item>
          ))}
        </Menu.Dropdown>
      </Menu>
      <PausedRuns slug={slug} />
      {asking !== null && (
        <OpenRunsDialog action={asking} busy={change.isPending} onClose={() => setAsking(null)} onGo={go} />
      )}
    </>
  )
}

function OpenRunsDialog(props: {
  action: 'pause' | 'archive'
  busy: boolean
  onClose: () => void
  onGo: (openRuns: OpenRuns) => void
}) {
  const { action, busy, onClose, onGo } = props
  const [openRuns, setOpenRuns] = useState<OpenRuns>('finish')
  const title = action === 'pause' ? 'Pause this playbook' : 'Archive this playbook'
  return (
    <Modal opened onClose={onClose} title={title}>
      <Stack>
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
        <Group justify="flex-end" gap="xs">
          <Button variant="default" onClick={onClose}>
            Keep it on
          </Button>
          <Button loading={busy} onClick={() => onGo(openRuns)}>
            {action === 'pause' ? 'Pause' : 'Archive'}
          </Button>
        </Group>
      </Stack>
    </Modal>
  )
}
