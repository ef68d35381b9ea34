import type { Json } from '../../nodes/manifest.ts'
import type { MergeUndo } from './merge-store.ts'
import { subjectKeysOf } from './merge-store.ts'
import { msOf, type Queryable, type Statement } from './sql.ts'

/** Puts back what a merge moved. All in the caller's transaction. */

export interface StoredMerge {
  id: string
  winner: string
  loser: string
  /** Milliseconds since 1970. */
  at: number
  seq: string
  undo: MergeUndo
  undoneAt: number | null
}

const LOCK: Statement = {
  name: 'unmerge-lock',
  text: `
SELECT id, winner_id AS winner, loser_id AS loser, ${msOf('at')} AS at, seq::text AS seq, undo, ${msOf('undone_at')} AS "undoneAt"
FROM merges WHERE workspace_id = $1 AND id = $2 FOR UPDATE`,
}

export async function lockMerge(q: Queryable, workspaceId: string, id: string): Promise<StoredMerge | null> {
  return (await q.rows<StoredMerge>(LOCK, [workspaceId, id]))[0] ?? null
}

const COVERING: Statement = {
  name: 'unmerge-covering',
  text: `
SELECT id FROM merges WHERE workspace_id = $1 AND undone_at IS NULL AND seq > $2::bigint
  AND (winner_id = ANY($3::uuid[]) OR loser_id = ANY($3::uuid[])) ORDER BY seq DESC LIMIT 1`,
}

/** The newest merge that was made on top of this one and stands. */
export async function coveringMerge(q: Queryable, workspaceId: string, merge: StoredMerge): Promise<string | null> {
  const rows = await q.rows<{ id: string }>(COVERING, [workspaceId, merge.seq, [merge.winner, merge.loser]])
  return rows[0]?.id ?? null
}

const BACK_IDENTITIES: Statement = {
  name: 'unmerge-identities',
  text: `
UPDATE identities i SET contact_id = $3 FROM json_to_recordset($4::json) AS x(kind text, value text)
WHERE i.workspace_id = $1 AND i.contact_id = $2 AND i.kind = x.kind AND i.value = x.value`,
}
const BACK_EVENTS: Statement = {
  name: 'unmerge-events',
  text: `
WITH moved AS (
  UPDATE events SET contact_id = $3 WHERE workspace_id = $1 AND contact_id = $2 AND status = 'done'
    AND (seq = ANY($5::bigint[]) OR (subject_key = ANY($4::text[]) AND NOT seq = ANY($6::bigint[]))) RETURNING name)
SELECT DISTINCT name FROM moved`,
}
// An account that the winner was told to be in by its own calls, since the merge, stays its account.
const LEAVE_ACCOUNTS: Statement = {
  name: 'unmerge-leave-accounts',
  text: `
DELETE FROM account_contacts a WHERE a.workspace_id = $1 AND a.contact_id = $2
  AND NOT EXISTS (SELECT 1 FROM events e WHERE e.workspace_id = $1 AND e.contact_id = $2 AND e.account_id = a.account_id
    AND e.kind = 'group' AND e.name IS NULL AND e.status = 'done')
  AND (a.account_id = ANY($4::uuid[]) OR (a.created_at >= to_timestamp($5 / 1000.0)
    AND EXISTS (SELECT 1 FROM events e WHERE e.workspace_id = $1 AND e.contact_id = $3 AND e.account_id = a.account_id
      AND e.kind = 'group' AND e.name IS NULL AND e.status = 'done' AND e.processed_at >= to_timestamp($5 / 1000.0))))`,
}
const BACK_ACCOUNTS: Statement = {
  name: 'unmerge-accounts',
  text: `
INSERT INTO account_contacts (workspace_id, account_id, contact_id, created_at)
SELECT $1::uuid, a.id, $2::uuid, min(was.at) FROM (
  SELECT x."accountId" AS id, x."createdAt" AS at FROM json_to_recordset($3::json) AS x("accountId" uuid, "createdAt" timestamptz)
  UNION ALL
  SELECT e.account_id, e.processed_at FROM events e WHERE e.workspace_id = $1 AND e.contact_id = $2 AND e.kind = 'group'
    AND e.name IS NULL AND e.status = 'done' AND e.processed_at >= to_timestamp($4 / 1000.0)) AS was
JOIN accounts a ON a.workspace_id = $1 AND a.id = was.id
GROUP BY a.id ORDER BY a.id ON CONFLICT DO NOTHING`,
}
const BACK_NOTES: Statement = {
  name: 'unmerge-notes',
  text: `UPDATE notes SET subject_id = $3 WHERE workspace_id = $1 AND subject_id = $2 AND id = ANY($4::uuid[])`,
}
const BACK_CONVERSATIONS: Statement = {
  name: 'unmerge-conversations',
  text: `
UPDATE conversations SET contact_id = $3 WHERE workspace_id = $1 AND contact_id = $2
  AND (id = ANY($4::uuid[]) OR participant[1] = ANY($5::text[]))`,
}
const BACK_POINTERS: Statement = {
  name: 'unmerge-pointers',
  text: `UPDATE contacts SET merged_into = $3 WHERE workspace_id = $1 AND merged_into = $2 AND id = ANY($4::uuid[])`,
}
const BACK_RUNS: Statement = {
  name: 'unmerge-runs',
  text: `UPDATE runs SET subject_id = $3 WHERE workspace_id = $1 AND subject_id = $2 AND id = ANY($4::text[])`,
}
// What the winner was said to have been in because the loser was.
const TAKE_FORMER: Statement = {
  name: 'unmerge-take-former',
  text: `
DELETE FROM former_runs f USING json_to_recordset($3::json) AS x("playbookId" uuid, last timestamptz, winners timestamptz)
WHERE f.workspace_id = $1 AND f.subject_id = $2 AND f.playbook_id = x."playbookId" AND f.last = x.last
  AND (x.winners IS NULL OR x.winners < x.last)`,
}
// After the runs went back: of those that are still kept the runs themselves tell it.
const BACK_FORMER: Statement = {
  name: 'unmerge-former',
  text: `
INSERT INTO former_runs (workspace_id, playbook_id, subject_id, last)
SELECT $1::uuid, was.id, was.subject_id, was.last FROM (
  SELECT x."playbookId" AS id, who.subject_id, who.last
  FROM json_to_recordset($4::json) AS x("playbookId" uuid, last timestamptz, winners timestamptz),
  LATERAL (VALUES ($3::uuid, x.last), ($2::uuid, x.winners)) AS who(subject_id, last)) AS was
WHERE was.last IS NOT NULL AND NOT EXISTS (SELECT 1 FROM runs r WHERE r.workspace_id = $1 AND r.playbook_id = was.id
  AND r.subject_id = was.subject_id AND r.created_at >= was.last)
ORDER BY 2, 3
ON CONFLICT (workspace_id, playbook_id, subject_id) DO UPDATE SET last = greatest(former_runs.last, excluded.last)`,
}
const FORGET_PEOPLE: Statement = {
  name: 'unmerge-run-people',
  text: `DELETE FROM run_people WHERE workspace_id = $1 AND contact_id = $2 AND run_id = ANY($3::text[])`,
}

