import { Button, Group, TextInput } from '@mantine/core'
import { useMutation, useQueryClient } from '@tanstack/react-query'
import { type FormEvent, useState } from 'react'
import { trpc } from '../api/client.ts'
import type { RouterInputs } from '../api/types.ts'
import { ProblemPanel } from '../ui/problem-panel.tsx'
import { said } from '../ui/toast.ts'

/** Keeps a run, or a dry run, as a test of its playbook. */
export function SaveTest({ slug, from }: { slug: string; from: RouterInputs['tests']['save']['from'] }) {
  const queries = useQueryClient()
  const [name, setName] = useState<string | null>(null)
  const save = useMutation(
    trpc.tests.save.mutationOptions({
      onSuccess: async () => {
        setName(null)
        said('It is a test of the playbook now.')
        await queries.invalidateQueries({ queryKey: trpc.tests.pathKey() })
      },
    }),
  )
  if (name === null)
    return (
      <Button variant="default" size="xs" style={{ alignSelf: 'start' }} onClick={() => setName('')}>
        Save as test
      </Button>
    )
  const submit = (event: FormEvent) => {
    event.preventDefault()
    if (name.trim() !== '') save.mutate({ slug, name, from })
  }
  return (
    <form onSubmit={submit}>
      <Group align="end" gap={6} wrap="nowrap">
        <TextInput
          size="xs"
          label="Name of the test"
          placeholder="What it shows"
          autoFocus
          maxLength={200}
          value={name}
          onChange={(event) => setName(event.currentTarget.value)}
          style={{ flex: 1 }}
        />
        <Button type="submit" size="xs" loading={save.isPending} disabled={name.trim() === ''}>
          Save
        </Button>
        <Button variant="subtle" color="gray" size="xs" onClick={() => setName(null)}>
          Cancel
        </Button>
      </Group>
      {save.isError && <ProblemPanel error={save.error} />}
    </form>
  )
}
