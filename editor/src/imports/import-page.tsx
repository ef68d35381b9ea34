import { Anchor, Button, Group, Progress, Stack, Text, Title } from '@mantine/core'
import { useMutation, useQuery, useQueryClient } from '@tanstack/react-query'
import { Link, useParams } from '@tanstack/react-router'
import { Download } from 'lucide-react'
import { useState } from 'react'
import { trpc } from '../api/client.ts'
import type { ImportView, MappingCheck } from '../api/types.ts'
import { ListTable } from '../ui/list.tsx'
import { ListSkeleton, Page } from '../ui/page.tsx'
import { Notice, ProblemPanel } from '../ui/problem-panel.tsx'
import { StatusBadge } from '../ui/status-badge.tsx'
import { Ago } from '../ui/time.tsx'
import { failed } from '../ui/toast.ts'
import { count, fileSize, rows, timeLeft } from './import-words.ts'
import { MappingTable } from './mapping-table.tsx'

/** One import, from its columns to its refused rows. */
export function ImportPage() {
  const { id } = useParams({ from: '/app/imports/$id' })
  const found = useQuery({
    ...trpc.imports.get.queryOptions({ id }),
    refetchInterval: ({ state }) => (state.data?.status === 'running' ? 1_000 : false),
  })
  const view = found.data
  return (
    <Page
      title={view?.name ?? 'Import'}
      lead={
        view && (
          <Group gap="xs">
            <StatusBadge status={view.status} />
            <span>
              {rows(view.total)} of {view.kind}, {fileSize(view.bytes)}, uploaded <Ago when={view.createdAt} /> by{' '}
              {view.createdBy}
            </span>
          </Group>
        )
      }
      actions={view && (view.status === 'draft' || view.status === 'running') && <CancelButton view={view} />}
    >
      {found.isPending && <ListSkeleton />}
      {found.isError && <ProblemPanel error={found.error} retry={() => void found.refetch()} />}
      {view?.status === 'draft' && <Draft key={view.id} view={view} />}
      {view && view.status !== 'draft' && <Result view={view} />}
    </Page>
  )
}

function useRefresh() {
  const client = useQueryClient()
  return () => client.invalidateQueries({ queryKey: trpc.imports.pathKey() })
}

function CancelButton({ view }: { view: ImportView }) {
  const refresh = useRefresh()
  const cancel = useMutation(trpc.imports.cancel.mutationOptions({ onSuccess: refresh, onError: failed }))
  return (
    <Button variant="default" loading={cancel.isPending} onClick={() => cancel.mutate({ id: view.id })}>
      {view.status === 'draft' ? 'Throw the file away' : 'Stop the import'}
    </Button>
  )
}

function Draft({ view }: { view: ImportView }) {
  const refresh = useRefresh()
  const [mapping, setMapping] = useState(view.mapping ?? view.suggested)
  const check = useMutation(trpc.imports.map.mutationOptions())
  const start = useMutation(trpc.imports.start.mutationOptions({ onSuccess: refresh }))
  const error = check.error ?? start.error
  return (
    <Stack>
      <div>
        <Title order={2}>What is each column for?</Title>
        <Text size="sm" c="dimmed">
          Suggested from the names and the first rows. An empty cell leaves the value that is there.
        </Text>
      </div>
      <MappingTable
        view={view}
        mapping={mapping}
        onChange={(next) => {
          setMapping(next)
          check.reset()
        }}
      />
      {error && <ProblemPanel error={error} />}
      {check.isSuccess && <CheckResult check={check.data} />}
      <Group>
        {check.isSuccess ? (
          <Button
            loading={start.isPending}
            disabled={check.data.good === 0}
            onClick={() => start.mutate({ id: view.id })}
          >
            Import {rows(view.total)}
          </Button>
        ) : (
          <Button loading={check.isPending} onClick={() => check.mutate({ id: view.id, mapping })}>
            Check the rows
          </Button>
        )}
      </Group>
    </Stack>
  )
}

