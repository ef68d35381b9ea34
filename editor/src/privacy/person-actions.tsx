import { Alert, Button, Checkbox, Code, Group, Menu, Modal, Stack, Text, TextInput } from '@mantine/core'
import { useMutation, useQuery, useQueryClient } from '@tanstack/react-query'
import { Link, useNavigate } from '@tanstack/react-router'
import { ChevronDown, Download, Merge, Trash2 } from 'lucide-react'
import { useState } from 'react'
import { trpc } from '../api/client.ts'
import { MergeWithDialog } from '../identity/merge-dialog.tsx'
import { ProblemPanel } from '../ui/problem-panel.tsx'

interface Person {
  id: string
  /** The workspace's own. */
  externalId: string | null
  label: string
}

/** What may be done with a whole person: made one with another, handed out, deleted. Nothing for viewers. */
export function PersonActions({ person }: { person: Person }) {
  const session = useQuery(trpc.session.me.queryOptions())
  const navigate = useNavigate()
  const [doing, setDoing] = useState<'merge' | 'erase' | null>(null)
  const role = session.data?.role
  const stop = () => setDoing(null)
  if (role !== 'owner' && role !== 'editor') return null
  return (
    <>
      <Menu position="bottom-end" width={230}>
        <Menu.Target>
          <Button variant="default" rightSection={<ChevronDown size={15} aria-hidden="true" />}>
            Actions
          </Button>
        </Menu.Target>
        <Menu.Dropdown>
          <Menu.Item leftSection={<Merge size={15} aria-hidden="true" />} onClick={() => setDoing('merge')}>
            Merge with …
          </Menu.Item>
          {role === 'owner' && (
            <>
              <Menu.Item
                component="a"
                href={`/v1/contacts/${encodeURIComponent(person.id)}/export`}
                download
                leftSection={<Download size={15} aria-hidden="true" />}
              >
                Export everything
              </Menu.Item>
              <Menu.Divider />
              <Menu.Item
                color="red"
                leftSection={<Trash2 size={15} aria-hidden="true" />}
                onClick={() => setDoing('erase')}
              >
                Delete person …
              </Menu.Item>
            </>
          )}
        </Menu.Dropdown>
      </Menu>
      {doing === 'erase' && <ErasePerson person={person} onClose={stop} />}
      {doing === 'merge' && (
        <MergeWithDialog
          contact={person}
          onClose={stop}
          onMerged={({ winner }) => void navigate({ to: '/contacts/$id', params: { id: winner.id } })}
        />
      )}
    </>
  )
}

function ErasePerson({ person, onClose }: { person: Person; onClose: () => void }) {
  // One's own id is shorter to write, and says more of who it is.
  const id = person.externalId ?? person.id
  const client = useQueryClient()
  const [confirm, setConfirm] = useState('')
  const [suppress, setSuppress] = useState(false)
  const erase = useMutation(
    trpc.privacy.erase.mutationOptions({
      onSuccess: () => client.invalidateQueries({ queryKey: trpc.privacy.pathKey() }),
    }),
  )
  return (
    <Modal opened onClose={onClose} title={`Delete ${person.label}`} size="lg">
      {erase.isSuccess ? (
        <Stack>
          <Text>
            The deletion is under way. <Link to="/settings/privacy">Privacy</Link> shows how far it is and, at the end,
            what went.
          </Text>
          <Group justify="flex-end">
            <Button onClick={onClose}>Close</Button>
          </Group>
        </Stack>
      ) : (
        <form
          onSubmit={(event) => {
            event.preventDefault()
            erase.mutate({ id, confirm, suppress })
          }}
        >
          <Stack>
            <Alert color="red" variant="light">
              <Text size="sm" fw={600}>
                Nothing brings back what goes:
              </Text>
              <ul className="sb-goes">
                <li>the profile, with every id, property and its history</li>
                <li>events, conversations, notes, segments, signals and scores</li>
                <li>runs with what they wrote, here and in Temporal; open ones are ended first</li>
              </ul>
            </Alert>
            <Text size="sm">
              What was written to Intercom, Salesforce and other systems stays there, and in your backups: see to those
              yourself.
            </Text>
            <TextInput
              label={
                <>
                  Write <Code>{id}</Code> to confirm
                </>
              }
              value={confirm}
              onChange={(event) => setConfirm(event.currentTarget.value)}
              autoComplete="off"
              data-autofocus
            />
            <Checkbox
              label="Refuse what is sent about them from now on"
              description="Hashes of their ids and addresses are kept for that, and nothing else."
              checked={suppress}
              onChange={(event) => setSuppress(event.currentTarget.checked)}
            />
            {erase.isError && <ProblemPanel error={erase.error} title="Nothing was deleted" />}
            <Group justify="flex-end">
              <Button variant="default" onClick={onClose}>
                Cancel
              </Button>
              <Button type="submit" color="red" disabled={confirm !== id} loading={erase.isPending}>
                Delete for good
              </Button>
            </Group>
          </Stack>
        </form>
      )}
    </Modal>
  )
}
