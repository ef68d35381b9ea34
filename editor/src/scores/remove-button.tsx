import { Button, Text } from '@mantine/core'
import { useDisclosure } from '@mantine/hooks'
import { useMutation, useQueryClient } from '@tanstack/react-query'
import { useNavigate } from '@tanstack/react-router'
import { trpc } from '../api/client.ts'
import { ConfirmDialog } from '../ui/confirm-dialog.tsx'
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

type Removed = { kind: keyof typeof WORDS; slug: string; name: string }

/** Removes a score or computed property after a question; what still reads it is named instead. */
export function RemoveButton(removed: Removed) {
  const [asking, ask] = useDisclosure(false)
  return (
    <>
      <Button variant="subtle" color="red" onClick={ask.open}>
        Remove
      </Button>
      {asking && <RemoveDialog {...removed} onClose={ask.close} />}
    </>
  )
}

function RemoveDialog({ kind, slug, name, onClose }: Removed & { onClose: () => void }) {
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
    <ConfirmDialog
      title={`Remove ${name}?`}
      keep="Keep it"
      go={`Remove the ${one}`}
      danger
      call={remove}
      onGo={() => remove.mutate({ slug })}
      onClose={onClose}
    >
      <Text size="sm">{lost}</Text>
    </ConfirmDialog>
  )
}
