import { ActionIcon, Button, Group, Text, Textarea } from '@mantine/core'
import { useInfiniteQuery, useMutation, useQueryClient, useSuspenseQuery } from '@tanstack/react-query'
import { Pencil, StickyNote, Trash2 } from 'lucide-react'
import { useState } from 'react'
import type { NoteRow } from '../../../api/notes/note-schemas.ts'
import { trpc } from '../api/client.ts'
import { Empty } from '../ui/empty.tsx'
import { List } from '../ui/list.tsx'
import { failed } from '../ui/toast.ts'
import { Ago } from '../ui/time.tsx'
import { detailsApi } from './details-api.ts'
import type { CustomerKind } from './table-definition.ts'

/** What colleagues wrote about somebody. */
export function NotesTab({ kind, id }: { kind: CustomerKind; id: string }) {
  const { data: session } = useSuspenseQuery(trpc.session.me.queryOptions())
  const notes = useInfiniteQuery(
    trpc.notes.list.infiniteQueryOptions(
      { subject: kind, subjectId: id },
      { getNextPageParam: (page) => page.nextCursor },
    ),
  )
  const rows = notes.data?.pages.flatMap((page) => page.data) ?? []
  const mayWrite = session.role !== 'viewer'
  return (
    <>
      {mayWrite && <NewNote kind={kind} id={id} />}
      <List
        query={notes}
        count={rows.length}
        empty={
          <Empty icon={StickyNote} title="No note yet">
            What a colleague should know about them.
          </Empty>
        }
      >
        <ul className="sb-notes" aria-label="Notes">
          {rows.map((note) => (
            <li key={note.id} className="sb-card">
              <Note note={note} kind={kind} mayWrite={mayWrite} />
            </li>
          ))}
        </ul>
      </List>
    </>
  )
}

/** Notes stand in the timeline too. */
function useRefresh(kind: CustomerKind) {
  const client = useQueryClient()
  return async () => {
    await Promise.all([
      client.invalidateQueries({ queryKey: trpc.notes.pathKey() }),
      client.invalidateQueries({ queryKey: detailsApi(kind).timeline.pathKey() }),
    ])
  }
}

function NewNote({ kind, id }: { kind: CustomerKind; id: string }) {
  const [body, setBody] = useState('')
  const refresh = useRefresh(kind)
  const create = useMutation(
    trpc.notes.create.mutationOptions({
      onSuccess: async () => {
        setBody('')
        await refresh()
      },
      onError: failed,
    }),
  )
  return (
    <form
      className="sb-new-note"
      onSubmit={(event) => {
        event.preventDefault()
        create.mutate({ subject: kind, subjectId: id, body: body.trim() })
      }}
    >
      <Textarea
        aria-label="New note"
        placeholder="Write a note for your colleagues"
        autosize
        minRows={2}
        maxRows={12}
        value={body}
        onChange={(event) => setBody(event.currentTarget.value)}
      />
      <Group justify="flex-end" mt={8}>
        <Button type="submit" size="xs" disabled={body.trim() === ''} loading={create.isPending}>
          Add note
        </Button>
      </Group>
    </form>
  )
}

function Note({ note, kind, mayWrite }: { note: NoteRow; kind: CustomerKind; mayWrite: boolean }) {
  const [draft, setDraft] = useState<string | null>(null)
  const refresh = useRefresh(kind)
  const update = useMutation(
    trpc.notes.update.mutationOptions({
      onSuccess: async () => {
        setDraft(null)
        await refresh()
      },
      onError: failed,
    }),
  )
  const remove = useMutation(trpc.notes.remove.mutationOptions({ onSuccess: refresh, onError: failed }))
  return (
    <article aria-label={`Note by ${note.author}`}>
      <Group justify="space-between" wrap="nowrap" gap="xs">
        <Text size="xs" c="dimmed">
          <strong>{note.author}</strong> · <Ago when={note.createdAt} />
          {note.updatedAt !== note.createdAt && ' · edited'}
        </Text>
        {mayWrite && draft === null && (
          <Group gap={2} wrap="nowrap">
            <ActionIcon
              size="sm"
              variant="subtle"
              color="gray"
              aria-label="Edit note"
              onClick={() => setDraft(note.body)}
            >
              <Pencil size={13} />
            </ActionIcon>
            <ActionIcon
              size="sm"
              variant="subtle"
              color="gray"
              aria-label="Delete note"
              loading={remove.isPending}
              onClick={() => remove.mutate({ id: note.id })}
            >
              <Trash2 size={13} />
            </ActionIcon>
          </Group>
        )}
      </Group>
      {draft === null ? (
        <Text size="sm" className="sb-note-body">
          {note.body}
        </Text>
      ) : (
        <>
          <Textarea
            data-autofocus
            mt={6}
            aria-label="Note"
            autosize
            minRows={2}
            value={draft}
            onChange={(event) => setDraft(event.currentTarget.value)}
          />
          <Group justify="flex-end" gap="xs" mt={8}>
            <Button size="xs" variant="default" onClick={() => setDraft(null)}>
              Cancel
            </Button>
            <Button
              size="xs"
              disabled={draft.trim() === ''}
              loading={update.isPending}
              onClick={() => update.mutate({ id: note.id, body: draft.trim() })}
            >
              Save note
            </Button>
          </Group>
        </>
      )}
    </article>
  )
}
