import type { Db } from '../db/database.ts'
import { isOurId } from './subjects.ts'

interface Scope {
  db: Db
  workspaceId: string
}

/** Our id of a contact or account that is named by your own id or by ours; null when there is none. */
export async function findSubjectId(
  { db, workspaceId }: Scope,
  kind: 'contact' | 'account',
  name: string,
): Promise<string | null> {
  const row = await db
    .selectFrom(kind === 'contact' ? 'contacts' : 'accounts')
    .select('id')
    .where('workspace_id', '=', workspaceId)
    .where((eb) => eb.or([eb('external_id', '=', name), ...(isOurId(name) ? [eb('id', '=', name)] : [])]))
    // Should one's own id look like another's of ours, your naming wins.
    .orderBy(
      (eb) => eb('external_id', '=', name),
      (order) => order.desc().nullsLast(),
    )
    .limit(1)
    .executeTakeFirst()
  return row?.id ?? null
}
