import type { Json } from '../../nodes/manifest.ts'
import type { MemberRow } from './audience-store.ts'
import type { Identity } from './contact-store.ts'
import { msOf, type Queryable, type Statement } from './sql.ts'

/** What a merge of two contacts moves, and how it is put back. All in the caller's transaction. */

export interface MergeContact {
  id: string
  externalId: string | null
  email: string | null
  name: string | null
  properties: { [name: string]: Json }
  links: { [app: string]: Json }
  mergedInto: string | null
  /** Milliseconds since 1970. */
  createdAt: number
}

const LOCK: Statement = {
  name: 'merge-lock',
  text: `
SELECT id, external_id AS "externalId", email, name, properties, links, merged_into AS "mergedInto", ${msOf('created_at')} AS "createdAt"
FROM contacts WHERE workspace_id = $1 AND id = ANY($2::uuid[]) ORDER BY id FOR UPDATE`,
}

/**
 * Reads contacts and keeps everybody else away from them: whoever writes something for a contact holds it, so that
 * nothing is written for one that is merged away.
 */
export function lockForMerge(q: Queryable, workspaceId: string, ids: string[]): Promise<MergeContact[]> {
  return q.rows<MergeContact>(LOCK, [workspaceId, ids])
}

/** One contact's account, and since when. */
export interface MovedAccount {
  accountId: string
  createdAt: string
  /** The winner was not in it before. */
  added: boolean
}

/** When somebody was last in a playbook, by runs that are kept and by those that are not. */
export interface FormerRuns {
  playbookId: string
  last: string
  /** When the winner was itself, before the merge. */
  winners: string | null
}

/** All that a merge changed and that cannot be told from what is there afterwards. */
export interface MergeUndo {
  identities: Identity[]
  accounts: MovedAccount[]
  events: {
    count: number
    /** Positions (seq) of the loser's events that its identities do not tell, and of the winner's that they would. */
    others: string[]
    winners: string[]
  }
  notes: string[]
  conversations: string[]
  /** Contacts that had been merged into the loser before. */
  pointers: string[]
  /** What the winner got, with e-mail and name among them. */
  properties: { [name: string]: Json }
  links: { [app: string]: Json }
  runs: string[]
  /** When the loser was last in which playbook; missing in merges of before it was noted. */
  former?: FormerRuns[]
  /** Runs that know of the winner by the merge alone. */
  people: string[]
  /** What was worked out for the loser. */
  members: MemberRow[]
  endedRuns: string[]
}

