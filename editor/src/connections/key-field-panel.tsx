import { Button, Group, List, Skeleton, Stack, Text } from '@mantine/core'
import { useMutation, useQueries, useQuery, useQueryClient } from '@tanstack/react-query'
import { trpc } from '../api/client.ts'
import type { KeyFieldInstall, KeyFieldStatus } from '../api/types.ts'
import { Notice, ProblemPanel } from '../ui/problem-panel.tsx'

const FIELD = 'Signalbox_Key__c'

const STATES: { [state in KeyFieldStatus['state']]: string } = {
  there: 'installed',
  missing: 'not installed, or the connected user may not edit it',
  unsuitable: 'there, but not both unique and an external id',
  noObject: 'not in this org, so nothing to install',
}

const OUTCOMES: { [outcome in KeyFieldInstall['outcome']]: string } = {
  installed: 'installed now',
  already: 'was there already',
  refused: 'refused by Salesforce',
  unsuitable: STATES.unsuitable,
  noObject: STATES.noObject,
}

const isMissing = ({ state }: KeyFieldStatus): boolean => state === 'missing' || state === 'unsuitable'

/** Whether every one of these Salesforce connections has the field wherever it can have it. */
export function useKeyFieldDone(ids: string[]): boolean {
  const answers = useQueries({ queries: ids.map((id) => trpc.connections.keyField.queryOptions({ id })) })
  return ids.length > 0 && answers.every(({ data }) => data !== undefined && !data.data.some(isMissing))
}

/** Where the field stands on each object of an org, and one click that installs it. */
export function KeyFieldPanel({ connectionId, name }: { connectionId: string; name: string }) {
  const client = useQueryClient()
  const status = useQuery({ ...trpc.connections.keyField.queryOptions({ id: connectionId }), retry: false })
  const install = useMutation(
    trpc.connections.installKeyField.mutationOptions({
      onSettled: () => client.invalidateQueries({ queryKey: trpc.connections.keyField.queryKey({ id: connectionId }) }),
    }),
  )
  if (status.isPending) return <Skeleton height={72} />
  if (status.isError) return <ProblemPanel error={status.error} retry={() => void status.refetch()} />
  const rows = status.data.data
  const lines = install.isSuccess
    ? install.data.data.map(({ object, outcome, ask }) => ({ object, words: OUTCOMES[outcome], ask }))
    : rows.map(({ object, state, ask }) => ({ object, words: STATES[state], ask }))
  const missing = rows.some(isMissing)
  return (
    <Stack gap="xs" role="group" aria-label={`${FIELD} in ${name}`}>
      {install.isSuccess && <Result lines={install.data.data} />}
      <List size="sm" spacing={4}>
        {lines.map(({ object, words, ask }) => (
          <List.Item key={object}>
            <b>{object}</b>: {words}
            {ask !== null && (
              <Text size="sm" c="dimmed">
                {ask}
              </Text>
            )}
          </List.Item>
        ))}
      </List>
      {install.isError && <ProblemPanel error={install.error} />}
      {missing && (
        <Group gap="xs">
          <Button variant="default" loading={install.isPending} onClick={() => install.mutate({ id: connectionId })}>
            {install.isSuccess ? 'Try again' : `Install ${FIELD}`}
          </Button>
          <Text size="xs" c="dimmed" style={{ flex: 1 }}>
            Adds the field where it is missing, and a permission set “Signalbox” that lets the connected user edit it.
          </Text>
        </Group>
      )}
    </Stack>
  )
}

function Result({ lines }: { lines: KeyFieldInstall[] }) {
  const made = lines.filter(({ outcome }) => outcome === 'installed').map(({ object }) => object)
  const left = lines.filter(({ outcome }) => outcome === 'refused' || outcome === 'unsuitable')
  if (left.length > 0)
    return (
      <Notice tone="warn" title={`Not installed on ${left.map(({ object }) => object).join(', ')}`}>
        <Text size="sm">
          {made.length > 0 && `Installed on ${made.join(', ')}. `}What to ask a Salesforce administrator stands below.
        </Text>
      </Notice>
    )
  const title = made.length > 0 ? `Installed on ${made.join(', ')}` : 'It was there already; nothing was changed'
  return <Notice tone="good" title={title} />
}
