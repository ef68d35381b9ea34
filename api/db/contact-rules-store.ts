import type { Channel } from '../../nodes/define.ts'
import type { Cap, QuietHours, QuietIn } from '../../engine/model/contact-rules.ts'
import { namedZone } from '../../nodes/time-zone.ts'
import { msOf, type Queryable, type Statement } from './sql.ts'

/** What a workspace says of reaching people, and the places that were taken under its caps. */

export interface ContactRules {
  caps: Cap[]
  quiet: QuietHours | null
  holdoutPercent: number
}

export const NO_CONTACT_RULES: ContactRules = { caps: [], quiet: null, holdoutPercent: 0 }

const READ: Statement = {
  name: 'contact-rules',
  text: 'SELECT caps, quiet, holdout_percent AS "holdoutPercent" FROM contact_rules WHERE workspace_id = $1',
}

export async function readContactRules(q: Queryable, workspaceId: string): Promise<ContactRules> {
  const [row] = await q.rows<ContactRules>(READ, [workspaceId])
  return row ?? NO_CONTACT_RULES
}

/** With the zone that quiet hours go by. */
export type RulesInForce = Omit<ContactRules, 'quiet'> & { quiet: QuietIn | null }

const IN_FORCE: Statement = {
  name: 'contact-rules-in-force',
  text: `SELECT r.caps, r.quiet, r.holdout_percent AS "holdoutPercent", w.time_zone AS "timeZone"
    FROM contact_rules r JOIN workspaces w ON w.id = r.workspace_id WHERE r.workspace_id = $1`,
}

/** What holds now, for those who keep to it. */
export async function rulesInForce(q: Queryable, workspaceId: string): Promise<RulesInForce> {
  const [row] = await q.rows<ContactRules & { timeZone: string }>(IN_FORCE, [workspaceId])
  if (row === undefined) return { ...NO_CONTACT_RULES, quiet: null }
  const { timeZone, quiet, ...rules } = row
  return { ...rules, quiet: quiet && { ...quiet, zone: namedZone(quiet.zone) ?? timeZone } }
}

const WRITE: Statement = {
  name: 'contact-rules-write',
  text: `INSERT INTO contact_rules (workspace_id, caps, quiet, holdout_percent, updated_at)
    VALUES ($1, $2::jsonb, $3::jsonb, $4, to_timestamp($5 / 1000.0))
    ON CONFLICT (workspace_id) DO UPDATE SET caps = EXCLUDED.caps, quiet = EXCLUDED.quiet,
      holdout_percent = EXCLUDED.holdout_percent, updated_at = EXCLUDED.updated_at`,
}

export async function writeContactRules(
  q: Queryable,
  workspaceId: string,
  { caps, quiet, holdoutPercent, now }: ContactRules & { now: number },
): Promise<void> {
  await q.rows(WRITE, [workspaceId, JSON.stringify(caps), quiet && JSON.stringify(quiet), holdoutPercent, now])
}

const ZONE: Statement = {
  name: 'person-zone',
  text: `SELECT coalesce(
    (SELECT properties ->> $3 FROM contacts WHERE workspace_id = $1 AND id = $2),
    (SELECT properties ->> $3 FROM accounts WHERE workspace_id = $1 AND id = $2)) AS zone`,
}

/** What the property holds, whatever that is. */
export async function zoneNamed(
  q: Queryable,
  workspaceId: string,
  { personId, property }: { personId: string; property: string },
): Promise<string | null> {
  const [row] = await q.rows<{ zone: string | null }>(ZONE, [workspaceId, personId, property])
  return row?.zone ?? null
}

export interface Place {
  key: string
  channel: Channel
  personId: string
}

const LOCK: Statement = { name: 'sends-lock', text: 'SELECT pg_advisory_xact_lock(hashtextextended($1, 92))' }

/** Of two that ask for a person's last place the second waits, and sees that it is gone. */
export async function lockPerson(q: Queryable, workspaceId: string, personId: string): Promise<void> {
  await q.rows(LOCK, [`${workspaceId} ${personId}`])
}

// What failed for good took no place. A contact was sent what everybody was sent that it has become.
const SENT: Statement = {
  name: 'sends-of',
  text: `SELECT s.key, ${msOf('s.at')} AS at FROM contact_sends s
    LEFT JOIN effects e ON e.workspace_id = s.workspace_id AND e.key = s.key
    WHERE s.workspace_id = $1 AND s.channel = $3 AND s.at > to_timestamp($4 / 1000.0) AND e.status IS DISTINCT FROM 'failed'
      AND s.person_id = ANY (ARRAY(SELECT $2::uuid UNION ALL SELECT id FROM contacts WHERE workspace_id = $1 AND merged_into = $2))`,
}

/** When the person was sent what, by key of the effect. */
export const sentTo = (
  q: Queryable,
  workspaceId: string,
  { personId, channel, since }: Omit<Place, 'key'> & { since: number },
): Promise<Array<{ key: string; at: number }>> => q.rows(SENT, [workspaceId, personId, channel, since])

const TAKE: Statement = {
  name: 'sends-take',
  text: `WITH old AS (
      DELETE FROM contact_sends WHERE workspace_id = $1 AND person_id = $3 AND channel = $4 AND at <= to_timestamp($6 / 1000.0))
    INSERT INTO contact_sends (workspace_id, key, person_id, channel, at) VALUES ($1, $2, $3, $4, to_timestamp($5 / 1000.0))
    ON CONFLICT (workspace_id, key) DO UPDATE SET at = EXCLUDED.at`,
}

/** @param since before that nobody counts any more */
export async function takePlace(
  q: Queryable,
  workspaceId: string,
  { key, personId, channel, now, since }: Place & { now: number; since: number },
): Promise<void> {
  await q.rows(TAKE, [workspaceId, key, personId, channel, now, since])
}
