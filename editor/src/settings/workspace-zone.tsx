import { Button, Group, Select, Stack, Text, Title } from '@mantine/core'
import { useMutation, useQueryClient } from '@tanstack/react-query'
import { useState } from 'react'
import { trpc } from '../api/client.ts'
import { ProblemPanel } from '../ui/problem-panel.tsx'
import { said } from '../ui/toast.ts'
import { ZONES } from '../ui/zones.ts'

/** Where the workspace is: whose clocks count where nothing else is said. */
export function WorkspaceZone({ kept, isOwner }: { kept: string; isOwner: boolean }) {
  const client = useQueryClient()
  const [zone, setZone] = useState(kept)
  const save = useMutation(
    trpc.workspace.change.mutationOptions({
      onSuccess: async () => {
        said('Saved. Schedules and quiet hours go by it now.')
        await Promise.all(
          [trpc.session.pathKey(), trpc.catalog.pathKey(), trpc.workspace.pathKey()].map((queryKey) =>
            client.invalidateQueries({ queryKey }),
          ),
        )
      },
    }),
  )
  return (
    <section aria-label="Time zone" style={{ marginBottom: 32 }}>
      <Title order={2}>Time zone</Title>
      <Text size="sm" c="dimmed" mb="sm">
        Waits, schedules and quiet hours that name no time zone go by this one. A run that waits keeps the moment it
        waits for; the waits after its next wake go by the new one.
      </Text>
      <Stack gap="sm" maw={680}>
        <Group gap="sm" align="flex-end">
          <Select
            label="Time zone of the workspace"
            searchable
            allowDeselect={false}
            limit={60}
            w={280}
            disabled={!isOwner}
            data={ZONES.includes(kept) ? ZONES : [kept, ...ZONES]}
            value={zone}
            onChange={(next) => next !== null && setZone(next)}
          />
          {isOwner && (
            <Button
              disabled={zone === kept && !save.isError}
              loading={save.isPending}
              onClick={() => save.mutate({ timeZone: zone })}
            >
              Save
            </Button>
          )}
        </Group>
        {!isOwner && (
          <Text size="sm" c="dimmed">
            Only an owner changes this.
          </Text>
        )}
        {save.isError && <ProblemPanel error={save.error} />}
      </Stack>
    </section>
  )
}