function CheckResult({ check }: { check: MappingCheck }) {
  const of = check.complete
    ? `All ${rows(check.checked)} were looked at`
    : `The first ${rows(check.checked)} were looked at`
  if (check.bad === 0) return <Notice tone="good" title={`${of}, and all can be taken.`} />
  return (
    <>
      <Notice tone="warn" title={`${of}: ${count(check.good)} can be taken, ${count(check.bad)} cannot.`}>
        <Text size="sm">
          Change what a column is for, or import all the same: refused rows come back in a file with their reasons.
        </Text>
      </Notice>
      <ListTable
        label="What is wrong with rows"
        rows={check.problems}
        keyOf={(one) => `${one.row} ${one.code}`}
        columns={[
          { title: 'What is wrong', cell: (one) => one.reason },
          { title: 'First in row', right: true, cell: (one) => count(one.row) },
          { title: 'Rows', right: true, cell: (one) => count(one.rows) },
        ]}
      />
    </>
  )
}

function Result({ view }: { view: ImportView }) {
  const through = view.taken + view.refused
  const percent = view.total === 0 ? 100 : (through / view.total) * 100
  return (
    <Stack>
      <div className="sb-card" style={{ padding: 20 }}>
        <Group justify="space-between" mb="xs">
          <Text fw={600}>
            {count(through)} of {rows(view.total)}
          </Text>
          {view.status === 'running' && (
            <Text size="sm" c="dimmed">
              {view.rate === null ? 'starting' : `${count(Math.round(view.rate))} a second`}
              {view.secondsLeft !== null && `, ${timeLeft(view.secondsLeft)}`}
            </Text>
          )}
        </Group>
        <Progress value={percent} aria-label="Rows that are through" animated={view.status === 'running'} />
        <Text mt="sm" size="sm">
          {count(view.taken)} taken, {count(view.refused)} refused{view.endedAt !== null && '. Ended '}
          {view.endedAt !== null && <Ago when={view.endedAt} />}
        </Text>
      </div>
      {view.status === 'failed' && (
        <Notice tone="bad" title="The import could not go on">
          <Text size="sm">{view.fault}</Text>
        </Notice>
      )}
      {view.status === 'done' && view.refused === 0 && (
        <Notice tone="good" title="Every row was taken.">
          <Text size="sm">
            See them under <DoneLink kind={view.kind} />.
          </Text>
        </Notice>
      )}
      {view.refused > 0 && <Refused view={view} />}
    </Stack>
  )
}

function DoneLink({ kind }: { kind: ImportView['kind'] }) {
  const to = kind === 'contacts' ? '/contacts' : kind === 'accounts' ? '/accounts' : '/events'
  return <Link to={to}>{kind}</Link>
}

function Refused({ view }: { view: ImportView }) {
  return (
    <div>
      <Group justify="space-between" mb="sm">
        <div>
          <Title order={2}>Refused rows</Title>
          <Text size="sm" c="dimmed">
            Mend them in the file and import it again; the columns that say why are left out by themselves.
          </Text>
        </div>
        <Button
          component="a"
          href={`/v1/imports/${view.id}/refused.csv`}
          download
          variant="default"
          leftSection={<Download size={16} aria-hidden="true" />}
        >
          {rows(view.refused)} as CSV
        </Button>
      </Group>
      <ListTable
        label="Refused rows"
        rows={view.firstRefused}
        keyOf={({ row }) => String(row)}
        columns={[
          { title: 'Row', right: true, cell: ({ row }) => count(row) },
          { title: 'Why', cell: ({ reason }) => reason },
        ]}
      />
      {view.refused > view.firstRefused.length && (
        <Text size="sm" c="dimmed" mt="xs">
          The first {count(view.firstRefused.length)};{' '}
          <Anchor href={`/v1/imports/${view.id}/refused.csv`} download>
            all are in the file
          </Anchor>
          .
        </Text>
      )}
    </div>
  )
}
