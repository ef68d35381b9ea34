import { Group, Progress, SegmentedControl, Text, Title } from '@mantine/core'
import { useQuery } from '@tanstack/react-query'
import { Link } from '@tanstack/react-router'
import { useState } from 'react'
import { describe } from '../../../engine/rules/explain.ts'
import type { AudienceView } from '../api/types.ts'
import { ProblemPanel } from '../ui/problem-panel.tsx'
import { Ago, ExactTime } from '../ui/time.tsx'
import { apiOf, type AudienceKind, WORDS } from './audience-kind.ts'
import { FlowWords, MembershipChart } from './membership-chart.tsx'
import './audiences.css'

/** The rule, how many it holds for, and what else there is to know at a glance. */
export function AudienceOverview({ kind, view }: { kind: AudienceKind; view: AudienceView }) {
  return (
    <div className="sb-card" style={{ padding: 18, marginBottom: 24 }}>
      <Group justify="space-between" align="flex-start" wrap="nowrap" gap="xl">
        <div>
          <Text size="xs" c="dimmed" fw={600} tt="uppercase">
            Rule
          </Text>
          <Text maw={680}>{describe(view.rule)}</Text>
        </div>
        <div style={{ textAlign: 'right', flex: 'none' }}>
          <Text size="xs" c="dimmed" fw={600} tt="uppercase">
            {WORDS[kind].is}
          </Text>
          <Text fz={28} fw={700} lh={1.1}>
            {view.count.toLocaleString('en')}
          </Text>
        </div>
      </Group>
      {!view.backfillDone && <BackfillProgress view={view} />}
      <AudienceFacts kind={kind} view={view} />
    </div>
  )
}

function BackfillProgress({ view: { backfill } }: { view: AudienceView }) {
  const { done, total } = backfill
  return (
    <div role="status">
      <Progress mt="md" value={total === 0 ? 0 : (100 * done) / total} aria-label="Asked so far" />
      <Text size="xs" c="dimmed" mt={4}>
        {total === 0
          ? 'Everyone is asked once. It begins in a moment.'
          : `${done.toLocaleString('en')} of ${total.toLocaleString('en')} asked. Who is in it is not complete yet.`}
      </Text>
    </div>
  )
}

function AudienceFacts({ kind, view }: { kind: AudienceKind; view: AudienceView }) {
  const { slug, edges, asOf } = view
  const last = edges[0]
  const history = useQuery(historyOf(kind, slug, 30))
  return (
    <dl className="sb-audience-facts">
      <div>
        <dt>About</dt>
        <dd>{view.subject === 'contact' ? 'Contacts' : 'Accounts'}</dd>
      </div>
      <div>
        <dt>True as of</dt>
        <dd>
          <Ago when={asOf} />
        </dd>
      </div>
      <div>
        <dt>Last turned</dt>
        <dd>
          {last === undefined ? (
            'never yet'
          ) : (
            <>
              <Ago when={last.at} />, {last.by.words}
            </>
          )}
        </dd>
      </div>
      <div>
        <dt>Asked again by time alone</dt>
        <dd>
          {history.data === undefined ? (
            '…'
          ) : history.data.nextDue === null ? (
            'never: only new data turns it'
          ) : (
            <>
              first on <ExactTime when={history.data.nextDue} />
            </>
          )}
        </dd>
      </div>
      <div>
        <dt>Used in</dt>
        <dd>
          <Uses kind={kind} slug={slug} />
        </dd>
      </div>
    </dl>
  )
}

const PAGES = {
  playbooks: '/playbooks/$slug',
  segments: '/segments/$slug',
  signals: '/signals/$slug',
  scores: '/scores/$slug',
} as const

function Uses({ kind, slug }: { kind: AudienceKind; slug: string }) {
  const uses = useQuery(apiOf(kind).uses.queryOptions({ slug }))
  if (uses.isError) return <>not known</>
  if (uses.data === undefined) return <>…</>
  if (uses.data.data.length === 0) return <>nothing yet</>
  return (
    <ul style={{ margin: 0, padding: 0, listStyle: 'none' }}>
      {uses.data.data.map(({ path, words }) => (
        <li key={path}>
          <UseLink path={path} words={words} />
        </li>
      ))}
    </ul>
  )
}

function UseLink({ path, words }: { path: string; words: string }) {
  const [area = '', slug = ''] = path.split('.')
  const to = Object.entries(PAGES).find(([name]) => name === area)?.[1]
  if (to === undefined) return words
  return (
    <Link to={to} params={{ slug }}>
      {words}
    </Link>
  )
}

const historyOf = (kind: AudienceKind, slug: string, days: number) => ({
  ...apiOf(kind).history.queryOptions({ slug, days }),
  refetchInterval: 30_000,
})

const SPANS = [
  { value: '30', label: '30 days' },
  { value: '90', label: '90 days' },
  { value: '365', label: 'a year' },
]

/** Membership over time. */
export function AudienceHistoryPart({ kind, view }: { kind: AudienceKind; view: AudienceView }) {
  const [days, setDays] = useState('30')
  const history = useQuery({ ...historyOf(kind, view.slug, Number(days)), placeholderData: (old) => old })
  return (
    <section aria-label="Over time" style={{ marginBottom: 24 }}>
      <Group justify="space-between" mb="sm">
        <Title order={2}>Over time</Title>
        <Group gap="md">
          {history.data !== undefined && <FlowWords days={history.data.days} />}
          <SegmentedControl size="xs" aria-label="How far back" data={SPANS} value={days} onChange={setDays} />
        </Group>
      </Group>
      <div className="sb-card" style={{ padding: 16, minHeight: 120 }}>
        {history.isError && <ProblemPanel error={history.error} retry={() => void history.refetch()} />}
        {history.data !== undefined && (
          <>
            <MembershipChart days={history.data.days} label={`${view.name} by day`} />
            <Text size="xs" c="dimmed" mt={4}>
              Days of {history.data.timeZone}.
            </Text>
          </>
        )}
      </div>
    </section>
  )
}
