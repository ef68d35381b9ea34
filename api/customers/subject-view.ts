import type { Db } from '../db/database.ts'
import type { SubjectView } from '../audiences/audience-schemas.ts'

interface Named {
  id: string
  externalId: string | null
  email?: string | null
  name: string | null
}

/** Of ids in order of time the end tells them apart: those of one minute begin alike. */
const shortId = (id: string): string => id.slice(-8)
const WITHOUT_NAME = { contact: 'Visitor', account: 'Account' } as const

/**
 * What people call somebody: the name, else the e-mail address, else your own id; else that there is none of these, with
 * the end of our id.
 */
export const labelOf = (kind: 'contact' | 'account', { id, name, email, externalId }: Named): string =>
  [name, email, externalId].find((word) => word != null && word.trim() !== '') ?? `${WITHOUT_NAME[kind]} ${shortId(id)}`

/** Contacts and accounts by our ids, as lists show them. An id that is gone is not among them. */
export async function subjectViews(
  { db, workspaceId }: { db: Db; workspaceId: string },
  ids: Iterable<string>,
): Promise<Map<string, SubjectView>> {
  const wanted = [...new Set(ids)]
  const views = new Map<string, SubjectView>()
  if (wanted.length === 0) return views
  const contacts = await db
    .selectFrom('contacts')
    .select(['id', 'external_id as externalId', 'email', 'name'])
    .where('workspace_id', '=', workspaceId)
    .where('id', 'in', wanted)
    .execute()
  for (const row of contacts) views.set(row.id, view('contact', row))
  if (views.size === wanted.length) return views
  const accounts = await db
    .selectFrom('accounts')
    .select(['id', 'external_id as externalId', 'name'])
    .where('workspace_id', '=', workspaceId)
    .where('id', 'in', wanted)
    .execute()
  for (const row of accounts) views.set(row.id, view('account', row))
  return views
}

export const view = (kind: 'contact' | 'account', row: Named): SubjectView => ({
  kind,
  id: row.id,
  externalId: row.externalId,
  label: labelOf(kind, row),
})

/** Of whom nothing is known any more. */
export const goneView = (kind: 'contact' | 'account', id: string): SubjectView => ({
  kind,
  id,
  externalId: null,
  label: `Deleted ${kind} ${shortId(id)}`,
})