const MOVE_IDENTITIES: Statement = {
  name: 'merge-identities',
  text: `UPDATE identities SET contact_id = $2 WHERE workspace_id = $1 AND contact_id = $3 RETURNING kind, value`,
}
const MOVE_ACCOUNTS: Statement = {
  name: 'merge-accounts',
  text: `
WITH moved AS (
  DELETE FROM account_contacts WHERE workspace_id = $1 AND contact_id = $3 RETURNING account_id, created_at
), added AS (
  INSERT INTO account_contacts (workspace_id, account_id, contact_id, created_at)
  SELECT $1::uuid, account_id, $2::uuid, created_at FROM moved ORDER BY account_id ON CONFLICT DO NOTHING RETURNING account_id
)
SELECT m.account_id AS "accountId", to_json(m.created_at) #>> '{}' AS "createdAt", a.account_id IS NOT NULL AS added
FROM moved m LEFT JOIN added a USING (account_id) ORDER BY m.account_id`,
}
const ODD_EVENTS: Statement = {
  name: 'merge-odd-events',
  text: `
SELECT seq::text AS seq, contact_id AS "contactId" FROM events
WHERE workspace_id = $1 AND contact_id = ANY(ARRAY[$2::uuid, $3::uuid]) AND status = 'done'
  AND (contact_id = $2) = (subject_key = ANY($4::text[])) ORDER BY seq`,
}
const MOVE_EVENTS: Statement = {
  name: 'merge-events',
  text: `
WITH moved AS (
  UPDATE events SET contact_id = $2 WHERE workspace_id = $1 AND contact_id = $3 AND status = 'done' RETURNING name)
SELECT name, count(*)::int AS count FROM moved GROUP BY name`,
}
const MOVE_NOTES: Statement = {
  name: 'merge-notes',
  text: `UPDATE notes SET subject_id = $2 WHERE workspace_id = $1 AND subject = 'contact' AND subject_id = $3 RETURNING id`,
}
const MOVE_CONVERSATIONS: Statement = {
  name: 'merge-conversations',
  text: `UPDATE conversations SET contact_id = $2 WHERE workspace_id = $1 AND contact_id = $3 RETURNING id`,
}
const MOVE_POINTERS: Statement = {
  name: 'merge-pointers',
  text: `UPDATE contacts SET merged_into = $2 WHERE workspace_id = $1 AND merged_into = $3 RETURNING id`,
}
const MOVE_RUNS: Statement = {
  name: 'merge-runs',
  text: `UPDATE runs SET subject_id = $2 WHERE workspace_id = $1 AND subject_kind = 'contact' AND subject_id = $3 RETURNING id`,
}
// Of runs that are no longer kept, so that whoever was in a playbook once still was.
const FORMER: Statement = {
  name: 'merge-former',
  text: `
WITH was AS (
  SELECT playbook_id, subject_id, max(at) AS last FROM (
    SELECT playbook_id, subject_id, last AS at FROM former_runs WHERE workspace_id = $1 AND subject_id IN ($2, $3)
    UNION ALL
    SELECT playbook_id, subject_id, created_at FROM runs WHERE workspace_id = $1 AND subject_id IN ($2, $3)) AS entered
  GROUP BY 1, 2
)
SELECT l.playbook_id AS "playbookId", to_json(l.last) #>> '{}' AS last, to_json(w.last) #>> '{}' AS winners
FROM was l LEFT JOIN was w ON w.playbook_id = l.playbook_id AND w.subject_id = $2
WHERE l.subject_id = $3 ORDER BY 1`,
}
const MOVE_FORMER: Statement = {
  name: 'merge-move-former',
  text: `
WITH moved AS (DELETE FROM former_runs WHERE workspace_id = $1 AND subject_id = $3 RETURNING playbook_id, last)
INSERT INTO former_runs (workspace_id, playbook_id, subject_id, last)
SELECT $1::uuid, playbook_id, $2::uuid, last FROM moved ORDER BY 2
ON CONFLICT (workspace_id, playbook_id, subject_id) DO UPDATE SET last = greatest(former_runs.last, excluded.last)`,
}
const ADD_PEOPLE: Statement = {
  name: 'merge-run-people',
  text: `
INSERT INTO run_people (workspace_id, contact_id, run_id)
SELECT $1::uuid, $2::uuid, run_id FROM run_people WHERE workspace_id = $1 AND contact_id = $3 ON CONFLICT DO NOTHING
RETURNING run_id AS id`,
}
const TAKE_MEMBERS: Statement = {
  name: 'merge-members',
  text: `
DELETE FROM audience_members WHERE workspace_id = $1 AND subject_id = $2
RETURNING audience_id AS "audienceId", subject_id AS "subjectId", is_member AS "isMember", ${msOf('since')} AS since,
  ${msOf('valid_until')} AS "validUntil", value`,
}

/** How events name the one an identity stands for. @see parse-message.ts, subjectKey */
export const subjectKeysOf = (identities: Identity[]): string[] =>
  identities.flatMap(({ kind, value }) =>
    kind === 'user_id' ? [`u:${value}`] : kind === 'anonymous_id' ? [`a:${value}`] : [],
  )

export interface Moved {
  undo: Omit<MergeUndo, 'properties' | 'links' | 'endedRuns'>
  /** Names of the loser's events, of every kind of message. */
  eventNames: Set<string>
}

/** Moves all that hangs on the loser to the winner. */
export async function moveToWinner(
  q: Queryable,
  workspaceId: string,
  { winner, loser }: { winner: string; loser: string },
): Promise<Moved> {
  const values = [workspaceId, winner, loser]
  const ids = async (statement: Statement): Promise<string[]> =>
    (await q.rows<{ id: string }>(statement, values)).map((row) => row.id).sort()
  const identities = await q.rows<Identity>(MOVE_IDENTITIES, values)
  const odd = await q.rows<{ seq: string; contactId: string }>(ODD_EVENTS, [...values, subjectKeysOf(identities)])
  const accounts = await q.rows<MovedAccount>(MOVE_ACCOUNTS, values)
  const events = await q.rows<{ name: string | null; count: number }>(MOVE_EVENTS, values)
  const former = await q.rows<FormerRuns>(FORMER, values)
  await q.rows(MOVE_FORMER, values)
  const seqsOf = (contactId: string) => odd.filter((event) => event.contactId === contactId).map((event) => event.seq)
  return {
    undo: {
      identities,
      accounts,
      events: {
        count: events.reduce((sum, { count }) => sum + count, 0),
        others: seqsOf(loser),
        winners: seqsOf(winner),
      },
      notes: await ids(MOVE_NOTES),
      conversations: await ids(MOVE_CONVERSATIONS),
      pointers: await ids(MOVE_POINTERS),
      former,
      runs: await ids(MOVE_RUNS),
      people: await ids(ADD_PEOPLE),
      members: await q.rows<MemberRow>(TAKE_MEMBERS, [workspaceId, loser]),
    },
    eventNames: new Set(events.flatMap(({ name }) => (name === null ? [] : [name]))),
  }
}

