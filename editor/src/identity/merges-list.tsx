import { Button, Text } from '@mantine/core'
import { useInfiniteQuery } from '@tanstack/react-query'
import { Link } from '@tanstack/react-router'
import { Merge } from 'lucide-react'
import { useState } from 'react'
import { trpc } from '../api/client.ts'
import type { MergeRow } from '../api/types.ts'
import { NameCell } from '../customers/name-cell.tsx'
import { Empty } from '../ui/empty.tsx'
import { type Column, List, ListTable, pacedBy } from '../ui/list.tsx'
import { Ago } from '../ui/time.tsx'
import { counted } from '../ui/counted.ts'
import { actorWords, mergeWords } from './identity-words.ts'
import { UndoDialog } from './undo-dialog.tsx'

/** Who became whom, why, by whom and when; each can be undone. @param contact only those of one contact */
export function MergesList({ contact, mayDecide }: { contact: string | undefined; mayDecide: boolean }) {
  const merges = useInfiniteQuery(
    trpc.identity.merges.infiniteQueryOptions(
      { ...(contact !== undefined && { contact }) },
      { getNextPageParam: (page) => page.nextCursor, refetchInterval: pacedBy(15_000) },
    ),
  )
  const [undoing, setUndoing] = useState<MergeRow | null>(null)
  const rows = merges.data?.pages.flatMap(({ data }) => data) ?? []
  return (
    <>
      {contact !== undefined && (
        <Text size="sm" mb="sm">
          Only merges of one contact.{' '}
          <Link to="/duplicates" search={{ tab: 'merges' }}>
            Show all
          </Link>
        </Text>
      )}
      <List
        query={merges}
        count={rows.length}
        empty={
          <Empty icon={Merge} title="Nobody was merged yet">
            Every merge stands here, by the rules or by hand, with who did it and why. Each can be undone.
          </Empty>
        }
      >
        <ListTable
          label="Merges"
          rows={rows}
          keyOf={({ id }) => id}
          columns={[...COLUMNS, ...(mayDecide ? [undoColumn(setUndoing)] : [])]}
        />
      </List>
      {undoing !== null && <UndoDialog merge={undoing} onClose={() => setUndoing(null)} />}
    </>
  )
}

const COLUMNS: Array<Column<MergeRow>> = [
  { title: 'Who stayed', cell: ({ winner }) => <NameCell subject={winner} /> },
  {
    title: 'Who joined them',
    cell: ({ loser }) => (
      <>
        {loser.label}
        {loser.externalId !== null && loser.externalId !== loser.label && (
          <Text size="xs" c="dimmed" className="sb-mono">
            {loser.externalId}
          </Text>
        )}
      </>
    ),
  },
  {
    title: 'Why',
    cell: ({ reason, actor, endedRuns }) => (
      <>
        {mergeWords(reason)}
        <Text size="xs" c="dimmed">
          by {actorWords(actor)}
          {endedRuns.length > 0 && `; ${counted(endedRuns.length, 'run')} ended`}
        </Text>
      </>
    ),
  },
  { title: 'When', cell: ({ at }) => <Ago when={at} /> },
]

const undoColumn = (undo: (merge: MergeRow) => void): Column<MergeRow> => ({
  title: 'Undo',
  right: true,
  cell: (merge) =>
    merge.undoneAt === null ? (
      <Button
        size="compact-sm"
        variant="default"
        aria-label={`Undo the merge of ${merge.loser.label} into ${merge.winner.label}`}
        onClick={() => undo(merge)}
      >
        Undo
      </Button>
    ) : (
      <Text size="xs" c="dimmed" component="div">
        Undone <Ago when={merge.undoneAt} /> by {merge.undoneBy ?? 'somebody'}
        {merge.kept.length > 0 && `; ${merge.kept.join(', ')} stayed`}
      </Text>
    ),
})
