import { Button, Group, Modal, Progress, Stack, Text, Title } from '@mantine/core'
import { useMutation, useQuery, useQueryClient } from '@tanstack/react-query'
import { Link } from '@tanstack/react-router'
import { useState } from 'react'
import { trpc } from '../api/client.ts'
import type { MigrationSummary } from '../api/types.ts'
import { counted } from '../ui/counted.ts'
import { ListTable } from '../ui/list.tsx'
import { Notice, ProblemPanel } from '../ui/problem-panel.tsx'
import { Ago } from '../ui/time.tsx'
import { failed, said } from '../ui/toast.ts'
import { type Moves, saidMoves } from './go-over.ts'
import { GoOverForm } from './go-over-form.tsx'
import { countWords, percentThrough, runWords, statusWords, titleOf } from './migration-words.ts'

const LOOK_AGAIN_MS = 1_500
const UNDER_WAY = new Set(['running', 'paused', 'reverting', 'revertingPaused'])

/** Which versions open runs are on, has them go over to the live one, and how that goes. */
export function VersionsDialog({ slug, live, onClose }: { slug: string; live: number; onClose: () => void }) {
  const found = useQuery(
    trpc.migrations.list.queryOptions(
      { slug },
      {
        refetchInterval: ({ state }) =>
          state.data?.data.some(({ status }) => UNDER_WAY.has(status)) === true ? LOOK_AGAIN_MS : false,
      },
    ),
  )
  const [newest, ...older] = found.data?.data ?? []
  const busy = newest !== undefined && UNDER_WAY.has(newest.status)
  return (
    <Modal opened onClose={onClose} title="Open runs and versions" size="xl">
      <Stack gap="lg">
        {found.isError && <ProblemPanel error={found.error} retry={() => void found.refetch()} />}
        {newest !== undefined && <Migration slug={slug} migration={newest} />}
        {found.isSuccess && !busy && <Start slug={slug} live={live} />}
        {older.length > 0 && (
          <div>
            <Title order={3} size="h5">
              Before
            </Title>
            {older.map((one) => (
              <Text key={one.id} size="sm" c="dimmed">
                {titleOf(one)}, <Ago when={one.createdAt} />: {statusWords(one.status)}. {countWords(one)}.
              </Text>
            ))}
          </div>
        )}
      </Stack>
    </Modal>
  )
}

function Start({ slug, live }: { slug: string; live: number }) {
  const client = useQueryClient()
  const [moves, setMoves] = useState<Moves>({})
  const preview = useQuery({ ...trpc.migrations.preview.queryOptions({ slug, version: live }), staleTime: 0 })
  const start = useMutation(
    trpc.migrations.start.mutationOptions({
      onSuccess: async ({ total }) => {
        said(`${counted(total, 'run')} ${total === 1 ? 'goes' : 'go'} over to version ${live}.`)
        await client.invalidateQueries({ queryKey: trpc.migrations.pathKey() })
      },
    }),
  )
  if (preview.isError) return <ProblemPanel error={preview.error} retry={() => void preview.refetch()} />
  if (preview.data === undefined) return null
  if (preview.data.open === 0) return <Text>All open runs are on version {live}, the live one.</Text>
  return (
    <Stack gap="sm">
      <Text fw={600}>
        {counted(preview.data.open, 'open run')} {preview.data.open === 1 ? 'is' : 'are'} on an earlier version
      </Text>
      <GoOverForm preview={preview.data} moves={moves} onMoves={setMoves} />
      {start.isError && <ProblemPanel error={start.error} />}
      <Group>
        <Button loading={start.isPending} onClick={() => start.mutate({ slug, moves: saidMoves(moves) })}>
          Have them go over to version {live}
        </Button>
      </Group>
    </Stack>
  )
}

function Migration({ slug, migration }: { slug: string; migration: MigrationSummary }) {
  const { id, status, reason } = migration
  return (
    <Stack gap="xs">
      <Group justify="space-between">
        <Text fw={600} role="status">
          {titleOf(migration)}: {statusWords(status)}
        </Text>
        <Actions slug={slug} id={id} status={status} />
      </Group>
      <Progress value={percentThrough(migration)} aria-label="How far it is" />
      <Text size="sm">
        {countWords(migration)}. Begun <Ago when={migration.createdAt} /> by {migration.by}.
      </Text>
      {reason !== null && <Notice tone="bad" title={reason} />}
      <Otherwise slug={slug} migration={migration} />
    </Stack>
  )
}

function Actions({ slug, id, status }: { slug: string; id: string; status: MigrationSummary['status'] }) {
  const client = useQueryClient()
  const after = {
    onSuccess: () => client.invalidateQueries({ queryKey: trpc.migrations.pathKey() }),
    onError: failed,
  }
  const pause = useMutation(trpc.migrations.pause.mutationOptions(after))
  const goOn = useMutation(trpc.migrations.continue.mutationOptions(after))
  const cancel = useMutation(trpc.migrations.cancel.mutationOptions(after))
  const revert = useMutation(trpc.migrations.revert.mutationOptions(after))
  const given = { slug, id }
  const stopped = status === 'paused' || status === 'revertingPaused'
  return (
    <Group gap="xs">
      {stopped && (
        <Button size="xs" onClick={() => goOn.mutate(given)}>
          Go on
        </Button>
      )}
      {(status === 'running' || status === 'reverting') && (
        <Button size="xs" variant="default" onClick={() => pause.mutate(given)}>
          Pause
        </Button>
      )}
      {(status === 'running' || status === 'paused') && (
        <Button size="xs" variant="default" onClick={() => cancel.mutate(given)}>
          Leave the others
        </Button>
      )}
      {status !== 'reverting' && status !== 'revertingPaused' && status !== 'reverted' && (
        <Button size="xs" variant="default" onClick={() => revert.mutate(given)}>
          Take back
        </Button>
      )}
    </Group>
  )
}

/** The runs with which it went otherwise, and why. */
function Otherwise({ slug, migration }: { slug: string; migration: MigrationSummary }) {
  const { id, counts } = migration
  const status = (['refused', 'stayed', 'passed'] as const).find((one) => (counts[one] ?? 0) > 0)
  const found = useQuery({
    ...trpc.migrations.get.queryOptions({ slug, id, ...(status && { status }) }),
    enabled: status !== undefined,
  })
  if (status === undefined || found.data === undefined || found.data.data.length === 0) return null
  return (
    <ListTable
      label="Runs with which it went otherwise"
      rows={found.data.data}
      keyOf={({ run }) => run}
      columns={[
        {
          title: 'Run of',
          cell: ({ run, subject }) => (
            <Link to="/runs/$id" params={{ id: run }} className="sb-row-link">
              {subject}
            </Link>
          ),
        },
        { title: 'Was at', cell: ({ at }) => at.join(', ') },
        { title: 'What became of it', cell: (row) => runWords(row.status) },
        { title: 'Why', cell: ({ reason }) => reason ?? '' },
      ]}
    />
  )
}
