import type { Queryable, Statement } from './sql.ts'

/** What a workspace says about the messages it takes. */
export interface IngestSettings {
  /** Names of events that are not processed. */
  ignored: Set<string>
  /** Names of properties that are not stored. */
  blocked: { contact: Set<string>; account: Set<string> }
  /** Hashes, in base64, of people whose messages are not stored. */
  suppressed: Set<string>
  /** Changes whenever one of the above does. */
  stamp: string
}

const STAMP: Statement = {
  name: 'ingest-settings-stamp',
  text: `
SELECT concat_ws(' ',
  (SELECT concat(count(*), '/', max(updated_at)) FROM event_settings WHERE workspace_id = $1),
  (SELECT concat(count(*), '/', max(updated_at)) FROM property_settings WHERE workspace_id = $1),
  (SELECT concat(count(*), '/', max(created_at)) FROM suppressed_identities WHERE workspace_id = $1)) AS stamp`,
}

const READ: Statement = {
  name: 'ingest-settings-read',
  text: `
SELECT 'ignored' AS what, name AS value FROM event_settings WHERE workspace_id = $1 AND ignored
UNION ALL SELECT subject, name FROM property_settings WHERE workspace_id = $1 AND blocked
UNION ALL SELECT 'suppressed', encode(hash, 'base64') FROM suppressed_identities WHERE workspace_id = $1`,
}

/**
 * Reads a workspace's settings, all of them only where they have changed.
 * @param known as read before
 */
export async function readIngestSettings(
  q: Queryable,
  workspaceId: string,
  known?: IngestSettings,
): Promise<IngestSettings> {
  // Before the rest: what changes in between is read again the next time.
  const [row] = await q.rows<{ stamp: string }>(STAMP, [workspaceId])
  const stamp = row?.stamp ?? ''
  if (known?.stamp === stamp) return known
  const settings: IngestSettings = {
    ignored: new Set(),
    blocked: { contact: new Set(), account: new Set() },
    suppressed: new Set(),
    stamp,
  }
  for (const { what, value } of await q.rows<{ what: string; value: string }>(READ, [workspaceId]))
    if (what === 'ignored') settings.ignored.add(value)
    else if (what === 'suppressed') settings.suppressed.add(value)
    else if (what === 'contact' || what === 'account') settings.blocked[what].add(value)
  return settings
}
