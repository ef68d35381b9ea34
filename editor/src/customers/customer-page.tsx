import { Button, CopyButton, Tabs, Text, Title, Tooltip, UnstyledButton } from '@mantine/core'
import { useQuery } from '@tanstack/react-query'
import { Link, useParams } from '@tanstack/react-router'
import { Check, Copy } from 'lucide-react'
import { useState } from 'react'
import { trpc } from '../api/client.ts'
import type { AccountView, ContactView, SubjectView } from '../api/types.ts'
import { SubjectLink } from '../audiences/subject-link.tsx'
import { PersonActions } from '../privacy/person-actions.tsx'
import { ListSkeleton, Page, useDocumentTitle } from '../ui/page.tsx'
import { ProblemPanel } from '../ui/problem-panel.tsx'
import { StatusBadge } from '../ui/status-badge.tsx'
import { Ago } from '../ui/time.tsx'
import { WhyPanel } from '../why/why-panel.tsx'
import { ConversationsTab } from './conversations-tab.tsx'
import './customers.css'
import { Identities } from './identities.tsx'
import { MembershipsTab } from './memberships-tab.tsx'
import { Initials } from './name-cell.tsx'
import { NotesTab } from './notes-tab.tsx'
import { Panel } from './panel.tsx'
import './profile.css'
import { PropertyList } from './property-list.tsx'
import { ScoreBadge } from './score-badge.tsx'
import { ScoresTab } from './scores-tab.tsx'
import type { CustomerKind } from './table-definition.ts'
import { Timeline } from './timeline.tsx'

