import { Text } from '@mantine/core'
import type { Comparison } from '../api/types.ts'
import { counted } from '../ui/counted.ts'
import { staysWords } from './identity-words.ts'

/** So many names are read; of more the number says enough. */
const NAMED = 6

/** In words what a merge would do, before it is done. */
export function MergePlan({ comparison }: { comparison: Comparison }) {
  const { contacts, stays, takes, differ } = comparison
  const [winner, loser] = contacts
  const [stay, join] = [winner.label, loser.label]
  const open = [...winner.openRuns, ...loser.openRuns]
  const ending = open.filter(({ ends }) => ends)
  return (
    <ul className="sb-plan" aria-label="What a merge does">
      <li>
        <strong>{stay} stays</strong>, {staysWords(stays)}. What {join} has moves there: events, accounts, notes,
        conversations and runs. Every id and address of both leads there.
      </li>
      {takes.length > 0 && (
        <li>
          {stay} gets {listed(takes)}.
        </li>
      )}
      {differ.length > 0 && (
        <li>
          Where both have a value, {stay}’s stays: {listed(differ)}.
        </li>
      )}
      <li>
        {open.length === 0 && 'Neither has an open run.'}
        {open.length > 0 && ending.length === 0 && (
          <>
            {open.length === 1 ? 'The open run goes on' : `All ${open.length} open runs go on`}, for {stay}.
          </>
        )}
        {ending.length > 0 && (
          <>
            <strong>{counted(ending.length, 'open run')} will end</strong> as merged, because both are in{' '}
            {listed([...new Set(ending.map(({ playbook }) => playbook.name))])} and the older run goes on.
          </>
        )}
      </li>
      <Text component="li" size="sm" c="dimmed">
        This can be undone{ending.length > 0 && ', but a run that ended stays ended'}.
      </Text>
    </ul>
  )
}

function listed(names: readonly string[]): string {
  const shown = names.slice(0, NAMED)
  const more = names.length - shown.length
  return more > 0 ? `${shown.join(', ')} and ${more} more` : shown.join(', ')
}
