import type { Db } from '../db/database.ts'

/**
 * Who a contact is now, held until the transaction ends: no merge moves it away between the look and the write.
 * @returns our id of the contact it became where it was merged; null when there is none
 */
export async function holdContact(
  { db, workspaceId }: { db: Db; workspaceId: string },
  id: string,
): Promise<string | null> {
  let wanted = id
  for (;;) {
    const row = await db
      .selectFrom('contacts')
      .select(['id', 'merged_into'])
      .where('workspace_id', '=', workspaceId)
      .where('id', '=', wanted)
      .forKeyShare()
      .executeTakeFirst()
    if (row === undefined) return null
    if (row.merged_into === null) return row.id
    wanted = row.merged_into
  }
}
