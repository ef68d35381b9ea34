import { ActionIcon, Button, Group, Text, TextInput } from '@mantine/core'
import { useMutation, useQuery, useQueryClient } from '@tanstack/react-query'
import { X } from 'lucide-react'
import { useState } from 'react'
import { trpc } from '../api/client.ts'
import { readProblem } from '../api/problem.ts'
import { ListSkeleton } from '../ui/page.tsx'
import { ProblemPanel } from '../ui/problem-panel.tsx'
import { failed, said } from '../ui/toast.ts'

/** Addresses behind which there are several people: nobody is found or merged by them. */
export function SharedMailboxes({ mayDecide }: { mayDecide: boolean }) {
  const client = useQueryClient()
  const mailboxes = useQuery(trpc.identity.sharedMailboxes.queryOptions())
  const [typed, setTyped] = useState('')
  const save = useMutation(
    trpc.identity.setSharedMailboxes.mutationOptions({
      onSuccess: (now) => client.setQueryData(trpc.identity.sharedMailboxes.queryKey(), now),
    }),
  )
  if (mailboxes.isPending) return <ListSkeleton rows={3} />
  if (mailboxes.isError) return <ProblemPanel error={mailboxes.error} retry={() => void mailboxes.refetch()} />
  const { own, always } = mailboxes.data
  const address = typed.trim().toLowerCase()
  const add = () =>
    save.mutate(
      { own: [...own, address] },
      {
        onSuccess: () => {
          setTyped('')
          said(`Nobody is found by ${address} any more.`)
        },
      },
    )
  return (
    <div className="sb-mailboxes">
      <Text maw={640}>
        Several people write from an address such as info@. It is kept as a property, and nobody is found or merged by
        it. Whoever was merged by one before stays merged until that is undone.
      </Text>
      {mayDecide && (
        <form
          onSubmit={(event) => {
            event.preventDefault()
            add()
          }}
        >
          <Group align="flex-start" gap="xs">
            <TextInput
              w={320}
              label="Shared mailbox"
              placeholder="desk@example.com"
              description="The first part with the @, such as desk@, means every domain."
              inputWrapperOrder={['label', 'input', 'description', 'error']}
              value={typed}
              error={save.isError && save.variables.own.length > own.length ? whyRefused(save.error) : undefined}
              onChange={(event) => {
                save.reset()
                setTyped(event.currentTarget.value)
              }}
            />
            <Button type="submit" mt={21} disabled={address === '' || own.includes(address)} loading={save.isPending}>
              Add
            </Button>
          </Group>
        </form>
      )}
      <section aria-label="Yours">
        <h2>Yours</h2>
        {own.length === 0 && (
          <Text size="sm" c="dimmed">
            None yet.
          </Text>
        )}
        <ul className="sb-mailbox-list">
          {own.map((mailbox) => (
            <li key={mailbox} className="sb-chip">
              <span className="sb-mono">{mailbox}</span>
              {mayDecide && (
                <ActionIcon
                  size="xs"
                  variant="transparent"
                  color="gray"
                  aria-label={`Remove ${mailbox}`}
                  onClick={() => save.mutate({ own: own.filter((other) => other !== mailbox) }, { onError: failed })}
                >
                  <X size={12} />
                </ActionIcon>
              )}
            </li>
          ))}
        </ul>
      </section>
      <section aria-label="Always, in every domain">
        <h2>Always, in every domain</h2>
        <ul className="sb-mailbox-list">
          {always.map((mailbox) => (
            <li key={mailbox} className="sb-chip">
              <span className="sb-mono">{mailbox}</span>
            </li>
          ))}
        </ul>
      </section>
    </div>
  )
}

function whyRefused(error: unknown): string {
  const { detail, problems } = readProblem(error)
  return problems[0]?.message ?? detail
}
