import { Button, Group, Progress, Stack, Text } from '@mantine/core'
import { useMutation, useQuery } from '@tanstack/react-query'
import { useParams } from '@tanstack/react-router'
import { useState } from 'react'
import { trpc } from '../api/client.ts'
import type { ExistingMembersView } from '../api/types.ts'
import { ConfirmDialog, useDone } from '../ui/confirm-dialog.tsx'
import { counted } from '../ui/counted.ts'
import { ProblemPanel } from '../ui/problem-panel.tsx'
import { Ago } from '../ui/time.tsx'
import { useDraft } from './store.ts'

const LOOK_AGAIN_MS = 2_000

/**
 * Who is in already of what the playbook's triggers listen for.
 * @param props.shows what publishing would do with them, or how letting them in goes on
 */
export function ExistingMembers({ shows }: { shows: 'publishing' | 'progress' }) {
  const { slug } = useParams({ from: '/app/playbooks/$slug' })
  const existing = useQuery(
    trpc.admissions.existing.queryOptions(
      { slug },
      {
        refetchInterval: (query) =>
          query.state.data?.admissions.some(({ status }) => status === 'running') === true ? LOOK_AGAIN_MS : false,
      },
    ),
  )
  if (existing.isError) return <ProblemPanel error={existing.error} retry={() => void existing.refetch()} />
  if (!existing.isSuccess) return null
  if (shows === 'publishing') return <Publishing view={existing.data} />
  const [newest] = existing.data.admissions
  return newest === undefined ? null : <Admission slug={slug} admission={newest} />
}

function Publishing({ view }: { view: ExistingMembersView }) {
  const { existing } = useDraft().enrollment
  const found = view.triggers.filter(({ outside }) => outside > 0)
  if (found.length === 0) return null
  return (
    <Stack gap={4}>
      {found.map(({ step, kind, slug, outside, alike }) => (
        <Text key={step} size="sm">
          {outside.toLocaleString('en')} {outside === 1 ? 'is' : 'are'} in the {kind} “{slug}” already and{' '}
          {outside === 1 ? 'has' : 'have'} not been in this playbook. {whatHappens(existing, { outside, alike })}
        </Text>
      ))}
    </Stack>
  )
}

type Existing = ReturnType<typeof useDraft>['enrollment']['existing']

function whatHappens(existing: Existing, { outside, alike }: { outside: number; alike: boolean }): string {
  if (existing?.policy !== 'admit') return 'They stay out; the playbook’s settings let them in.'
  if (!alike) return 'They stay out, because the playbook is not about them.'
  const minutes = Math.ceil(outside / existing.perMinute)
  return `They enter at ${existing.perMinute.toLocaleString('en')} a minute, which takes about ${counted(minutes, 'minute')}.`
}

function Admission({ slug, admission }: { slug: string; admission: ExistingMembersView['admissions'][number] }) {
  const [asking, setAsking] = useState(false)
  const { status, asked, total, started, version, reason, endedAt } = admission
  return (
    <div role="group" aria-label="Letting existing members in">
      {status === 'running' && (
        <Progress value={total === 0 ? 100 : (asked / total) * 100} size="sm" mb={4} aria-label="How far it is" />
      )}
      <Group justify="space-between" gap="xs" wrap="nowrap">
        <Text size="xs" c="dimmed" component="div">
          Version {version}: {asked.toLocaleString('en')} of {total.toLocaleString('en')} asked,{' '}
          {started.toLocaleString('en')} entered. {/* The counts change every moment; only the end is worth a word. */}
          <span role="status">
            {WORDS[status]}
            {reason === null ? '' : ` ${reason}`}
          </span>{' '}
          {endedAt !== null && <Ago when={endedAt} />}
        </Text>
        {status === 'running' && (
          <Button size="compact-xs" variant="subtle" color="red" onClick={() => setAsking(true)}>
            Stop…
          </Button>
        )}
      </Group>
      {asking && <StopDialog slug={slug} id={admission.id} onClose={() => setAsking(false)} />}
    </div>
  )
}

function StopDialog({ slug, id, onClose }: { slug: string; id: string; onClose: () => void }) {
  const done = useDone(trpc.admissions.pathKey(), 'No more of them are let in.', onClose)
  const cancel = useMutation(trpc.admissions.cancel.mutationOptions(done))
  return (
    <ConfirmDialog
      title="Stop letting members in?"
      keep="Let them go on coming in"
      go="Stop it"
      danger
      call={cancel}
      onGo={() => cancel.mutate({ slug, id })}
      onClose={onClose}
    >
      <Text size="sm">
        Those who have entered stay in. The others stay out, and this cannot go on from where it was: the next version
        that is published lets in who is outside then.
      </Text>
    </ConfirmDialog>
  )
}

const WORDS = { running: '', done: 'Done.', cancelled: 'Stopped.' }
