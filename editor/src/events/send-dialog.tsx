import { Autocomplete, Button, Group, JsonInput, Modal, Stack, Text } from '@mantine/core'
import { useDebouncedValue } from '@mantine/hooks'
import { useMutation, useQuery, useQueryClient } from '@tanstack/react-query'
import { type FormEvent, useState } from 'react'
import { trpc } from '../api/client.ts'
import { parseObject } from '../ui/parse-object.ts'
import { ProblemPanel } from '../ui/problem-panel.tsx'
import { said } from '../ui/toast.ts'

/** Sends an event as if the product had: it takes the same way as a real one. */
export function SendDialog({ onClose }: { onClose: () => void }) {
  const client = useQueryClient()
  const context = useQuery({ ...trpc.catalog.context.queryOptions(), staleTime: 30_000 })
  const [contact, setContact] = useState('')
  const [search] = useDebouncedValue(contact, 250)
  const contacts = useQuery(trpc.contacts.list.queryOptions({ search, limit: 20 }))
  const [name, setName] = useState('')
  const [text, setText] = useState('{}')
  const properties = parseObject(text)
  const send = useMutation(
    trpc.events.send.mutationOptions({
      onSuccess: async () => {
        said('Sent. What it started shows up in the list.')
        onClose()
        await client.invalidateQueries({ queryKey: trpc.events.pathKey() })
      },
    }),
  )
  const submit = (event: FormEvent) => {
    event.preventDefault()
    if (properties !== null) send.mutate({ subject: { contact: contact.trim() }, name: name.trim(), properties })
  }
  const ids = contacts.data?.data.flatMap(({ externalId }) => (externalId === null ? [] : [externalId])) ?? []
  const labels = new Map(contacts.data?.data.map((row) => [row.externalId, row.label]))
  return (
    <Modal opened onClose={onClose} title="Send a test event">
      <form onSubmit={submit}>
        <Stack>
          <Text size="sm" c="dimmed">
            It is treated like a real one: published playbooks that match it run, and write to what they are connected
            to.
          </Text>
          <Autocomplete
            data-autofocus
            label="Contact"
            description="Your own id of someone who is known already."
            required
            withAsterisk={false}
            data={[...new Set(ids)]}
            filter={({ options }) => options}
            renderOption={({ option }) => (
              <Text size="sm">
                {labels.get(option.value) ?? option.value}{' '}
                <Text span size="xs" c="dimmed">
                  {option.value}
                </Text>
              </Text>
            )}
            value={contact}
            onChange={setContact}
          />
          <Autocomplete
            label="Event"
            required
            withAsterisk={false}
            placeholder="Trial Started"
            data={context.data?.eventNames ?? []}
            value={name}
            onChange={setName}
          />
          <JsonInput
            label="Properties, as JSON"
            autosize
            minRows={3}
            value={text}
            onChange={setText}
            error={properties === null ? 'This is not a JSON object. Mend it, e.g. { "plan": "team" }.' : undefined}
          />
          {send.isError && <ProblemPanel error={send.error} />}
          <Group justify="flex-end" gap="xs">
            <Button variant="default" onClick={onClose}>
              Cancel
            </Button>
            <Button type="submit" loading={send.isPending} disabled={properties === null}>
              Send event
            </Button>
          </Group>
        </Stack>
      </form>
    </Modal>
  )
}
