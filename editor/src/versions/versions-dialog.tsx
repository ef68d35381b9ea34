import { Button, Group, Modal, Progress, Skeleton, Stack, Text, Title } from '@mantine/core'
import { useInfiniteQuery, useMutation, useQuery, useQueryClient } from '@tanstack/react-query'
import { Link } from '@tanstack/react-router'
import { useEffect, useState } from 'react'
import { trpc } from '../api/client.ts'
import type { MigrationSummary } from '../api/types.ts'
import { ConfirmDialog, useDone } from '../ui/confirm-dialog.tsx'
import { counted } from '../ui/counted.ts'
import { List, ListTable } from '../ui/list.tsx'
import { ListSkeleton } from '../ui/page.tsx'
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
  const [asking, setAsking] = useState<Ended | null>(null)
  return (
    <Modal
      opened
      onClose={onClose}
      // The question above it is what is closed first.
      closeOnEscape={asking === null}
      title="Open runs and versions"
      size="xl"
    >
      <Stack gap="lg">
        {found.isPending && <ListSkeleton rows={2} />}
        {found.isError && <ProblemPanel error={found.error} retry={() => void found.refetch()} />}
        {newest !== undefined && <Migration slug={slug} migration={newest} onEnd={setAsking} />}
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
      {newest !== undefined && asking !== null && (
        <EndDialog slug={slug} migration={newest} how={asking} onClose={() => setAsking(null)} />
      )}
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
  if (preview.data === undefined) return <Skeleton height={60} aria-label="Looking where runs wait" />
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

/** How one can be ended that is not through. */
type Ended = 'cancel' | 'revert'

interface Shown {
  slug: string
  migration: MigrationSummary
}

function Migration({ slug, migration, onEnd }: Shown & { onEnd: (how: Ended) => void }) {
  const { status, reason } = migration
  return (
    <Stack gap="xs">
      <Group justify="space-between">
        <Text fw={600} role="status">
          {titleOf(migration)}: {statusWords(status)}
        </Text>
        <Actions slug={slug} migration={migration} onEnd={onEnd} />
      </Group>
      <Progress value={percentThrough(migration)} aria-label="How far it is" />
      <Text size="sm" component="div">
        {countWords(migration)}. Begun <Ago when={migration.createdAt} /> by {migration.by}.
      </Text>
      {reason !== null && <Notice tone="bad" title={reason} />}
      {OTHERWISE.map((which) => (
        <Otherwise key={`${migration.id} ${which}`} slug={slug} migration={migration} which={which} />
      ))}
    </Stack>
  )
}

function Actions({ slug, migration: { id, status }, onEnd }: Shown & { onEnd: (how: Ended) => void }) {
  const client = useQueryClient()
  const after = {
    onSuccess: () => client.invalidateQueries({ queryKey: trpc.migrations.pathKey() }),
    onError: failed,
  }
  const pause = useMutation(trpc.migrations.pause.mutationOptions(after))
  const goOn = useMutation(trpc.migrations.continue.mutationOptions(after))
  const given = { slug, id }
  const stopped = status === 'paused' || status === 'revertingPaused'
  return (
    <Group gap="xs">
      {stopped && (
        <Button size="xs" loading={goOn.isPending} onClick={() => goOn.mutate(given)}>
          Go on
        </Button>
      )}
      {(status === 'running' || status === 'reverting') && (
        <Button size="xs" variant="default" loading={pause.isPending} onClick={() => pause.mutate(given)}>
          Pause
        </Button>
      )}
      {(status === 'running' || status === 'paused') && (
        <Button size="xs" variant="default" onClick={() => onEnd('cancel')}>
          Leave the others…
        </Button>
      )}
      {status !== 'reverting' && status !== 'revertingPaused' && status !== 'reverted' && (
        <Button size="xs" variant="default" onClick={() => onEnd('revert')}>
          Take back…
        </Button>
      )}
    </Group>
  )
}

const ENDS = {
  cancel: {
    title: 'Leave the others as they are?',
    words:
      'Runs that were not told yet stay on the version they are on. Those that have gone over stay on the new one. What is left can go over later.',
    keep: 'Let it go on',
    go: 'Leave the others',
    said: 'The others stay as they are.',
  },
  revert: {
    title: 'Take it back?',
    words:
      'Runs that still wait where they went over go back to the version they were on. Those that have gone on since then stay, and are named. Runs that were not told yet stay as they are. This cannot be undone.',
    keep: 'Keep it',
    go: 'Take it back',
    said: 'It is being taken back.',
  },
} as const

function EndDialog({ slug, migration, how, onClose }: Shown & { how: Ended; onClose: () => void }) {
  const words = ENDS[how]
  const api = how === 'cancel' ? trpc.migrations.cancel : trpc.migrations.revert
  const end = useMutation(api.mutationOptions(useDone(trpc.migrations.pathKey(), words.said, onClose)))
  return (
    <ConfirmDialog
      title={words.title}
      keep={words.keep}
      go={words.go}
      danger
      call={end}
      onGo={() => end.mutate({ slug, id: migration.id })}
      onClose={onClose}
    >
      <Text>{words.words}</Text>
      <Text size="sm">
        {titleOf(migration)}: {countWords(migration)}.
      </Text>
    </ConfirmDialog>
  )
}

const OTHERWISE = ['refused', 'stayed', 'passed'] as const

/** The runs with which it went otherwise, in one way of these, and why. */
function Otherwise({ slug, migration, which }: Shown & { which: (typeof OTHERWISE)[number] }) {
  const { id, counts } = migration
  const count = counts[which] ?? 0
  const found = useInfiniteQuery(
    trpc.migrations.get.infiniteQueryOptions(
      { slug, id, status: which },
      { enabled: count > 0, getNextPageParam: ({ nextCursor }) => nextCursor },
    ),
  )
  const { refetch } = found
  // As more of them are counted, more are to be named.
  useEffect(() => {
    if (count > 0) void refetch()
  }, [count, refetch])
  if (count === 0) return null
  const rows = found.data?.pages.flatMap(({ data }) => data) ?? []
  const words = `${counted(count, 'run')} ${runWords(which)}`
  return (
    <div>
      <Title order={3} mb={4}>
        {words}
      </Title>
      <List query={found} count={rows.length} coming={Math.min(count, 5)} empty={null}>
        <ListTable
          label={words}
          rows={rows}
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
            { title: 'Why', cell: ({ reason }) => reason ?? '' },
          ]}
        />
      </List>
    </div>
  )
}