/** Gives the loser back what it brought, and what came for it since. @returns names of its events */
export async function moveToLoser(q: Queryable, workspaceId: string, merge: StoredMerge): Promise<Set<string>> {
  const { winner, loser, undo, at } = merge
  const pair = [workspaceId, winner, loser]
  await q.rows(BACK_IDENTITIES, [...pair, JSON.stringify(undo.identities)])
  const { others, winners } = undo.events
  const events = await q.rows<{ name: string | null }>(BACK_EVENTS, [
    ...pair,
    subjectKeysOf(undo.identities),
    others,
    winners,
  ])
  const added = undo.accounts.filter((account) => account.added).map((account) => account.accountId)
  await q.rows(LEAVE_ACCOUNTS, [...pair, added, at])
  await q.rows(BACK_ACCOUNTS, [workspaceId, loser, JSON.stringify(undo.accounts), at])
  await q.rows(BACK_NOTES, [...pair, undo.notes])
  const keys = undo.identities.map(({ kind, value }) => `${kind}:${value}`)
  await q.rows(BACK_CONVERSATIONS, [...pair, undo.conversations, keys])
  await q.rows(BACK_POINTERS, [...pair, undo.pointers])
  await q.rows(BACK_RUNS, [...pair, undo.runs])
  const former = JSON.stringify(undo.former ?? [])
  await q.rows(TAKE_FORMER, [workspaceId, winner, former])
  await q.rows(BACK_FORMER, [...pair, former])
  await q.rows(FORGET_PEOPLE, [workspaceId, winner, undo.people])
  return new Set(events.flatMap(({ name }) => (name === null ? [] : [name])))
}

const NOTE: Statement = {
  name: 'unmerge-note',
  text: `
UPDATE merges SET undone_at = to_timestamp($3 / 1000.0), undone_by = $4, undo = undo || $5::jsonb
WHERE workspace_id = $1 AND id = $2`,
}

/** @param kept properties that stay with the winner because they were changed since */
export async function noteUndone(
  q: Queryable,
  workspaceId: string,
  undone: { id: string; now: number; actor: string; kept: string[] },
): Promise<void> {
  const kept: Json = { kept: undone.kept }
  await q.rows(NOTE, [workspaceId, undone.id, undone.now, undone.actor, JSON.stringify(kept)])
}
