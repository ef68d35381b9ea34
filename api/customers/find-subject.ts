import type { Db } from '../db/database.ts'
import { canBeThere } from '../rules-sql/bind.ts'
import { isOurId } from './subjects.ts'

interface Scope {
  db: Db
  workspaceId: string
}

/**
 * Our id of a contact or account that is named by your own id or by ours; null when there is none. A contact that was
 * merged is whom it became, and every id of yours names it.
 */
export async function findSubjectId(scope: Scope, kind: 'contact' | 'account', name: string): Promise<string | null> {
  // What the database cannot hold names nobody.
  if (!canBeThere(name)) return null
  return kind === 'account' ? findAccountId(scope, name) : findContactId(scope, name)
}

async function findAccountId({ db, workspaceId }: Scope, name: string): Promise<string | null> {
  const row = await db
    .selectFrom('accounts')
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

async function findContactId({ db, workspaceId }: Scope, name: string): Promise<string | null> {
  const known = await db
    .selectFrom('identities')
    .select('contact_id')
    .where('workspace_id', '=', workspaceId)
    .where('kind', '=', 'user_id')
    .where('value', '=', name)
    .executeTakeFirst()
  if (known) return known.contact_id
  const row = await db
    .selectFrom('contacts')
    .select(['id', 'merged_into'])
    .where('workspace_id', '=', workspaceId)
    .where((eb) => eb.or([eb('external_id', '=', name), ...(isOurId(name) ? [eb('id', '=', name)] : [])]))
    .orderBy(
      (eb) => eb('external_id', '=', name),
      (order) => order.desc().nullsLast(),
    )
    .limit(1)
    .executeTakeFirst()
  return row ? (row.merged_into ?? row.id) : null
}
