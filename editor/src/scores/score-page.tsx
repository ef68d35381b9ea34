import { Button, Group, Progress, SegmentedControl, SimpleGrid, Text, Title } from '@mantine/core'
import { useDisclosure } from '@mantine/hooks'
import { useInfiniteQuery, useQuery } from '@tanstack/react-query'
import { Link, useParams } from '@tanstack/react-router'
import { Gauge, Pencil } from 'lucide-react'
import { useState } from 'react'
import { trpc } from '../api/client.ts'
import type { Scored, ScoreView } from '../api/types.ts'
import { SubjectLink } from '../audiences/subject-link.tsx'
import { Empty } from '../ui/empty.tsx'
import { type Column, List, ListTable, pacedBy } from '../ui/list.tsx'
import { ListSkeleton, Page } from '../ui/page.tsx'
import { ProblemPanel } from '../ui/problem-panel.tsx'
import { Ago } from '../ui/time.tsx'
import { TraceView } from '../ui/trace-view.tsx'
import { BandName } from './band.tsx'
import { BandBar, TensChart } from './distribution.tsx'
import { RemoveButton } from './remove-button.tsx'
import { ScoreDialog } from './score-dialog.tsx'
import { ScoreMakeup } from './score-makeup.tsx'
import { SubjectScore } from './subject-score.tsx'

export function ScorePage() {
  const { slug } = useParams({ from: '/app/scores/$slug' })
  const score = useQuery({ ...trpc.scores.get.queryOptions({ slug }), refetchInterval: 10_000 })
  const [editing, edit] = useDisclosure(false)
  if (score.isPending)
    return (
      <Page title="Scores">
        <ListSkeleton />
      </Page>
    )
  if (score.isError)
    return (
      <Page title="Scores">
        <ProblemPanel error={score.error} retry={() => void score.refetch()} />
      </Page>
    )
  const view: ScoreView = score.data
  return (
    <Page
      title={view.name}
      lead={
        <>
          <Link to="/scores">Scores</Link> · <span className="sb-mono">{view.slug}</span>
          {view.description !== '' && ` · ${view.description}`}
        </>
      }
      actions={
        <>
          <RemoveButton kind="score" slug={slug} name={view.name} />
          <Button variant="default" leftSection={<Pencil size={15} aria-hidden="true" />} onClick={edit.open}>
            Change
          </Button>
        </>
      }
    >
      <Overview view={view} />
      <Movers view={view} />
      <ScoredList view={view} />
      <BandChanges view={view} />
      {editing && <ScoreDialog score={view} onClose={edit.close} />}
    </Page>
  )
}

function Overview({ view }: { view: ScoreView }) {
  return (
    <div className="sb-card" style={{ padding: 18, marginBottom: 24 }}>
      <Group justify="space-between" align="flex-start" wrap="nowrap">
        <ScoreMakeup definition={view.definition} />
        <div style={{ textAlign: 'right' }}>
          <Text size="xs" c="dimmed" fw={600} tt="uppercase">
            Average
          </Text>
          <Text fz={28} fw={700} lh={1.1}>
            {view.average ?? '–'}
          </Text>
        </div>
      </Group>
      {!view.backfillDone && (
        <Progress
          mt="md"
          value={view.backfill.total === 0 ? 0 : (100 * view.backfill.done) / view.backfill.total}
          aria-label="Worked out so far"
        />
      )}
      <SimpleGrid cols={{ base: 1, md: 2 }} mt="lg" spacing="xl">
        <TensChart tens={view.tens} label={`How many have which ${view.name}`} />
        <div>
          <BandBar bands={view.bands} />
          {view.definition.stages.length > 0 && (
            <Text size="sm" mt="md">
              {view.stages
                .filter(({ name, count }) => name !== null || count > 0)
                .map(({ name, count }) => `${name ?? 'no stage'} ${count.toLocaleString('en')}`)
                .join(' · ')}
            </Text>
          )}
        </div>
      </SimpleGrid>
    </div>
  )
}

