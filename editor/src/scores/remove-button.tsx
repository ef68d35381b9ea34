import { Button, Group, Modal, Text } from '@mantine/core'
import { useDisclosure } from '@mantine/hooks'
import { useMutation, useQueryClient } from '@tanstack/react-query'
import { useNavigate } from '@tanstack/react-router'
import { trpc } from '../api/client.ts'
import { ProblemPanel } from '../ui/problem-panel.tsx'
import { said } from '../ui/toast.ts'

const WORDS = {
  score: {
    one: 'score',
    to: '/scores',
    lost: 'Its number, band and stage go, with their history.',
  },
  computed: {
    one: 'computed property',
    to: '/computed-properties',
    lost: 'It is no longer worked out; the values it has written stay as they are.',
  },
} as const

/** Removes a score or computed property after a question; what still reads it is named instead. */
export function RemoveButton({ kind, slug, name }: { kind: 'score' | 'computed'; slug: string; name: string }) {
  const [asking, ask] = useDisclosure(false)
  const client = useQueryClient()
  const navigate = useNavigate()
  const { one, to, lost } = WORDS[kind]
  const api = kind === 'score' ? trpc.scores : trpc.computed
  const remove = useMutation(
    api.delete.mutationOptions({
      onSuccess: async () => {
        said(`The ${one} is gone.`)
        await navigate({ to })
        await client.invalidateQueries({ queryKey: api.pathKey() })
        await client.invalidateQueries({ queryKey: trpc.catalog.context.queryKey() })
      },
    }),
  )
  return (
    <>
      <Button variant="subtle" color="red" onClick={ask.open}>
        Remove
      </Button>
      <Modal opened={asking} onClose={ask.close} title={`Remove ${name}?`}>
        <Text size="sm" mb="md">
          {lost}
        </Text>
        {remove.isError && <ProblemPanel error={remove.error} />}
        <Group justify="flex-end" gap="xs">
          <Button variant="default" onClick={ask.close}>
            Keep it
          </Button>
          <Button color="red" loading={remove.isPending} onClick={() => remove.mutate({ slug })}>
            Remove the {one}
          </Button>
        </Group>
      </Modal>
    </>
  )
}
