import {
  Button,
  Checkbox,
  Code,
  CopyButton,
  Group,
  Modal,
  Stack,
  Table,
  Text,
  TextInput,
  Title,
  VisuallyHidden,
} from '@mantine/core'
import { useMutation, useQuery, useQueryClient } from '@tanstack/react-query'
import { KeyRound, Plus } from 'lucide-react'
import { useState } from 'react'
import { trpc } from '../api/client.ts'
import type { ApiKey } from '../api/types.ts'
import { Empty } from '../ui/empty.tsx'
import { ListSkeleton, Page } from '../ui/page.tsx'
import { ProblemPanel } from '../ui/problem-panel.tsx'
import { StatusBadge } from '../ui/status-badge.tsx'
import { Ago } from '../ui/time.tsx'
import { failed, said } from '../ui/toast.ts'
import { WorkspaceZone } from './workspace-zone.tsx'

const SCOPES = [
  { value: 'events:write', label: 'Send events', help: 'For Segment libraries: a write key.' },
  { value: 'playbooks:read', label: 'Read playbooks', help: 'Documents and versions.' },
  { value: 'playbooks:write', label: 'Change and publish playbooks', help: 'For the CLI and for CI.' },
  { value: 'runs:read', label: 'Read runs', help: 'With what each step got and gave.' },
  { value: 'runs:write', label: 'Start, cancel and retry runs', help: 'Acts in connected systems.' },
  { value: 'data:read', label: 'Read customers', help: 'Contacts, accounts, events, signals, segments.' },
  { value: 'data:write', label: 'Change signals and segments', help: 'Their rules decide what starts.' },
  { value: 'admin', label: 'Everything', help: 'Connections and keys too.' },
] as const
type Scope = (typeof SCOPES)[number]['value']

export function SettingsPage() {
  const session = useQuery(trpc.session.me.queryOptions())
  const keys = useQuery(trpc.keys.list.queryOptions())
  const [creating, setCreating] = useState(false)
  const rows = keys.data?.data ?? []
  return (
    <Page title="Settings" lead={session.data && `Workspace ${session.data.workspace.name}`}>
      {session.data && (
        <WorkspaceZone
          key={session.data.workspace.timeZone}
          kept={session.data.workspace.timeZone}
          isOwner={session.data.role === 'owner'}
        />
      )}
      <Group justify="space-between" mb="sm">
        <div>
          <Title order={2}>API keys</Title>
          <Text size="sm" c="dimmed">
            For programs: send them as <Code>Authorization: Bearer …</Code>. The reference is at{' '}
            <a href="/docs">/docs</a>.
          </Text>
        </div>
        <Button leftSection={<Plus size={16} aria-hidden="true" />} onClick={() => setCreating(true)}>
          New key
        </Button>
      </Group>
      {keys.isPending && <ListSkeleton rows={2} />}
      {keys.isError && <ProblemPanel error={keys.error} retry={() => void keys.refetch()} />}
      {keys.isSuccess && rows.length === 0 && (
        <div className="sb-card">
          <Empty icon={KeyRound} title="No key yet" />
        </div>
      )}
      {rows.length > 0 && <KeyTable rows={rows} />}
      {creating && <CreateKey onClose={() => setCreating(false)} />}
    </Page>
  )
}

function KeyTable({ rows }: { rows: ApiKey[] }) {
  const client = useQueryClient()
  const revoke = useMutation(
    trpc.keys.revoke.mutationOptions({
      onSuccess: async () => {
        said('The key works no more.')
        await client.invalidateQueries({ queryKey: trpc.keys.pathKey() })
      },
      onError: failed,
    }),
  )
  return (
    <div className="sb-card sb-scroll-x">
      <Table aria-label="API keys">
        <Table.Thead>
          <Table.Tr>
            <Table.Th>Name</Table.Th>
            <Table.Th>Begins with</Table.Th>
            <Table.Th>May</Table.Th>
            <Table.Th>Made</Table.Th>
            <Table.Th>Last used</Table.Th>
            <Table.Th>
              <VisuallyHidden>Actions</VisuallyHidden>
            </Table.Th>
          </Table.Tr>
        </Table.Thead>
        <Table.Tbody>
          {rows.map((row) => (
            <Table.Tr key={row.id}>
              <Table.Td fw={600}>{row.name}</Table.Td>
              <Table.Td>
                <span className="sb-mono">{row.prefix}…</span>
              </Table.Td>
              <Table.Td>
                <Text size="sm">{row.scopes.join(', ')}</Text>
              </Table.Td>
              <Table.Td>
                <Ago when={row.createdAt} />
              </Table.Td>
              <Table.Td>{row.lastUsedAt === null ? 'never' : <Ago when={row.lastUsedAt} />}</Table.Td>
              <Table.Td ta="right">
                {row.revokedAt === null ? (
                  <Button
                    size="compact-xs"
                    variant="subtle"
                    color="red"
                    aria-label={`Revoke ${row.name}`}
                    onClick={() => revoke.mutate({ id: row.id })}
                  >
                    Revoke
                  </Button>
                ) : (
                  <StatusBadge status="archived" words="Revoked" />
                )}
              </Table.Td>
            </Table.Tr>
          ))}
        </Table.Tbody>
      </Table>
    </div>
  )
}

function CreateKey({ onClose }: { onClose: () => void }) {
  const client = useQueryClient()
  const [name, setName] = useState('')
  const [scopes, setScopes] = useState<Scope[]>(['events:write'])
  const create = useMutation(
    trpc.keys.create.mutationOptions({
      onSuccess: () => client.invalidateQueries({ queryKey: trpc.keys.pathKey() }),
    }),
  )
  if (create.isSuccess)
    return (
      <Modal opened onClose={onClose} title="Your new key" size="lg">
        <Stack>
          <Text>Copy it now: it is stored as a hash and cannot be shown again.</Text>
          <Code block aria-label="New key">
            {create.data.key}
          </Code>
          <Group justify="flex-end">
            <CopyButton value={create.data.key}>
              {({ copied, copy }) => (
                <Button variant="default" onClick={copy}>
                  {copied ? 'Copied' : 'Copy'}
                </Button>
              )}
            </CopyButton>
            <Button onClick={onClose}>Done</Button>
          </Group>
        </Stack>
      </Modal>
    )
  return (
    <Modal opened onClose={onClose} title="New API key" size="lg">
      <Stack>
        <TextInput
          data-autofocus
          label="Name"
          placeholder="Production website"
          value={name}
          onChange={(event) => setName(event.currentTarget.value)}
        />
        <Checkbox.Group
          label="What it may do"
          value={scopes}
          onChange={(values) => setScopes(SCOPES.map(({ value }) => value).filter((value) => values.includes(value)))}
        >
          <Stack gap={8} mt={8}>
            {SCOPES.map(({ value, label, help }) => (
              <Checkbox key={value} value={value} label={label} description={help} />
            ))}
          </Stack>
        </Checkbox.Group>
        {create.isError && <ProblemPanel error={create.error} />}
        <Group justify="flex-end" gap="xs">
          <Button variant="default" onClick={onClose}>
            Cancel
          </Button>
          <Button
            disabled={name.trim() === '' || scopes.length === 0}
            loading={create.isPending}
            onClick={() => create.mutate({ name: name.trim(), scopes })}
          >
            Create key
          </Button>
        </Group>
      </Stack>
    </Modal>
  )
}
