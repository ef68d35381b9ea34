import type pg from 'pg'
import type { ClaimedBacktest } from './backtest-store.ts'

/** What really happened to a playbook in a period, over all its versions. */
export interface RealNumbers {
  entered: number
  /** How many of these runs stand how, by status. */
  statuses: { [status: string]: number }
  /** By code of the refusal. */
  refused: { [code: string]: number }
  /** Writes of these runs that landed, by step. */
  written: { [step: string]: number }
}

const PERIOD = `BETWEEN to_timestamp($3::float8 / 1000.0) AND to_timestamp($4::float8 / 1000.0)`

/** @returns null where no run began and none was refused */
export async function readReal(
  client: pg.ClientBase,
  { workspaceId, playbookId, from, until }: Pick<ClaimedBacktest, 'workspaceId' | 'playbookId' | 'from' | 'until'>,
): Promise<RealNumbers | null> {
  const counts = async (text: string): Promise<{ [name: string]: number }> => {
    const { rows } = await client.query<{ name: string; n: number }>(text, [workspaceId, playbookId, from, until])
    return Object.fromEntries(rows.map(({ name, n }) => [name, n]))
  }
  const statuses = await counts(`
    SELECT status AS name, count(*)::int AS n FROM runs
    WHERE workspace_id = $1 AND playbook_id = $2 AND created_at ${PERIOD} GROUP BY 1 ORDER BY 1`)
  const refused = await counts(`
    SELECT code AS name, count(*)::int AS n FROM enrollments
    WHERE workspace_id = $1 AND playbook_id = $2 AND outcome = 'refused' AND at ${PERIOD} GROUP BY 1 ORDER BY 1`)
  const entered = Object.values(statuses).reduce((sum, n) => sum + n, 0)
  if (entered === 0 && Object.keys(refused).length === 0) return null
  // A step within a list is written by its place, of which the step is the last part.
  const written = await counts(`
    SELECT regexp_replace(e.step, '^.*/', '') AS name, count(*)::int AS n FROM runs r
    JOIN effects e ON e.workspace_id = r.workspace_id AND e.run_id = r.id AND e.status = 'landed'
    WHERE r.workspace_id = $1 AND r.playbook_id = $2 AND r.created_at ${PERIOD} GROUP BY 1 ORDER BY 1`)
  return { entered, statuses, refused, written }
}
