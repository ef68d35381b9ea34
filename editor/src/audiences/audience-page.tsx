import { Button, Text, Title } from '@mantine/core'
import { useDisclosure } from '@mantine/hooks'
import { useInfiniteQuery, useQuery } from '@tanstack/react-query'
import { Link, useParams } from '@tanstack/react-router'
import { Pencil, UsersRound } from 'lucide-react'
import { useMemo } from 'react'
import type { AudienceView } from '../api/types.ts'
import '../sandbox/sandbox.css'
import { Empty } from '../ui/empty.tsx'
import { type Column, List, ListTable, pacedBy } from '../ui/list.tsx'
import { ListSkeleton, Page } from '../ui/page.tsx'
import { ProblemPanel } from '../ui/problem-panel.tsx'
import { Ago } from '../ui/time.tsx'
import { WhyAnybody, WhyMember } from '../why/why-dialog.tsx'
import { AudienceDialog } from './audience-dialog.tsx'
import { AudienceEdges } from './audience-edges.tsx'
import { apiOf, type AudienceKind, WORDS } from './audience-kind.ts'
import { AudienceHistoryPart, AudienceOverview } from './audience-overview.tsx'
import { SubjectLink } from './subject-link.tsx'

export function SignalPage() {
  const { slug } = useParams({ from: '/app/signals/$slug' })
  return <AudiencePage kind="signal" slug={slug} />
}
export function SegmentPage() {
  const { slug } = useParams({ from: '/app/segments/$slug' })
  return <AudiencePage kind="segment" slug={slug} />
}

function AudiencePage({ kind, slug }: { kind: AudienceKind; slug: string }) {
  const words = WORDS[kind]
  const audience = useQuery({ ...apiOf(kind).get.queryOptions({ slug }), refetchInterval: 5_000 })
  const [editing, edit] = useDisclosure(false)
  if (audience.isPending)
    return (
      <Page title={words.title}>
        <ListSkeleton />
      </Page>
    )
  if (audience.isError)
    return (
      <Page title={words.title}>
        <ProblemPanel error={audience.error} retry={() => void audience.refetch()} />
      </Page>
    )
  const view: AudienceView = audience.data
  return (
    <Page
      title={view.name}
      lead={
        <>
          <Link to={kind === 'signal' ? '/signals' : '/segments'}>{words.title}</Link> ·{' '}
          <span className="sb-mono">{view.slug}</span>
          {view.description !== '' && ` · ${view.description}`}
        </>
      }
      actions={
        <>
          <WhyAnybody asked={{ kind, slug, name: view.name }} kind={view.subject} />
          <Button variant="default" leftSection={<Pencil size={15} aria-hidden="true" />} onClick={edit.open}>
            Change
          </Button>
        </>
      }
    >
      <AudienceOverview kind={kind} view={view} />
      <AudienceHistoryPart kind={kind} view={view} />
      <Members view={view} kind={kind} />
      <AudienceEdges kind={kind} view={view} />
      {editing && <AudienceDialog kind={kind} audience={view} onClose={edit.close} />}
    </Page>
  )
}

type Member = AudienceView['members'][number]
const columnsOf = (asked: { kind: AudienceKind; slug: string; name: string }): Array<Column<Member>> => [
  { title: 'Name', cell: ({ subject }) => <SubjectLink subject={subject} /> },
  { title: 'Your id', cell: ({ subject }) => <span className="sb-mono">{subject.externalId}</span> },
  { title: 'Since', right: true, cell: ({ since }) => <Ago when={since} /> },
  {
    title: 'Why',
    right: true,
    cell: ({ subject }) => <WhyMember asked={asked} subject={subject} label={subject.label} />,
  },
]

function Members({ view, kind }: { view: AudienceView; kind: AudienceKind }) {
  const members = useInfiniteQuery(
    apiOf(kind).members.infiniteQueryOptions(
      { slug: view.slug },
      {
        getNextPageParam: (page) => page.nextCursor,
        refetchInterval: pacedBy(5_000),
        placeholderData: { pages: [{ data: view.members, nextCursor: view.nextCursor }], pageParams: [null] },
      },
    ),
  )
  const { slug, name } = view
  const columns = useMemo(() => columnsOf({ kind, slug, name }), [kind, slug, name])
  // Who comes or goes while one reads on can stand on two pages for a moment.
  const found = members.data?.pages.flatMap((page) => page.data) ?? []
  const rows = [...new Map(found.map((member) => [member.subject.id, member])).values()]
  return (
    <>
      <Title order={2} mb="sm">
        {WORDS[kind].now}
      </Title>
      <List
        query={members}
        count={rows.length}
        empty={
          <Empty icon={UsersRound} title="Nobody now">
            The rule holds for nobody at the moment.
          </Empty>
        }
      >
        <ListTable label="Members" rows={rows} keyOf={({ subject }) => subject.id} columns={columns} />
      </List>
      {members.hasNextPage && (
        <Text size="xs" c="dimmed" mt={6}>
          The newest {rows.length.toLocaleString('en')} of {view.count.toLocaleString('en')}
        </Text>
      )}
    </>
  )
}
