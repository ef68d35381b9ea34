import { z } from 'zod'
import { subjectKind } from '../audiences/audience-schemas.ts'
import { filledText } from '../stored-text.ts'

const isoTime = z.iso.datetime({ offset: true })
const NOTE_LIMIT = 10_000

const subjectId = z.string().min(1).max(500).describe('Your own id of the contact or account, or ours.')
const noteId = z.uuid('Write the id of a note, as the list gives it.')

export const noteRow = z.object({
  id: z.string(),
  subject: subjectKind,
  subjectId: z.string(),
  /** Plain text. */
  body: z.string(),
  /** Who wrote it: an e-mail address, or “key <name>”. */
  author: z.string(),
  createdAt: isoTime,
  updatedAt: isoTime,
})
export type NoteRow = z.output<typeof noteRow>

export const noteListInput = z.object({
  subject: subjectKind,
  subjectId,
  cursor: z.string().max(500).nullish(),
  limit: z.coerce.number().int().min(1).max(200).optional(),
})
export type NoteListInput = z.output<typeof noteListInput>

export const noteInput = z.strictObject({ subject: subjectKind, subjectId, body: filledText(NOTE_LIMIT) })
export type NoteInput = z.output<typeof noteInput>

export const noteChange = z.strictObject({ id: noteId, body: filledText(NOTE_LIMIT) })
export type NoteChange = z.output<typeof noteChange>

export const noteById = z.strictObject({ id: noteId })