function Movers({ view }: { view: ScoreView }) {
  const { up, down } = view.movers
  if (up.length === 0 && down.length === 0) return null
  return (
    <SimpleGrid cols={{ base: 1, md: 2 }} mb="xl">
      {[
        { title: 'Rose most in 30 days', list: up },
        { title: 'Fell most in 30 days', list: down },
      ].map(({ title, list }) => (
        <div key={title} className="sb-card" style={{ padding: '14px 18px' }}>
          <Text fw={600} mb={6}>
            {title}
          </Text>
          {list.length === 0 && (
            <Text size="sm" c="dimmed">
              Nobody
            </Text>
          )}
          {list.map(({ subject, value, before, change }) => (
            <Group key={subject.id} justify="space-between" gap="xs">
              <SubjectLink subject={subject} />
              <Text size="sm">
                {before} → <strong>{value}</strong> ({change > 0 ? '+' : '−'}
                {Math.abs(change)})
              </Text>
            </Group>
          ))}
        </div>
      ))}
    </SimpleGrid>
  )
}

const ALL = 'Everyone'

function ScoredList({ view }: { view: ScoreView }) {
  const [order, setOrder] = useState<'lowest' | 'highest'>('lowest')
  const [band, setBand] = useState(ALL)
  const [open, setOpen] = useState<Scored['subject'] | null>(null)
  const scored = useInfiniteQuery(
    trpc.scores.members.infiniteQueryOptions(
      { slug: view.slug, order, ...(band === ALL ? {} : { band }) },
      { getNextPageParam: (page) => page.nextCursor, refetchInterval: pacedBy(10_000), placeholderData: (old) => old },
    ),
  )
  const found = scored.data?.pages.flatMap((page) => page.data) ?? []
  const rows = [...new Map(found.map((row) => [row.subject.id, row])).values()]
  const columns: Array<Column<Scored>> = [
    { title: 'Name', cell: ({ subject }) => <SubjectLink subject={subject} /> },
    { title: 'Band', cell: (row) => <BandName bands={view.bands} name={row.band} /> },
    { title: 'Stage', cell: ({ stage }) => stage ?? '' },
    { title: 'Since', right: true, cell: ({ since }) => <Ago when={since} /> },
    { title: 'Score', right: true, cell: ({ value }) => <strong>{value}</strong> },
    {
      title: 'Why',
      right: true,
      cell: ({ subject }) => (
        <Button
          size="compact-xs"
          variant="subtle"
          aria-label={`Explain ${subject.label}`}
          onClick={() => setOpen(subject)}
        >
          Explain
        </Button>
      ),
    },
  ]
  return (
    <>
      <Group justify="space-between" mb="sm">
        <Title order={2}>Who has which score</Title>
        <Group gap="xs">
          <SegmentedControl
            size="xs"
            aria-label="Band"
            data={[ALL, ...view.bands.map(({ name }) => name)]}
            value={band}
            onChange={setBand}
          />
          <SegmentedControl
            size="xs"
            aria-label="Order"
            data={[
              { value: 'lowest', label: 'Lowest first' },
              { value: 'highest', label: 'Highest first' },
            ]}
            value={order}
            onChange={(value) => setOrder(value === 'highest' ? 'highest' : 'lowest')}
          />
        </Group>
      </Group>
      <List
        query={scored}
        count={rows.length}
        empty={
          <Empty icon={Gauge} title="Nobody">
            Nobody has a score here yet.
          </Empty>
        }
      >
        <ListTable label="Scored" rows={rows} keyOf={({ subject }) => subject.id} columns={columns} />
      </List>
      {open !== null && <SubjectScore slug={view.slug} subject={open} onClose={() => setOpen(null)} />}
    </>
  )
}

function BandChanges({ view }: { view: ScoreView }) {
  if (view.bandChanges.length === 0) return null
  return (
    <>
      <Title order={2} mt="xl" mb="sm">
        Who changed band lately, and why
      </Title>
      <div className="sb-card">
        {view.bandChanges.map((change) => (
          <details key={change.id} className="sb-call">
            <summary>
              <span style={{ flex: 1 }}>{change.subject.label}</span>
              <BandName bands={view.bands} name={change.from} />
              <span aria-hidden="true">→</span>
              <BandName bands={view.bands} name={change.to} />
              <Text size="xs" c="dimmed" component="span">
                <Ago when={change.at} />
              </Text>
            </summary>
            <div style={{ padding: '4px 16px 16px' }}>
              <TraceView trace={change.why} />
              <Text size="sm" mt="xs">
                <SubjectLink subject={change.subject} />
              </Text>
            </div>
          </details>
        ))}
      </div>
    </>
  )
}
