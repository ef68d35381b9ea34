import { Alert, Button, Checkbox, Code, Group, Modal, Stack, Text, TextInput } from '@mantine/core'
import { useMutation, useQuery, useQueryClient } from '@tanstack/react-query'
import { Link } from '@tanstack/react-router'
import { Download, Trash2 } from 'lucide-react'
import { useState } from 'react'
import { trpc } from '../api/client.ts'
import { failed } from '../ui/toast.ts'

interface Person {
  /** Our id, or the workspace's own. */
  id: string
  label: string
}

/** What an owner may do with a whole person: hand all of it out, or delete it. Nothing for others. */
export function PersonActions({ person }: { person: Person }) {
  const session = useQuery(trpc.session.me.queryOptions())
  const [erasing, setErasing] = useState(false)
  if (session.data?.role !== 'owner') return null
  return (
    <>
      <Button
        component="a"
        href={`/v1/contacts/${encodeURIComponent(person.id)}/export`}
        download
        variant="default"
        leftSection={<Download size={16} aria-hidden="true" />}
      >
        Export everything
      </Button>
      <Button
        color="red"
        variant="light"
        leftSection={<Trash2 size={16} aria-hidden="true" />}
        onClick={() => setErasing(true)}
      >
        Delete person
      </Button>
      {erasing && <ErasePerson person={person} onClose={() => setErasing(false)} />}
    </>
  )
}

function ErasePerson({ person, onClose }: { person: Person; onClose: () => void }) {
  const client = useQueryClient()
  const [confirm, setConfirm] = useState('')
  const [suppress, setSuppress] = useState(false)
  const erase = useMutation(
    trpc.privacy.erase.mutationOptions({
      onSuccess: () => client.invalidateQueries({ queryKey: trpc.privacy.pathKey() }),
      onError: failed,
    }),
  )
  return (
    <Modal opened onClose={onClose} title={`Delete ${person.label}`} centered>
      {erase.isSuccess ? (
        <Stack>
          <Text>
            The deletion is under way. <Link to="/settings/privacy">Settings, Privacy</Link> shows how far it is.
          </Text>
          <Group justify="flex-end">
            <Button onClick={onClose}>Close</Button>
          </Group>
        </Stack>
      ) : (
        <form
          onSubmit={(event) => {
            event.preventDefault()
            erase.mutate({ id: person.id, confirm, suppress })
          }}
        >
          <Stack>
            <Alert color="red" variant="light">
              Open runs that know of this person end. Then profile, events, conversations, notes and runs go, here and
              in Temporal. Nothing brings them back.
            </Alert>
            <TextInput
              label={
                <>
                  Write <Code>{person.id}</Code> to confirm
                </>
              }
              value={confirm}
              onChange={(event) => setConfirm(event.currentTarget.value)}
              autoComplete="off"
              data-autofocus
            />
            <Checkbox
              label="Take nothing about this person from now on"
              checked={suppress}
              onChange={(event) => setSuppress(event.currentTarget.checked)}
            />
            <Group justify="flex-end">
              <Button variant="default" onClick={onClose}>
                Keep
              </Button>
              <Button type="submit" color="red" disabled={confirm !== person.id} loading={erase.isPending}>
                Delete for good
              </Button>
            </Group>
          </Stack>
        </form>
      )}
    </Modal>
  )
}