const UPDATE_WINNER: Statement = {
  name: 'merge-update-winner',
  text: `
UPDATE contacts SET email = $3, name = $4, properties = $5::jsonb, links = $6::jsonb, updated_at = to_timestamp($7 / 1000.0)
WHERE workspace_id = $1 AND id = $2`,
}

export async function writeMergeContact(
  q: Queryable,
  workspaceId: string,
  contact: Pick<MergeContact, 'id' | 'email' | 'name' | 'properties' | 'links'> & { now: number },
): Promise<void> {
  const { id, email, name, properties, links, now } = contact
  await q.rows(UPDATE_WINNER, [workspaceId, id, email, name, JSON.stringify(properties), JSON.stringify(links), now])
}

const POINT: Statement = {
  name: 'merge-point',
  text: `UPDATE contacts SET merged_into = $3, updated_at = to_timestamp($4 / 1000.0) WHERE workspace_id = $1 AND id = $2`,
}

/** Makes the loser stand for the winner; null: for itself again. */
export async function pointTo(
  q: Queryable,
  workspaceId: string,
  { loser, winner, now }: { loser: string; winner: string | null; now: number },
): Promise<void> {
  await q.rows(POINT, [workspaceId, loser, winner, now])
}

export interface OpenRun {
  id: string
  playbookId: string
  subjectId: string
}

const OPEN_RUNS: Statement = {
  name: 'merge-open-runs',
  text: `
SELECT id, playbook_id AS "playbookId", subject_id AS "subjectId" FROM runs
WHERE workspace_id = $1 AND subject_kind = 'contact' AND subject_id = ANY($2::uuid[]) AND ended_at IS NULL
ORDER BY created_at, id`,
}

/** The oldest first. */
export function openRunsOf(q: Queryable, workspaceId: string, contactIds: string[]): Promise<OpenRun[]> {
  return q.rows<OpenRun>(OPEN_RUNS, [workspaceId, contactIds])
}

const KEEP_COMMANDS: Statement = {
  name: 'merge-commands',
  text: `
WITH given AS (SELECT unnest($2::text[]) AS run_id), kept AS (
  INSERT INTO run_commands (workspace_id, run_id, id, command, actor, at)
  SELECT $1::uuid, run_id, $3, $4::jsonb, $5, to_timestamp($6 / 1000.0) FROM given)
INSERT INTO run_outbox (workspace_id, run_id, id, at) SELECT $1::uuid, run_id, $3, to_timestamp($6 / 1000.0) FROM given`,
}

/** Writes down that runs are given a command, and that it is owed to them. */
export async function oweCommand(
  q: Queryable,
  workspaceId: string,
  owed: { runs: string[]; id: string; command: Json; actor: string; now: number },
): Promise<void> {
  if (owed.runs.length === 0) return
  const { runs, id, command, actor, now } = owed
  await q.rows(KEEP_COMMANDS, [workspaceId, runs, id, JSON.stringify(command), actor, now])
}

const INSERT_MERGE: Statement = {
  name: 'merge-insert',
  text: `
INSERT INTO merges (workspace_id, id, winner_id, loser_id, reason, actor, at, undo)
VALUES ($1, $2, $3, $4, $5::jsonb, $6, to_timestamp($7 / 1000.0), $8::jsonb)`,
}
const AUDIT: Statement = {
  name: 'merge-audit',
  text: `
INSERT INTO audit (workspace_id, id, at, actor, action, target, detail)
VALUES ($1, $2, to_timestamp($3 / 1000.0), $4, $5, $6, $7::jsonb)`,
}

export interface NewMerge {
  id: string
  winner: string
  loser: string
  reason: Json
  actor: string
  now: number
  undo: MergeUndo
}

export async function insertMerge(q: Queryable, workspaceId: string, merge: NewMerge): Promise<void> {
  const { id, winner, loser, reason, actor, now, undo } = merge
  const values = [workspaceId, id, winner, loser, JSON.stringify(reason), actor, now, JSON.stringify(undo)]
  await q.rows(INSERT_MERGE, values)
}

/** Where no request is behind it, so that the handlers' own audit has nobody to name. */
export async function auditMerge(
  q: Queryable,
  workspaceId: string,
  entry: { id: string; now: number; actor: string; action: string; target: string; detail: Json },
): Promise<void> {
  const { id, now, actor, action, target, detail } = entry
  await q.rows(AUDIT, [workspaceId, id, now, actor, action, target, JSON.stringify(detail)])
}
