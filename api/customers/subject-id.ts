import { sql } from 'kysely'
import type { Scope } from '../audiences/write-audience.ts'
import { notFound } from '../problem.ts'
import { findSubjectId } from './find-subject.ts'
import type { CustomerKind } from './sort-order.ts'

/**
 * Our id of a subject that is asked for by your own id or by ours; of a contact that was merged into another, the
 * other's.
 * @throws ProblemError 404
 */
export async function subjectId(ctx: Scope, kind: CustomerKind, name: string): Promise<string> {
  const found = await findSubjectId(ctx, kind, name)
  if (found === null) throw notFound(kind, name)
  if (kind === 'account') return found
  const { rows } = await sql<{ id: string }>`
    WITH RECURSIVE became AS (
      SELECT id, merged_into FROM contacts WHERE workspace_id = ${ctx.workspaceId} AND id = ${found}
      UNION
      SELECT contacts.id, contacts.merged_into FROM became JOIN contacts
        ON contacts.workspace_id = ${ctx.workspaceId} AND contacts.id = became.merged_into)
    SELECT id FROM became WHERE merged_into IS NULL`.execute(ctx.db)
  const [last] = rows
  if (last === undefined) throw notFound(kind, name)
  return last.id
}
