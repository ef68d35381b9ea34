import { ActionIcon, Button, Group, Menu, Modal, Text, TextInput } from '@mantine/core'
import { useMutation, useQueryClient, useSuspenseQuery } from '@tanstack/react-query'
import { BookmarkPlus, Check, ChevronDown, MoreHorizontal, Pencil, RotateCcw, Save, Trash2 } from 'lucide-react'
import { type FormEvent, useState } from 'react'
import { trpc } from '../api/client.ts'
import { ConfirmDialog } from '../ui/confirm-dialog.tsx'
import { ProblemPanel } from '../ui/problem-panel.tsx'
import { failed, said } from '../ui/toast.ts'
import type { Table } from './use-table.ts'

type Asking = 'save as' | 'rename' | 'delete' | null

/** Which view is shown, and what can be done with it. */
export function ViewMenu({ table }: { table: Table }) {
  const { data: session } = useSuspenseQuery(trpc.session.me.queryOptions())
  const [asking, ask] = useState<Asking>(null)
  const { views, view, changed } = table
  const save = useSaveView(table)
  const mayWrite = session.role !== 'viewer'
  return (
    <Group gap={6}>
      {changed && (
        <>
          <Button
            variant="subtle"
            color="gray"
            leftSection={<RotateCcw size={14} aria-hidden="true" />}
            onClick={table.reset}
          >
            Reset
          </Button>
          {mayWrite && view !== null && (
            <Button
              variant="default"
              loading={save.isPending}
              leftSection={<Save size={14} aria-hidden="true" />}
              onClick={() => save.mutate({ id: view.id, definition: table.definition })}
            >
              Save
            </Button>
          )}
          {mayWrite && (
            <Button leftSection={<BookmarkPlus size={15} aria-hidden="true" />} onClick={() => ask('save as')}>
              {view === null ? 'Save as a view' : 'Save as another'}
            </Button>
          )}
        </>
      )}
      <Menu position="bottom-end" width={260}>
        <Menu.Target>
          <Button variant="default" rightSection={<ChevronDown size={14} aria-hidden="true" />}>
            View: {view?.name ?? 'All'}
          </Button>
        </Menu.Target>
        <Menu.Dropdown mah={420} style={{ overflowY: 'auto' }}>
          <ViewItem name="All" here={view === null} onClick={() => table.open(null)} />
          {views.length > 0 && <Menu.Divider />}
          {views.map(({ id, name }) => (
            <ViewItem key={id} name={name} here={id === view?.id} onClick={() => table.open(id)} />
          ))}
        </Menu.Dropdown>
      </Menu>
      {mayWrite && view !== null && <ViewActions ask={ask} name={view.name} />}
      {asking === 'save as' && <NameDialog table={table} id={null} onClose={() => ask(null)} />}
      {asking === 'rename' && view !== null && <NameDialog table={table} id={view.id} onClose={() => ask(null)} />}
      {asking === 'delete' && view !== null && <DeleteDialog table={table} onClose={() => ask(null)} />}
    </Group>
  )
}

function ViewItem({ name, here, onClick }: { name: string; here: boolean; onClick: () => void }) {
  return (
    <Menu.Item
      onClick={onClick}
      aria-current={here}
      fw={here ? 650 : undefined}
      rightSection={here ? <Check size={14} aria-hidden="true" /> : undefined}
    >
      {name}
    </Menu.Item>
  )
}

function ViewActions({ ask, name }: { ask: (asking: Asking) => void; name: string }) {
  return (
    <Menu position="bottom-end">
      <Menu.Target>
        <ActionIcon variant="default" size={36} aria-label={`What to do with ${name}`}>
          <MoreHorizontal size={16} />
        </ActionIcon>
      </Menu.Target>
      <Menu.Dropdown>
        <Menu.Item leftSection={<Pencil size={14} />} onClick={() => ask('rename')}>
          Rename
        </Menu.Item>
        <Menu.Item leftSection={<BookmarkPlus size={14} />} onClick={() => ask('save as')}>
          Save as another
        </Menu.Item>
        <Menu.Item leftSection={<Trash2 size={14} />} color="red" onClick={() => ask('delete')}>
          Delete
        </Menu.Item>
      </Menu.Dropdown>
    </Menu>
  )
}

function useSaveView(table: Table) {
  const client = useQueryClient()
  return useMutation(
    trpc.views.update.mutationOptions({
      onSuccess: async () => {
        await client.invalidateQueries({ queryKey: trpc.views.pathKey() })
        table.reset()
        said('Saved for everybody in the workspace.')
      },
      onError: failed,
    }),
  )
}

/** Saves what is shown under a new name, or renames the view. */
function NameDialog({ table, id, onClose }: { table: Table; id: string | null; onClose: () => void }) {
  const client = useQueryClient()
  const [name, setName] = useState(id === null ? '' : (table.view?.name ?? ''))
  const read = () => client.invalidateQueries({ queryKey: trpc.views.pathKey() })
  const create = useMutation(
    trpc.views.create.mutationOptions({
      onSuccess: async (created) => {
        await read()
        table.savedAs(created.id)
        said('Saved. Everybody in the workspace sees it.')
        onClose()
      },
    }),
  )
  const rename = useMutation(
    trpc.views.update.mutationOptions({
      onSuccess: async () => {
        await read()
        onClose()
      },
    }),
  )
  const submit = (event: FormEvent) => {
    event.preventDefault()
    if (id === null) create.mutate({ subject: table.kind, name, definition: table.definition })
    else rename.mutate({ id, name })
  }
  const error = create.error ?? rename.error
  return (
    <Modal opened onClose={onClose} title={id === null ? 'Save as a view' : 'Rename the view'}>
      <form onSubmit={submit}>
        <TextInput
          data-autofocus
          label="Name"
          description={
            id === null ? 'Filter, columns and order are kept. Everybody in the workspace sees the view.' : undefined
          }
          placeholder="Big accounts without a login"
          value={name}
          maxLength={100}
          onChange={(event) => setName(event.currentTarget.value)}
        />
        {error !== null && (
          <div style={{ marginTop: 12 }}>
            <ProblemPanel error={error} />
          </div>
        )}
        <Group justify="flex-end" gap="xs" mt="md">
          <Button variant="default" onClick={onClose}>
            Cancel
          </Button>
          <Button type="submit" disabled={name.trim() === ''} loading={create.isPending || rename.isPending}>
            {id === null ? 'Save view' : 'Rename'}
          </Button>
        </Group>
      </form>
    </Modal>
  )
}

function DeleteDialog({ table, onClose }: { table: Table; onClose: () => void }) {
  const client = useQueryClient()
  const remove = useMutation(
    trpc.views.remove.mutationOptions({
      onSuccess: async () => {
        onClose()
        table.reset()
        table.open(null)
        await client.invalidateQueries({ queryKey: trpc.views.pathKey() })
      },
    }),
  )
  const { view } = table
  if (view === null) return null
  return (
    <ConfirmDialog
      title={`Delete “${view.name}”?`}
      keep="Cancel"
      go="Delete view"
      danger
      call={remove}
      onGo={() => remove.mutate({ id: view.id })}
      onClose={onClose}
    >
      <Text size="sm">It goes for everybody in the workspace. Nobody who is in it is touched.</Text>
    </ConfirmDialog>
  )
}
