import { writeAudit } from '../auth/audit.ts'
import { actorName } from '../auth/scopes.ts'
import type { Context } from '../context.ts'
import { findSubjectId } from '../customers/find-subject.ts'
import { page, readCursor } from '../db/cursor.ts'
import { newId } from '../db/new-id.ts'
import { changeNote, insertNote, readNotes, removeNote, type StoredNote } from '../db/note-store.ts'
import { holdContact } from '../identity/hold-contact.ts'
import { notFound } from '../problem.ts'
import type { NoteChange, NoteInput, NoteListInput, NoteRow } from './note-schemas.ts'

const PAGE = 50

type Ctx = Pick<Context, 'db' | 'workspaceId' | 'now' | 'actor'>

/** Notes on a contact or account, the newest first. @throws ProblemError 404 */
export async function listNotes(
  ctx: Ctx,
  input: NoteListInput,
): Promise<{ data: NoteRow[]; nextCursor: string | null }> {
  const subjectId = await findSubjectId(ctx, input.subject, input.subjectId)
  if (subjectId === null) throw notFound(input.subject, input.subjectId)
  const limit = input.limit ?? PAGE
  const [at = '', id = ''] = input.cursor ? readCursor(input.cursor, ['instant', 'uuid']) : []
  const before: [string, string] | null = input.cursor ? [at, id] : null
  const rows = await readNotes(ctx, { subject: input.subject, subjectId, most: limit + 1, before })
  const { data, nextCursor } = page(rows, limit, (note) => [note.createdAt.toISOString(), note.id])
  return { data: data.map(noteRowOf), nextCursor }
}

/** @throws ProblemError 404 */
export async function createNote(ctx: Ctx, input: NoteInput): Promise<NoteRow> {
  const found = await findSubjectId(ctx, input.subject, input.subjectId)
  if (found === null) throw notFound(input.subject, input.subjectId)
  const at = new Date(ctx.now)
  return ctx.db.transaction().execute(async (trx) => {
    const scope = { ...ctx, db: trx }
    // Who is merged away meanwhile takes no note with them: it goes to whom they became.
    const subjectId = input.subject === 'contact' ? await holdContact(scope, found) : found
    if (subjectId === null) throw notFound(input.subject, input.subjectId)
    const note: StoredNote = {
      id: newId(ctx.now),
      subject: input.subject,
      subjectId,
      body: input.body,
      author: actorName(ctx.actor),
      createdAt: at,
      updatedAt: at,
    }
    await insertNote(scope, note)
    await writeAudit(trx, ctx, { action: 'note.create', target: note.id })
    return noteRowOf(note)
  })
}

/** Changes what a note says; who wrote it first stays its author, and who changed it is in the audit. @throws ProblemError 404 */
export async function updateNote(ctx: Ctx, input: NoteChange): Promise<NoteRow> {
  return ctx.db.transaction().execute(async (trx) => {
    const note = await changeNote({ ...ctx, db: trx }, { ...input, at: new Date(ctx.now) })
    if (note === null) throw notFound('note', input.id)
    await writeAudit(trx, ctx, { action: 'note.update', target: note.id })
    return noteRowOf(note)
  })
}

/** @throws ProblemError 404 */
export async function deleteNote(ctx: Ctx, input: { id: string }): Promise<{ id: string }> {
  return ctx.db.transaction().execute(async (trx) => {
    if (!(await removeNote({ ...ctx, db: trx }, input.id))) throw notFound('note', input.id)
    await writeAudit(trx, ctx, { action: 'note.remove', target: input.id })
    return { id: input.id }
  })
}

const noteRowOf = (note: StoredNote): NoteRow => ({
  ...note,
  createdAt: note.createdAt.toISOString(),
  updatedAt: note.updatedAt.toISOString(),
})
