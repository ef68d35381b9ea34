import { Button, Group, Text } from '@mantine/core'
import { useInfiniteQuery, useMutation, useQuery } from '@tanstack/react-query'
import { Users } from 'lucide-react'
import { useState } from 'react'
import { trpc } from '../api/client.ts'
import type { DuplicateRow } from '../api/types.ts'
import { Empty } from '../ui/empty.tsx'
import { List } from '../ui/list.tsx'
import { ListSkeleton } from '../ui/page.tsx'
import { ProblemPanel } from '../ui/problem-panel.tsx'
import { Ago } from '../ui/time.tsx'
import { failed, said } from '../ui/toast.ts'
import { suspicionWords } from './identity-words.ts'
import './identity.css'
import { MergePairDialog } from './merge-dialog.tsx'
import { SideBySide } from './side-by-side.tsx'
import { useRefreshPeople } from './use-refresh-people.ts'

/** Each is shown with all it has, so few at a time. */
const PAGE = 10

/** Who may be one person, for a person to decide. */
export function PossibleDuplicates({ mayDecide }: { mayDecide: boolean }) {
  const pairs = useInfiniteQuery(
    trpc.identity.duplicates.infiniteQueryOptions({ limit: PAGE }, { getNextPageParam: (page) => page.nextCursor }),
  )
  const rows = pairs.data?.pages.flatMap(({ data }) => data) ?? []
  return (
    <List
      query={pairs}
      count={rows.length}
      empty={
        <Empty icon={Users} title="Nobody looks like somebody else">
          Whoever shares a browser, an address or a record elsewhere with somebody who has no id of yours becomes one
          with them by itself. Two who each have an id of yours are listed here when they share an e-mail address or a
          record elsewhere, and you decide.
        </Empty>
      }
    >
      <div className="sb-pairs">
        {rows.map((row) => (
          <Pair key={row.contacts.map(({ id }) => id).join(' ')} row={row} mayDecide={mayDecide} />
        ))}
      </div>
    </List>
  )
}

function Pair({ row, mayDecide }: { row: DuplicateRow; mayDecide: boolean }) {
  const contacts: [string, string] = [row.contacts[0].id, row.contacts[1].id]
  const names = row.contacts.map(({ label }) => label).join(' and ')
  const [merging, setMerging] = useState(false)
  const comparison = useQuery(trpc.identity.compare.queryOptions({ contacts }))
  const refresh = useRefreshPeople()
  const apart = useMutation(
    trpc.identity.setApart.mutationOptions({
      onSuccess: async () => {
        said('They are two. No rule merges them from now on.')
        await refresh()
      },
      onError: failed,
    }),
  )
  return (
    <section className="sb-card" aria-label={names}>
      <header className="sb-pair-head">
        <div>
          <h2>{suspicionWords(row.reason)}</h2>
          <Text size="xs" c="dimmed" component="div">
            Found <Ago when={row.foundAt} />
          </Text>
        </div>
        {mayDecide && (
          <Group gap="xs" wrap="nowrap">
            <Button
              variant="default"
              aria-label={`${names} are not the same`}
              loading={apart.isPending}
              onClick={() => apart.mutate({ contacts })}
            >
              Not the same
            </Button>
            <Button aria-label={`Merge ${names}`} onClick={() => setMerging(true)}>
              Merge …
            </Button>
          </Group>
        )}
      </header>
      {comparison.isPending && <ListSkeleton rows={3} height={28} />}
      {comparison.isError && <ProblemPanel error={comparison.error} retry={() => void comparison.refetch()} />}
      {comparison.isSuccess && <SideBySide comparison={comparison.data} />}
      {merging && <MergePairDialog contacts={contacts} onClose={() => setMerging(false)} />}
    </section>
  )
}
