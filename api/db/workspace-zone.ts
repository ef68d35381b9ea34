import type { Queryable, Statement } from './sql.ts'

const READ: Statement = {
  name: 'workspace-zone',
  text: 'SELECT time_zone AS "timeZone" FROM workspaces WHERE id = $1',
}

/** The IANA name of the workspace's time zone. */
export async function workspaceZone(q: Queryable, workspaceId: string): Promise<string> {
  const [row] = await q.rows<{ timeZone: string }>(READ, [workspaceId])
  if (row === undefined) throw new Error(`There is no workspace ${workspaceId}.`)
  return row.timeZone
}
