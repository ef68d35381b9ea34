import { type Entrant, IN_LINE } from './enrollment-store.ts'
import type { Queryable, Statement } from './sql.ts'

/**
 * Runs of one playbook and subject (and key) that take turns. One that waits has a place and is in no workflow yet; it is
 * let start by whoever finds that no run of its line goes on (`startNextInLine`), so that nothing hangs on the process
 * in which the one before it ended.
 */

/** The newest of a line where only the newest waits. */
export interface LastInLine extends Entrant {
  runId: string
  /** Whether the run that goes on is told to end. */
  replaces: boolean
}

const GIVEN = `x AS (
  SELECT given.*, r.place AS before FROM json_to_recordset($2::json) AS given("runId" text, "playbookId" uuid, "subjectId" uuid, key text, replaces bool)
  JOIN runs r ON r.workspace_id = $1 AND r.id = given."runId")`
const OF_LINE = `r.workspace_id = $1 AND r.playbook_id = x."playbookId" AND r.subject_id = x."subjectId"
  AND (x.key IS NULL OR r.entry_key = x.key)`
/** Another run waits for its end: it is told of an end by the run itself, so that must begin. */
const CALLED =
  'EXISTS (SELECT 1 FROM run_calls c WHERE c.workspace_id = r.workspace_id AND c.run_id = r.id AND c.waits)'

const SUPERSEDE: Statement = {
  name: 'line-supersede',
  text: `
WITH ${GIVEN}
UPDATE runs r SET status = 'exited', reason = 'replaced', ended_at = to_timestamp($3 / 1000.0), updated_at = to_timestamp($3 / 1000.0)
FROM x WHERE ${OF_LINE} AND ${IN_LINE} AND r.place < x.before AND NOT ${CALLED}`,
}

// A command is owed until it is handed over, as those of merges are.
const TELL: Statement = {
  name: 'line-tell',
  text: `
WITH ${GIVEN}, told AS (
  SELECT DISTINCT r.id FROM x JOIN runs r ON ${OF_LINE} AND r.ended_at IS NULL AND r.id <> x."runId"
    AND CASE WHEN ${IN_LINE} THEN r.place < x.before ELSE x.replaces END
), kept AS (
  INSERT INTO run_commands (workspace_id, run_id, id, command, actor, at)
  SELECT $1::uuid, id, $4, '{"kind":"exit","reason":"replaced"}', 'signalbox', to_timestamp($3 / 1000.0) FROM told
  ON CONFLICT DO NOTHING)
INSERT INTO run_outbox (workspace_id, run_id, id, at) SELECT $1::uuid, id, $4, to_timestamp($3 / 1000.0) FROM told
ON CONFLICT DO NOTHING`,
}

/**
 * Ends what waits before the newest of each line, and tells the open ones to end where the newest replaces them. In the
 * transaction that lets the newest in, which holds the subjects.
 * @param id of the commands
 */
export async function supersede(
  q: Queryable,
  workspaceId: string,
  { lines, id, now }: { lines: LastInLine[]; id: string; now: number },
): Promise<void> {
  if (lines.length === 0) return
  await q.rows(SUPERSEDE, [workspaceId, JSON.stringify(lines), now])
  await q.rows(TELL, [workspaceId, JSON.stringify(lines), now, id])
}

/** A run that waits, though none of its line goes on. */
export interface NextInLine {
  workspaceId: string
  runId: string
  subjectId: string
}

const goesOn = (waiting: string): string => `EXISTS (
  SELECT 1 FROM runs o WHERE o.workspace_id = ${waiting}.workspace_id AND o.playbook_id = ${waiting}.playbook_id
    AND o.subject_id = ${waiting}.subject_id AND (${waiting}.entry_key IS NULL OR o.entry_key = ${waiting}.entry_key)
    AND o.ended_at IS NULL AND (o.place IS NULL OR o.started))`

const NEXT: Statement = {
  name: 'line-next',
  text: `
SELECT DISTINCT ON (r.workspace_id, r.playbook_id, r.subject_id, r.entry_key)
  r.workspace_id AS "workspaceId", r.id AS "runId", r.subject_id AS "subjectId" FROM runs r
WHERE ${IN_LINE} AND NOT ${goesOn('r')}
ORDER BY r.workspace_id, r.playbook_id, r.subject_id, r.entry_key, r.place LIMIT $1`,
}

/** Over all workspaces, the first of each line in which none goes on. */
export const nextInLine = (q: Queryable, limit: number): Promise<NextInLine[]> => q.rows(NEXT, [limit])

const LEAVE: Statement = {
  name: 'line-leave',
  text: `
UPDATE runs r SET place = NULL, reason = NULL, updated_at = to_timestamp($3 / 1000.0)
WHERE r.workspace_id = $1 AND r.id = $2 AND ${IN_LINE} AND NOT ${goesOn('r')} RETURNING r.id`,
}

/**
 * Lets a run leave the line, in a transaction that holds its subject.
 * @returns whether it is to be started now; false where another one has begun, or it ended
 */
export async function leaveLine(q: Queryable, { workspaceId, runId }: NextInLine, now: number): Promise<boolean> {
  return (await q.rows(LEAVE, [workspaceId, runId, now])).length > 0
}
