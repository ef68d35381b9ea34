import { Button, Group, Modal, Stack, Text } from '@mantine/core'
import { useMutation } from '@tanstack/react-query'
import { Link } from '@tanstack/react-router'
import { trpc } from '../api/client.ts'
import type { MergeRow } from '../api/types.ts'
import { SubjectLink } from '../audiences/subject-link.tsx'
import { ProblemPanel } from '../ui/problem-panel.tsx'
import { counted } from '../ui/counted.ts'
import { useRefreshPeople } from './use-refresh-people.ts'

/** Says what undoing a merge brings back and what not, does it, and says what came of it. */
export function UndoDialog({ merge, onClose }: { merge: MergeRow; onClose: () => void }) {
  const refresh = useRefreshPeople()
  const undo = useMutation(trpc.identity.undo.mutationOptions({ onSuccess: () => refresh() }))
  return (
    <Modal opened onClose={onClose} size="lg" title={undo.isSuccess ? 'They are two again' : 'Undo this merge?'}>
      {undo.isSuccess ? (
        <Undone merge={undo.data} onClose={onClose} />
      ) : (
        <Stack>
          <ul className="sb-plan">
            <li>
              <strong>{merge.loser.label}</strong> is there again, with what they brought and what came for them since:
              ids, accounts, events, notes, conversations and runs. What they were in they enter again.
            </li>
            <li>
              {merge.winner.label} loses the properties that came with the merge, except those that were changed since.
            </li>
            <li>{endedWords(merge)}</li>
            <li>Names and facts that came after the merge stay with {merge.winner.label}.</li>
            <li>No rule merges the two again, and nothing that turns by this starts a playbook.</li>
          </ul>
          {undo.isError && <ProblemPanel error={undo.error} title="The merge was not undone" />}
          <Group justify="flex-end" gap="xs">
            <Button variant="default" onClick={onClose}>
              Cancel
            </Button>
            <Button loading={undo.isPending} onClick={() => undo.mutate({ id: merge.id })}>
              Undo the merge
            </Button>
          </Group>
        </Stack>
      )}
    </Modal>
  )
}

const endedWords = ({ endedRuns }: MergeRow): string =>
  endedRuns.length === 0
    ? 'The merge ended no run.'
    : `${counted(endedRuns.length, 'run')} that the merge ended ${endedRuns.length === 1 ? 'stays' : 'stay'} ended.`

function Undone({ merge, onClose }: { merge: MergeRow; onClose: () => void }) {
  const { winner, loser, kept, endedRuns } = merge
  return (
    <Stack>
      <Text component="div">
        <SubjectLink subject={winner} /> and <SubjectLink subject={loser} /> are two contacts again.
      </Text>
      <section aria-label="What was not restored">
        <Text fw={600} size="sm">
          What was not restored
        </Text>
        <ul className="sb-plan">
          {kept.length > 0 && (
            <li>
              <strong>{kept.join(', ')}</strong> came with the merge and {kept.length === 1 ? 'was' : 'were'} changed
              since: {kept.length === 1 ? 'it stays' : 'they stay'} with {winner.label}.
            </li>
          )}
          {endedRuns.length > 0 && (
            <li>
              {endedWords(merge)}{' '}
              {endedRuns.map((id, index) => (
                <span key={id}>
                  {index > 0 && ', '}
                  <Link to="/runs/$id" params={{ id }}>
                    Run {index + 1}
                  </Link>
                </span>
              ))}
            </li>
          )}
          <li>
            Names that became known after the merge, and what was said of the person since, stay with {winner.label}.
          </li>
        </ul>
      </section>
      <Group justify="flex-end">
        <Button onClick={onClose}>Done</Button>
      </Group>
    </Stack>
  )
}
