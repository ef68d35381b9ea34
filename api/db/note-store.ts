import type { Db } from './database.ts'

/** Notes that people keep on contacts and accounts. */

export interface StoredNote {
  id: string
  subject: 'contact' | 'account'
  subjectId: string
  body: string
  author: string
  createdAt: Date
  updatedAt: Date
}

interface Scope {
  db: Db
  workspaceId: string
}

const notes = ({ db, workspaceId }: Scope) =>
  db
    .selectFrom('notes')
    .select(['id', 'subject', 'subject_id', 'body', 'author', 'created_at', 'updated_at'])
    .where('workspace_id', '=', workspaceId)

type Queried = Awaited<ReturnType<ReturnType<typeof notes>['executeTakeFirstOrThrow']>>

const stored = (row: Queried): StoredNote => ({
  id: row.id,
  subject: row.subject,
  subjectId: row.subject_id,
  body: row.body,
  author: row.author,
  createdAt: row.created_at,
  updatedAt: row.updated_at,
})

/** The newest first, from before a place on. */
export async function readNotes(
  scope: Scope,
  wanted: { subject: 'contact' | 'account'; subjectId: string; most: number; before: [at: string, id: string] | null },
): Promise<StoredNote[]> {
  const { before } = wanted
  let query = notes(scope)
    .where('subject_id', '=', wanted.subjectId)
    .where('subject', '=', wanted.subject)
    .orderBy('created_at', 'desc')
    .orderBy('id', 'desc')
    .limit(wanted.most)
  if (before !== null)
    query = query.where((eb) =>
      eb.or([
        eb('created_at', '<', new Date(before[0])),
        eb.and([eb('created_at', '=', new Date(before[0])), eb('id', '<', before[1])]),
      ]),
    )
  return (await query.execute()).map(stored)
}

export async function insertNote({ db, workspaceId }: Scope, note: StoredNote): Promise<void> {
  await db
    .insertInto('notes')
    .values({
      workspace_id: workspaceId,
      id: note.id,
      subject: note.subject,
      subject_id: note.subjectId,
      body: note.body,
      author: note.author,
      created_at: note.createdAt,
      updated_at: note.updatedAt,
    })
    .execute()
}

/** @returns the note as it is now, or null when there is none of that id */
export async function changeNote(
  { db, workspaceId }: Scope,
  change: { id: string; body: string; at: Date },
): Promise<StoredNote | null> {
  const row = await db
    .updateTable('notes')
    .set({ body: change.body, updated_at: change.at })
    .where('workspace_id', '=', workspaceId)
    .where('id', '=', change.id)
    .returning(['id', 'subject', 'subject_id', 'body', 'author', 'created_at', 'updated_at'])
    .executeTakeFirst()
  return row === undefined ? null : stored(row)
}

/** @returns whether there was one */
export async function removeNote({ db, workspaceId }: Scope, id: string): Promise<boolean> {
  const { numDeletedRows } = await db
    .deleteFrom('notes')
    .where('workspace_id', '=', workspaceId)
    .where('id', '=', id)
    .executeTakeFirstOrThrow()
  return numDeletedRows > 0n
}