export function ContactPage() {
  const { id } = useParams({ from: '/app/contacts/$id' })
  const contact = useQuery({ ...trpc.contacts.get.queryOptions({ id }), refetchInterval: 8_000 })
  if (!contact.isSuccess) return <Unready title="Contact" query={contact} />
  const view: ContactView = contact.data
  return (
    <Profile
      key={view.id}
      kind="contact"
      view={view}
      lead={view.email === view.label ? null : view.email}
      related={{ title: 'Accounts', subjects: view.accounts, count: view.accounts.length }}
      identities={view.identities}
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
      key={view.id}
      kind="account"
      view={view}
      lead={null}
      related={{ title: 'Contacts', subjects: view.members, count: view.contacts }}
      identities={[]}
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

type Shared = Omit<ContactView, 'email' | 'accounts' | 'identities'>

interface ProfileProps {
  kind: CustomerKind
  view: Shared
  lead: string | null
  related: { title: string; subjects: SubjectView[]; count: number }
  identities: ContactView['identities']
}

/** Someone or some company: what is known and who said so, what they did, what was done. */
function Profile(props: ProfileProps) {
  const { kind, view } = props
  useDocumentTitle(view.label)
  return (
    <div className="sb-profile">
      <Header {...props} />
      <div className="sb-profile-body">
        <aside className="sb-profile-side" aria-label="What is known">
          <PropertyList kind={kind} id={view.id} properties={view.properties} provenance={view.provenance} />
          <Related {...props.related} />
          <Identities
            kind={kind}
            identities={props.identities}
            links={view.links}
            externalId={view.externalId}
            id={view.id}
          />
        </aside>
        <Parts {...props} />
      </div>
    </div>
  )
}

function Header({ kind, view, lead, related }: ProfileProps) {
  const named = encodeURIComponent(view.externalId ?? view.id)
  return (
    <header className="sb-profile-head">
      <Initials label={view.label} square={kind === 'account'} big />
      <div className="sb-profile-who">
        <Title order={1}>{view.label}</Title>
        <Text c="dimmed" component="div" className="sb-profile-lead">
          {lead !== null && <Copied value={lead} />}
          {view.externalId !== null && <Copied value={view.externalId} mono />}
          {kind === 'contact' &&
            related.subjects.map((account) => (
              <span key={account.id}>
                at <SubjectLink subject={account} />
              </span>
            ))}
          <span>
            known since <Ago when={view.createdAt} />
          </span>
        </Text>
      </div>
      <div className="sb-profile-badges">
        {view.scores.map((score) => (
          <ScoreBadge key={score.slug} name={score.name} value={{ ...score.value }} />
        ))}
        {view.memberships.slice(0, 4).map(({ kind: of, slug, name }) => (
          <Link
            key={`${of} ${slug}`}
            to={of === 'signal' ? '/signals/$slug' : '/segments/$slug'}
            params={{ slug }}
            className="sb-chip"
            data-kind={of}
          >
            {name}
          </Link>
        ))}
      </div>
      <div className="sb-profile-actions">
        <Button variant="default" component={Link} to={`/events?subject=${named}`}>
          All events
        </Button>
        <Button variant="default" component={Link} to={`/runs?subject=${named}`}>
          All runs
        </Button>
        {kind === 'contact' && <PersonActions person={view} />}
      </div>
    </header>
  )
}

/** A value that one needs elsewhere: a click copies it. */
function Copied({ value, mono }: { value: string; mono?: boolean }) {
  return (
    <CopyButton value={value}>
      {({ copied, copy }) => (
        <Tooltip label={copied ? 'Copied' : 'Copy'}>
          <UnstyledButton className="sb-copied" aria-label={`Copy ${value}`} onClick={copy}>
            <span className={mono === true ? 'sb-mono' : undefined}>{value}</span>
            {copied ? <Check size={12} aria-hidden="true" /> : <Copy size={12} aria-hidden="true" />}
          </UnstyledButton>
        </Tooltip>
      )}
    </CopyButton>
  )
}

/** What is asked for only when it is opened. */
function Parts({ kind, view }: ProfileProps) {
  const [part, setPart] = useState<string | null>('timeline')
  return (
    <Tabs value={part} onChange={setPart} keepMounted={false} className="sb-profile-parts">
      <Tabs.List mb="md">
        <Tabs.Tab value="timeline">Timeline</Tabs.Tab>
        <Tabs.Tab value="memberships">
          Segments and signals{view.memberships.length > 0 && ` · ${view.memberships.length}`}
        </Tabs.Tab>
        <Tabs.Tab value="scores">Scores{view.scores.length > 0 && ` · ${view.scores.length}`}</Tabs.Tab>
        <Tabs.Tab value="runs">Runs</Tabs.Tab>
        <Tabs.Tab value="conversations">Conversations</Tabs.Tab>
        <Tabs.Tab value="notes">Notes</Tabs.Tab>
        <Tabs.Tab value="why">Why?</Tabs.Tab>
      </Tabs.List>
      <Tabs.Panel value="timeline">
        <Timeline kind={kind} id={view.id} />
      </Tabs.Panel>
      <Tabs.Panel value="memberships">
        <MembershipsTab kind={kind} id={view.id} />
      </Tabs.Panel>
      <Tabs.Panel value="scores">
        <ScoresTab id={view.id} scores={view.scores} />
      </Tabs.Panel>
      <Tabs.Panel value="runs">
        <Runs runs={view.runs} />
      </Tabs.Panel>
      <Tabs.Panel value="conversations">
        <ConversationsTab id={view.id} />
      </Tabs.Panel>
      <Tabs.Panel value="notes">
        <NotesTab kind={kind} id={view.id} />
      </Tabs.Panel>
      <Tabs.Panel value="why">
        <WhyPanel subject={{ kind, id: view.id }} />
      </Tabs.Panel>
    </Tabs>
  )
}

function Runs({ runs }: { runs: Shared['runs'] }) {
  return (
    <div className="sb-card">
      {runs.map((run) => (
        <Link key={run.id} to="/runs/$id" params={{ id: run.id }} className="sb-run-line">
          <strong>{run.playbook.name}</strong>
          <StatusBadge status={run.status} />
          <Text size="xs" c="dimmed" component="span">
            <Ago when={run.createdAt} />
          </Text>
        </Link>
      ))}
      {runs.length === 0 && (
        <Text size="sm" c="dimmed" p="md">
          No playbook has run for them yet.
        </Text>
      )}
    </div>
  )
}

/** Of many the first are enough here. */
const SHOWN = 8

function Related({ title, subjects, count }: ProfileProps['related']) {
  const [all, setAll] = useState(false)
  const shown = all ? subjects : subjects.slice(0, SHOWN)
  return (
    <Panel title={title} count={count}>
      <ul className="sb-related">
        {shown.map((subject) => (
          <li key={subject.id}>
            <Initials label={subject.label} square={subject.kind === 'account'} />
            <SubjectLink subject={subject} />
            <span className="sb-mono sb-nothing">{subject.externalId}</span>
          </li>
        ))}
      </ul>
      {subjects.length === 0 && (
        <Text size="sm" c="dimmed" px={14} pb={14}>
          None.
        </Text>
      )}
      {subjects.length > shown.length && (
        <Button variant="subtle" size="compact-sm" m={10} onClick={() => setAll(true)}>
          Show {subjects.length - shown.length} more
        </Button>
      )}
      {all && subjects.length < count && (
        <Text size="xs" c="dimmed" px={14} pb={12}>
          The first {subjects.length.toLocaleString('en')} of {count.toLocaleString('en')}
        </Text>
      )}
    </Panel>
  )
}
