import { Tabs } from '@mantine/core'
import { useSuspenseQuery } from '@tanstack/react-query'
import { useNavigate, useSearch } from '@tanstack/react-router'
import { trpc } from '../api/client.ts'
import { Page } from '../ui/page.tsx'
import { MergesList } from './merges-list.tsx'
import { PossibleDuplicates } from './possible-duplicates.tsx'
import { SharedMailboxes } from './shared-mailboxes.tsx'

/** Who is whom: what the rules leave to a person, what was merged, and which addresses say nothing. */
export function DuplicatesPage() {
  const { tab = 'possible', contact } = useSearch({ from: '/app/duplicates' })
  const { data: session } = useSuspenseQuery(trpc.session.me.queryOptions())
  const navigate = useNavigate()
  const mayDecide = session.role !== 'viewer'
  return (
    <Page title="Duplicates" lead="Contacts that may be one person, who was merged with whom, and how that is undone.">
      <Tabs
        value={tab}
        keepMounted={false}
        onChange={(next) =>
          void navigate({
            to: '/duplicates',
            search: next === 'merges' || next === 'mailboxes' ? { tab: next } : {},
          })
        }
      >
        <Tabs.List mb="md">
          <Tabs.Tab value="possible">Possible duplicates</Tabs.Tab>
          <Tabs.Tab value="merges">Merges</Tabs.Tab>
          <Tabs.Tab value="mailboxes">Shared mailboxes</Tabs.Tab>
        </Tabs.List>
        <Tabs.Panel value="possible">
          <PossibleDuplicates mayDecide={mayDecide} />
        </Tabs.Panel>
        <Tabs.Panel value="merges">
          <MergesList contact={contact} mayDecide={mayDecide} />
        </Tabs.Panel>
        <Tabs.Panel value="mailboxes">
          <SharedMailboxes mayDecide={mayDecide} />
        </Tabs.Panel>
      </Tabs>
    </Page>
  )
}
