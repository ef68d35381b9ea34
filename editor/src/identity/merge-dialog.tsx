import { Button, Group, Modal, Stack, Text } from '@mantine/core'
import { useMutation, useQuery } from '@tanstack/react-query'
import { useState } from 'react'
import { trpc } from '../api/client.ts'
import type { MergeRow } from '../api/types.ts'
import { SubjectInput } from '../customers/subject-input.tsx'
import { ListSkeleton } from '../ui/page.tsx'
import { ProblemPanel } from '../ui/problem-panel.tsx'
import { said } from '../ui/toast.ts'
import { counted } from '../ui/counted.ts'
import { MergePlan } from './merge-plan.tsx'
import { SideBySide } from './side-by-side.tsx'
import { useRefreshPeople } from './use-refresh-people.ts'

/** Says what a merge of two would do, and does it. */
export function MergeDialog(props: {
  contacts: [string, string]
  onClose: () => void
  onMerged?: (merge: MergeRow) => void
}) {
  const { contacts, onClose, onMerged } = props
  const comparison = useQuery(trpc.identity.compare.queryOptions({ contacts }, { staleTime: 0 }))
  const refresh = useRefreshPeople()
  const merge = useMutation(
    trpc.identity.merge.mutationOptions({
      onSuccess: async (done) => {
        const ended = done.endedRuns.length
        said(`They are one now: ${done.winner.label}.${ended > 0 ? ` ${counted(ended, 'run')} ended as merged.` : ''}`)
        onClose()
        onMerged?.(done)
        await refresh()
      },
    }),
  )
  return (
    <Stack>
      {comparison.isPending && <ListSkeleton rows={4} height={36} />}
      {comparison.isError && <ProblemPanel error={comparison.error} />}
      {comparison.isSuccess && (
        <>
          <MergePlan comparison={comparison.data} />
          <div className="sb-card">
            <SideBySide comparison={comparison.data} />
          </div>
        </>
      )}
      {merge.isError && <ProblemPanel error={merge.error} title="They were not merged" />}
      <Group justify="flex-end" gap="xs">
        <Button variant="default" onClick={onClose}>
          Cancel
        </Button>
        <Button disabled={!comparison.isSuccess} loading={merge.isPending} onClick={() => merge.mutate({ contacts })}>
          Merge
        </Button>
      </Group>
    </Stack>
  )
}

/** Two that are known. */
export function MergePairDialog(props: { contacts: [string, string]; onClose: () => void }) {
  return (
    <Modal opened onClose={props.onClose} size="xl" title="Merge these two?">
      <MergeDialog {...props} />
    </Modal>
  )
}

/** One is known, the other is asked for. */
export function MergeWithDialog(props: {
  contact: { id: string; label: string }
  onClose: () => void
  onMerged: (merge: MergeRow) => void
}) {
  const { contact, onClose, onMerged } = props
  const [typed, setTyped] = useState('')
  const [other, setOther] = useState<string | null>(null)
  return (
    <Modal opened onClose={onClose} size="xl" title={`Merge ${contact.label} with …`}>
      <Stack>
        <form
          onSubmit={(event) => {
            event.preventDefault()
            setOther(typed.trim())
          }}
        >
          <Group align="flex-start" wrap="nowrap">
            <div style={{ flex: 1 }}>
              <SubjectInput kind="contact" value={typed} onChange={setTyped} focused />
            </div>
            <Button type="submit" variant="default" mt={21} disabled={typed.trim() === ''}>
              Compare
            </Button>
          </Group>
        </form>
        {other === null ? (
          <Text size="sm" c="dimmed">
            Choose who is the same person. Nothing happens before you have seen what a merge does.
          </Text>
        ) : (
          <MergeDialog key={other} contacts={[contact.id, other]} onClose={onClose} onMerged={onMerged} />
        )}
      </Stack>
    </Modal>
  )
}
