import { page } from '../customers/customer-schemas.ts'
import { procedure, router } from '../trpc.ts'
import { noteById, noteChange, noteInput, noteListInput, noteRow } from './note-schemas.ts'
import { createNote, deleteNote, listNotes, updateNote } from './notes.ts'

const tags = ['Notes']

export const notesRouter = router({
  list: procedure({
    scope: 'data:read',
    rest: { method: 'GET', path: '/v1/notes', tags, summary: 'Notes on one contact or account, the newest first' },
  })
    .input(noteListInput)
    .output(page(noteRow))
    .query(({ ctx, input }) => listNotes(ctx, input)),

  create: procedure({
    scope: 'data:write',
    rest: { method: 'POST', path: '/v1/notes', status: 201, tags, summary: 'Adds a note to a contact or account' },
  })
    .input(noteInput)
    .output(noteRow)
    .mutation(({ ctx, input }) => createNote(ctx, input)),

  update: procedure({
    scope: 'data:write',
    rest: { method: 'PATCH', path: '/v1/notes/{id}', tags, summary: 'Changes what a note says' },
  })
    .input(noteChange)
    .output(noteRow)
    .mutation(({ ctx, input }) => updateNote(ctx, input)),

  remove: procedure({
    scope: 'data:write',
    rest: { method: 'DELETE', path: '/v1/notes/{id}', tags, summary: 'Deletes a note' },
  })
    .input(noteById)
    .output(noteById)
    .mutation(({ ctx, input }) => deleteNote(ctx, input)),
})
