import { Button, Group, NumberInput, Select, Stack, Text, TextInput, Title } from '@mantine/core'
import { useDebouncedValue } from '@mantine/hooks'
import { keepPreviousData, useMutation, useQuery } from '@tanstack/react-query'
import { Link, useNavigate, useSearch } from '@tanstack/react-router'
import { CircleCheck, RotateCw } from 'lucide-react'
import { useState } from 'react'
import { trpc } from '../api/client.ts'
import type { RerunPreview } from '../api/types.ts'
import { Empty } from '../ui/empty.tsx'
import { ListTable } from '../ui/list.tsx'
import { ListSkeleton, Page } from '../ui/page.tsx'
import { ProblemPanel } from '../ui/problem-panel.tsx'
import { runsOf } from './rerun-words.ts'
import './reruns.css'

const PERIODS = [
  { value: '1', label: 'In the last hour' },
  { value: '24', label: 'In the last 24 hours' },
  { value: '168', label: 'In the last 7 days' },
]
const HOUR_MS = 3_600_000

interface Filter {
  playbook?: string
  version?: number
  code?: string
  step?: string
  from?: string
}

/** Chooses failed runs, shows what they failed of, and begins. */
export function NewRerunPage() {
  const { playbook } = useSearch({ from: '/app/reruns/new' })
  const [filter, setFilter] = useState<Filter>(playbook === undefined ? {} : { playbook })
  const [settled] = useDebouncedValue(filter, 300)
  const preview = useQuery({
    ...trpc.reruns.preview.queryOptions({ filter: settled }),
    placeholderData: keepPreviousData,
  })
  const [maxFailures, setMaxFailures] = useState<number | string>(0)
  return (
    <Page
      title="Rerun failed runs"
      lead="They go on from their failed steps; what their other steps gave is kept, and what landed is not done again."
      actions={
        <Button variant="default" component={Link} to="/reruns">
          Earlier reruns
        </Button>
      }
    >
      <Filters filter={filter} settled={settled} onChange={setFilter} />
      {preview.isPending && <ListSkeleton rows={2} />}
      {preview.isError && <ProblemPanel error={preview.error} retry={() => void preview.refetch()} />}
      {preview.data?.count === 0 && (
        <div className="sb-card">
          <Empty icon={CircleCheck} title="No failed run fits">
            Nothing failed like this, or another rerun has those runs in hand.
          </Empty>
        </div>
      )}
      {preview.data !== undefined && preview.data.count > 0 && (
        <Preview
          preview={preview.data}
          isNow={!preview.isPlaceholderData && settled === filter}
          filter={filter}
          onChange={setFilter}
          maxFailures={maxFailures}
          onMaxFailures={setMaxFailures}
        />
      )}
    </Page>
  )
}

interface FilterProps {
  filter: Filter
  onChange: (filter: Filter) => void
}

/** @param settled the filter as it was when nobody had typed for a moment */
function Filters({ filter, settled, onChange }: FilterProps & { settled: Filter }) {
  const playbooks = useQuery(trpc.playbooks.list.queryOptions())
  const { code } = filter
  const { code: _one, ...others } = settled
  const any = useQuery({
    ...trpc.reruns.preview.queryOptions({ filter: others }),
    placeholderData: keepPreviousData,
  })
  const codes = any.data?.byCode.flatMap((row) => (row.code === null ? [] : [row.code])) ?? []
  const [hours, setHours] = useState<string | null>(null)
  const set = (part: { [name in keyof Filter]: Filter[name] | undefined }) => {
    const next = Object.entries({ ...filter, ...part }).filter(([, value]) => value !== undefined && value !== '')
    onChange(Object.fromEntries(next) as Filter)
  }
  return (
    <Group gap="xs" mb="md" align="flex-end">
      <Select
        w={220}
        searchable
        clearable
        label="Playbook"
        placeholder="All playbooks"
        data={playbooks.data?.data.map(({ slug, name }) => ({ value: slug, label: name })) ?? []}
        value={filter.playbook ?? null}
        onChange={(value) => set({ playbook: value ?? undefined, version: undefined })}
      />
      <NumberInput
        w={110}
        label="Version"
        placeholder="Any"
        min={1}
        allowDecimal={false}
        disabled={filter.playbook === undefined}
        value={filter.version ?? ''}
        onChange={(value) => set({ version: typeof value === 'number' && value >= 1 ? value : undefined })}
      />
      <Select
        w={230}
        clearable
        label="Failed of"
        placeholder="Anything"
        data={codes}
        value={code ?? null}
        onChange={(value) => set({ code: value ?? undefined })}
      />
      <TextInput
        w={150}
        label="At step"
        placeholder="Any step"
        value={filter.step ?? ''}
        onChange={(event) => set({ step: event.currentTarget.value.trim() })}
      />
      <Select
        w={190}
        clearable
        label="When"
        placeholder="At any time"
        data={PERIODS}
        value={hours}
        onChange={(value) => {
          setHours(value)
          set({ from: value === null ? undefined : new Date(Date.now() - Number(value) * HOUR_MS).toISOString() })
        }}
      />
    </Group>
  )
}

