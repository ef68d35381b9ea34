import type { Db } from '../db/database.ts'
import type { SubjectView } from '../audiences/audience-schemas.ts'

interface Named {
  id: string
  externalId: string | null
  email?: string | null
  name: string | null
}

/** What people call somebody: the name, else the e-mail address, else an id. */
export const labelOf = (subject: Named): string => subject.name ?? subject.email ?? subject.externalId ?? subject.id

/** Contacts and accounts by our ids, as lists show them. An id that is gone shows as itself. */
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
  label: labelOf(row),
})

export const goneView = (kind: 'contact' | 'account', id: string): SubjectView => ({
  kind,
  id,
  externalId: null,
  label: id,
})
