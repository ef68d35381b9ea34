import type { Queryable, Statement } from './sql.ts'

/** Pairs of contacts that are perhaps one person, or that a person said are two. */

// Of a merged contact counts whom it became: who is kept apart from one is kept apart from the other.
const APART: Statement = {
  name: 'contact-pairs-apart',
  text: `
SELECT 1 FROM contact_pairs p
JOIN contacts f ON f.workspace_id = p.workspace_id AND f.id = p.first_id
JOIN contacts s ON s.workspace_id = p.workspace_id AND s.id = p.second_id
WHERE p.workspace_id = $1 AND p.status = 'apart'
  AND ((coalesce(f.merged_into, f.id) = $2 AND coalesce(s.merged_into, s.id) = $3)
    OR (coalesce(f.merged_into, f.id) = $3 AND coalesce(s.merged_into, s.id) = $2)) LIMIT 1`,
}

export async function areApart(q: Queryable, workspaceId: string, [one, other]: [string, string]): Promise<boolean> {
  return (await q.rows(APART, [workspaceId, one, other])).length > 0
}

const DECIDE: Statement = {
  name: 'contact-pairs-decide',
  text: `
INSERT INTO contact_pairs (workspace_id, first_id, second_id, status, reason, found_at, decided_by, decided_at)
VALUES ($1, least($2::uuid, $3::uuid), greatest($2::uuid, $3::uuid), 'apart', $4::jsonb, to_timestamp($5 / 1000.0), $6, to_timestamp($5 / 1000.0))
ON CONFLICT (workspace_id, first_id, second_id) DO UPDATE
SET status = 'apart', decided_by = excluded.decided_by, decided_at = excluded.decided_at`,
}

/** Keeps two contacts apart from now on. */
export async function keepApart(
  q: Queryable,
  workspaceId: string,
  given: { contacts: [string, string]; reason: { kind: string; [more: string]: string }; actor: string; now: number },
): Promise<void> {
  const { contacts, reason, actor, now } = given
  await q.rows(DECIDE, [workspaceId, ...contacts, JSON.stringify(reason), now, actor])
}

const FORGET: Statement = {
  name: 'contact-pairs-forget',
  text: `
DELETE FROM contact_pairs
WHERE workspace_id = $1 AND first_id = least($2::uuid, $3::uuid) AND second_id = greatest($2::uuid, $3::uuid)`,
}

/** A person says that they are one after all. */
export async function forgetPair(q: Queryable, workspaceId: string, contacts: [string, string]): Promise<void> {
  await q.rows(FORGET, [workspaceId, ...contacts])
}
