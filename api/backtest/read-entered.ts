import type pg from 'pg'
import type { Plan } from '../../engine/model/plan.ts'
import type { ClaimedBacktest } from './backtest-store.ts'

/**
 * When subjects entered the playbook last before the period, as `Backtest.enteredBefore` has it: whoever was in really
 * is not new to the draft either. Read only where the entry asks for it.
 */
export async function readEntered(
  client: pg.ClientBase,
  { workspaceId, playbookId, from }: Pick<ClaimedBacktest, 'workspaceId' | 'playbookId' | 'from'>,
  plan: Plan,
): Promise<ReadonlyMap<string, number>> {
  const { reentry } = plan.enrollment
  if (reentry.policy === 'every') return new Map()
  const { rows } = await client.query<{ entrant: string; last: number }>(
    `SELECT entrant, max(last) AS last FROM (
      SELECT subject_id || CASE WHEN $4 THEN coalesce(' ' || entry_key, '') ELSE '' END AS entrant,
        round(date_part('epoch', created_at) * 1000) AS last
      FROM runs WHERE workspace_id = $1 AND playbook_id = $2 AND created_at < to_timestamp($3::float8 / 1000.0)
      UNION ALL SELECT subject_id::text, round(date_part('epoch', last) * 1000) FROM former_runs
        WHERE workspace_id = $1 AND playbook_id = $2 AND last < to_timestamp($3::float8 / 1000.0) AND NOT $4
      UNION ALL SELECT subject_id || ' ' || entry_key, round(date_part('epoch', last) * 1000) FROM former_entries
        WHERE workspace_id = $1 AND playbook_id = $2 AND last < to_timestamp($3::float8 / 1000.0) AND $4) AS was
    GROUP BY entrant`,
    [workspaceId, playbookId, from, reentry.key !== undefined],
  )
  return new Map(rows.map(({ entrant, last }) => [entrant, last]))
}
