import { Button, SimpleGrid, Table, Text, Title } from '@mantine/core'
import { useQuery } from '@tanstack/react-query'
import { Link, useParams } from '@tanstack/react-router'
import type { ReactNode } from 'react'
import { trpc } from '../api/client.ts'
import type { AccountView, ContactView, EventRow, SubjectView } from '../api/types.ts'
import { SubjectLink } from '../audiences/audience-page.tsx'
import { EventLine } from '../events/event-line.tsx'
import { wordsOf } from '../sandbox/sandbox-data.ts'
import { ListSkeleton, Page } from '../ui/page.tsx'
import { ProblemPanel } from '../ui/problem-panel.tsx'
import { StatusBadge } from '../ui/status-badge.tsx'
import { Ago } from '../ui/time.tsx'

export function ContactPage() {
  const { id } = useParams({ from: '/app/contacts/$id' })
  const contact = useQuery({ ...trpc.contacts.get.queryOptions({ id }), refetchInterval: 8_000 })
  if (!contact.isSuccess) return <Unready title="Contact" query={contact} />
  const view: ContactView = contact.data
  return (
    <Profile
      view={view}
      title={view.label}
      lead={[view.email, view.externalId].filter((part) => part !== null).join(' · ')}
      related={view.accounts}
      relatedTitle="Accounts"
      relatedCount={view.accounts.length}
    />
  )
}

export function AccountPage() {
  const { id } = useParams({ from: '/app/accounts/$id' })
  const account = useQuery({ ...trpc.accounts.get.queryOptions({ id }), refetchInterval: 8_000 })
  if (!account.isSuccess) return <Unready title="Account" query={account} />
  const view: AccountView = account.data
  return (
    <Profile
      view={view}
      title={view.label}
      lead={view.externalId ?? ''}
      related={view.members}
      relatedTitle="Contacts"
      relatedCount={view.contacts}
    />
  )
}

function Unready(props: { title: string; query: { isError: boolean; error: unknown; refetch: () => unknown } }) {
  return (
    <Page title={props.title}>
      {props.query.isError ? (
        <ProblemPanel error={props.query.error} retry={() => void props.query.refetch()} />
      ) : (
        <ListSkeleton />
      )}
    </Page>
  )
}

type Common = Pick<ContactView, 'id' | 'properties' | 'links' | 'memberships' | 'events' | 'runs' | 'externalId'>

/** Someone or some company: what is known, what they did, what was done. */
function Profile(props: {
  view: Common
  title: string
  lead: string
  related: SubjectView[]
  relatedTitle: string
  relatedCount: number
}) {
  const { view, title, lead, related, relatedTitle, relatedCount } = props
  const named = encodeURIComponent(view.externalId ?? view.id)
  return (
    <Page
      title={title}
      lead={lead}
      actions={
        <>
          <Button variant="default" component={Link} to={`/events?subject=${named}`}>
            All events
          </Button>
          <Button variant="default" component={Link} to={`/runs?subject=${named}`}>
            All runs
          </Button>
        </>
      }
    >
      <SimpleGrid cols={{ base: 1, md: 2 }} spacing="lg">
        <Panel title="Properties">
          <Pairs pairs={Object.entries(view.properties).map(([name, value]) => [name, wordsOf(value)])} />
        </Panel>
        <div style={{ display: 'grid', gap: 24, alignContent: 'start' }}>
          <Panel title="Signals and segments">
            <Pairs
              pairs={view.memberships.map(({ kind, slug, name, since }) => [
                <Link key={slug} to={kind === 'signal' ? '/signals/$slug' : '/segments/$slug'} params={{ slug }}>
                  {name}
                </Link>,
                <>
                  {kind}, since <Ago when={since} />
                </>,
              ])}
            />
          </Panel>
          <Panel title={relatedTitle}>
            <Pairs pairs={related.map((one) => [<SubjectLink key={one.id} subject={one} />, one.externalId ?? ''])} />
            {related.length < relatedCount && (
              <Text size="xs" c="dimmed" p="md">
                The first {related.length.toLocaleString('en')} of {relatedCount.toLocaleString('en')}
              </Text>
            )}
          </Panel>
          <Panel title="Known elsewhere as">
            <Pairs pairs={Object.entries(view.links).map(([app, id]) => [app, wordsOf(id)])} />
          </Panel>
        </div>
      </SimpleGrid>
      <Title order={2} mt="xl" mb="sm">
        Runs
      </Title>
      <Runs runs={view.runs} />
      <Title order={2} mt="xl" mb="sm">
        Events
      </Title>
      <Events events={view.events} />
    </Page>
  )
}

function Panel({ title, children }: { title: string; children: ReactNode }) {
  return (
    <section>
      <Title order={2} mb="sm">
        {title}
      </Title>
      <div className="sb-card">{children}</div>
    </section>
  )
}

function Pairs({ pairs }: { pairs: Array<[ReactNode, ReactNode]> }) {
  if (pairs.length === 0)
    return (
      <Text size="sm" c="dimmed" p="md">
        None.
      </Text>
    )
  return (
    <Table layout="fixed" withRowBorders={false} verticalSpacing={7}>
      <Table.Tbody>
        {pairs.map(([name, value], index) => (
          // Pairs stand in a fixed order and hold no state.
          <Table.Tr key={index}>
            <Table.Td c="dimmed">{name}</Table.Td>
            <Table.Td style={{ overflowWrap: 'anywhere' }}>{value}</Table.Td>
          </Table.Tr>
        ))}
      </Table.Tbody>
    </Table>
  )
}

function Runs({ runs }: { runs: Common['runs'] }) {
  return (
    <div className="sb-card sb-scroll-x">
      <Table aria-label="Runs">
        <Table.Tbody>
          {runs.map((run) => (
            <Table.Tr key={run.id}>
              <Table.Td>
                <Link to="/runs/$id" params={{ id: run.id }} className="sb-row-link">
                  {run.playbook.name}
                </Link>
              </Table.Td>
              <Table.Td>
                <StatusBadge status={run.status} />
              </Table.Td>
              <Table.Td ta="right">
                <Ago when={run.createdAt} />
              </Table.Td>
            </Table.Tr>
          ))}
        </Table.Tbody>
      </Table>
      {runs.length === 0 && (
        <Text size="sm" c="dimmed" p="md">
          No playbook has run for them yet.
        </Text>
      )}
    </div>
  )
}

function Events({ events }: { events: EventRow[] }) {
  return (
    <div className="sb-card">
      {events.map((event) => (
        <EventLine key={event.seq} event={event} />
      ))}
      {events.length === 0 && (
        <Text size="sm" c="dimmed" p="md">
          No event yet.
        </Text>
      )}
    </div>
  )
}