/** Null: none that the server takes. */
const readMost = (typed: number | string): number | null =>
  typeof typed === 'number' && Number.isInteger(typed) && typed >= 0 && typed <= 10_000 ? typed : null

interface PreviewProps extends FilterProps {
  preview: RerunPreview
  /** Whether it is of what is chosen now. */
  isNow: boolean
  /** Empty while it is typed anew. */
  maxFailures: number | string
  onMaxFailures: (most: number | string) => void
}

function Preview({ preview, isNow, filter, onChange, maxFailures, onMaxFailures }: PreviewProps) {
  const navigate = useNavigate()
  const most = readMost(maxFailures)
  const start = useMutation(
    trpc.reruns.start.mutationOptions({
      onSuccess: ({ id }) => void navigate({ to: '/reruns/$id', params: { id } }),
    }),
  )
  return (
    <Stack>
      <div className="sb-card" style={{ padding: 18 }}>
        <Title order={2} mb="sm">
          {runsOf(preview.count)}
        </Title>
        <ul className="sb-rerun-codes" aria-label="What they failed of">
          {preview.byCode.map(({ code, runs, example }) => (
            <li key={code ?? ''}>
              <div className="sb-rerun-code">
                {code === null ? (
                  <span>Of what is not known</span>
                ) : (
                  <button type="button" onClick={() => onChange({ ...filter, code })} title="Only these">
                    <span className="sb-mono">{code}</span>
                  </button>
                )}
                <span>{runsOf(runs)}</span>
              </div>
              <div className="sb-rerun-bar" aria-hidden="true">
                <span style={{ width: `${(runs / preview.count) * 100}%` }} />
              </div>
              <Text size="xs" c="dimmed" truncate>
                {example}
              </Text>
            </li>
          ))}
        </ul>
      </div>
      <ListTable
        label="Of these playbooks"
        rows={preview.byPlaybook}
        keyOf={({ slug, version }) => `${slug} ${version}`}
        columns={[
          { title: 'Playbook', cell: (row) => `${row.name} v${row.version}` },
          { title: 'Runs', right: true, cell: (row) => row.runs },
        ]}
      />
      <Group align="flex-end">
        <NumberInput
          w={260}
          label="Failures to put up with"
          description="It stops when more runs fail again."
          clampBehavior="none"
          allowDecimal={false}
          value={maxFailures}
          onChange={onMaxFailures}
          error={maxFailures !== '' && most === null && 'From 0 to 10,000.'}
        />
        <Button
          leftSection={<RotateCw size={15} aria-hidden="true" />}
          loading={start.isPending}
          disabled={most === null || !isNow}
          onClick={() => most !== null && start.mutate({ filter, maxFailures: most })}
        >
          Rerun {runsOf(preview.count)}
        </Button>
      </Group>
      <Text size="sm" c="dimmed">
        The first is done alone, then ten, then the rest a batch at a time. A stage begins when all runs of the one
        before it are behind their failed steps.
      </Text>
      {start.isError && <ProblemPanel error={start.error} />}
    </Stack>
  )
}
