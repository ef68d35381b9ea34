import { Radio, Skeleton, Stack, Text } from '@mantine/core'
import { useQuery } from '@tanstack/react-query'
import { trpc } from '../api/client.ts'
import { counted } from '../ui/counted.ts'
import { ProblemPanel } from '../ui/problem-panel.tsx'
import type { Moves } from './go-over.ts'
import { GoOverForm } from './go-over-form.tsx'

/** What is to become of open runs: null: they finish on the version they began with. */
export type OpenRunsChoice = { moves: Moves } | null

/** Asked at publishing, where any runs are open. */
export function OpenRuns(props: { slug: string; choice: OpenRunsChoice; onChoice: (choice: OpenRunsChoice) => void }) {
  const { slug, choice, onChoice } = props
  const preview = useQuery({ ...trpc.migrations.preview.queryOptions({ slug }), staleTime: 0 })
  if (preview.isError) return <ProblemPanel error={preview.error} retry={() => void preview.refetch()} />
  if (preview.data === undefined) return <Skeleton height={60} aria-label="Looking where runs wait" />
  const { open } = preview.data
  if (open === 0) return null
  return (
    <Stack gap="sm">
      <Radio.Group
        label={`${counted(open, 'run')} ${open === 1 ? 'is' : 'are'} open now`}
        value={choice === null ? 'stay' : 'over'}
        onChange={(value) => onChoice(value === 'over' ? { moves: {} } : null)}
      >
        <Stack gap="xs" mt="xs">
          <Radio value="stay" label="They finish on the version they began with" />
          <Radio value="over" label="They go over to the new version where they wait, a few first" />
        </Stack>
      </Radio.Group>
      {choice === null ? (
        <Text size="sm" c="dimmed">
          You can have them go over later too: “Open runs and versions” in the menu of the playbook.
        </Text>
      ) : (
        <GoOverForm preview={preview.data} moves={choice.moves} onMoves={(moves) => onChoice({ moves })} />
      )}
    </Stack>
  )
}
