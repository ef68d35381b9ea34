import { Button, Group, Progress, Stack, Text } from '@mantine/core'
import { useMutation, useQuery, useQueryClient } from '@tanstack/react-query'
import { useParams } from '@tanstack/react-router'
import { trpc } from '../api/client.ts'
import type { ExistingMembersView } from '../api/types.ts'
import { counted } from '../ui/counted.ts'
import { ProblemPanel } from '../ui/problem-panel.tsx'
import { Ago } from '../ui/time.tsx'
import { failed, said } from '../ui/toast.ts'
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
  const client = useQueryClient()
  const cancel = useMutation(
    trpc.admissions.cancel.mutationOptions({
      onSuccess: async () => {
        said('No more of them are let in.')
        await client.invalidateQueries({ queryKey: trpc.admissions.pathKey() })
      },
      onError: failed,
    }),
  )
  const { status, asked, total, started, version, reason, endedAt } = admission
  return (
    <div role="status" aria-label="Letting existing members in">
      {status === 'running' && (
        <Progress value={total === 0 ? 100 : (asked / total) * 100} size="sm" mb={4} aria-label="How far it is" />
      )}
      <Group justify="space-between" gap="xs" wrap="nowrap">
        <Text size="xs" c="dimmed">
          Version {version}: {asked.toLocaleString('en')} of {total.toLocaleString('en')} asked,{' '}
          {started.toLocaleString('en')} entered{WORDS[status]}
          {reason === null ? '' : ` ${reason}`} {endedAt !== null && <Ago when={endedAt} />}
        </Text>
        {status === 'running' && (
          <Button
            size="compact-xs"
            variant="subtle"
            color="red"
            loading={cancel.isPending}
            onClick={() => cancel.mutate({ slug, id: admission.id })}
          >
            Stop
          </Button>
        )}
      </Group>
    </div>
  )
}

const WORDS = { running: '.', done: '. Done', cancelled: '. Stopped.' }
