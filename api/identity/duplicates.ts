import { sql } from 'kysely'
import { writeAudit } from '../auth/audit.ts'
import { actorName } from '../auth/scopes.ts'
import type { Context } from '../context.ts'
import { goneView, subjectViews } from '../customers/subject-view.ts'
import { page, readCursor } from '../db/cursor.ts'
import { keepApart } from '../db/pair-store.ts'
import { onTransaction } from '../db/sql.ts'
import type { DuplicateListInput, DuplicateRow } from './identity-schemas.ts'
import { contactId, namedPair } from './merge-requests.ts'

const PAGE = 50

interface PairRow {
  one: string
  other: string
  reason: DuplicateRow['reason']
  found_at: Date
  first_id: string
  second_id: string
}

/** Contacts that each have an id of yours and share something that usually belongs to one person, the newest first. */
export async function listDuplicates(
  ctx: Context,
  input: DuplicateListInput,
): Promise<{ data: DuplicateRow[]; nextCursor: string | null }> {
  const limit = input.limit ?? PAGE
  const only = input.contact === undefined ? null : await contactId(ctx, input.contact)
  const [at = null, first = null, second = null] = input.cursor
    ? readCursor(input.cursor, ['instant', 'uuid', 'uuid'])
    : []
  // Of a merged contact counts whom it became; a pair that came to be one, or was said to be two, is no question any more.
  const { rows } = await sql<PairRow>`
    WITH pairs AS (
      SELECT p.status, p.reason, p.found_at, p.first_id, p.second_id,
        coalesce(f.merged_into, f.id) AS one, coalesce(s.merged_into, s.id) AS other
      FROM contact_pairs p
      JOIN contacts f ON f.workspace_id = p.workspace_id AND f.id = p.first_id
      JOIN contacts s ON s.workspace_id = p.workspace_id AND s.id = p.second_id
      WHERE p.workspace_id = ${ctx.workspaceId})
    SELECT one, other, reason, found_at, first_id, second_id FROM pairs
    WHERE status = 'possible' AND one <> other
      AND NOT EXISTS (SELECT 1 FROM pairs apart WHERE apart.status = 'apart'
        AND least(apart.one, apart.other) = least(pairs.one, pairs.other)
        AND greatest(apart.one, apart.other) = greatest(pairs.one, pairs.other))
      AND (${only}::uuid IS NULL OR ${only}::uuid IN (one, other))
      AND (${at}::timestamptz IS NULL OR found_at < ${at}::timestamptz
        OR (found_at = ${at}::timestamptz AND (first_id, second_id) > (${first}::uuid, ${second}::uuid)))
    ORDER BY found_at DESC, first_id, second_id LIMIT ${limit + 1}`.execute(ctx.db)
  const { data, nextCursor } = page(rows, limit, (row) => [row.found_at.toISOString(), row.first_id, row.second_id])
  const views = await subjectViews(
    ctx,
    data.flatMap(({ one, other }) => [one, other]),
  )
  const viewOf = (id: string) => views.get(id) ?? goneView('contact', id)
  return {
    data: data.map(({ one, other, reason, found_at }) => ({
      contacts: [viewOf(one), viewOf(other)],
      reason,
      foundAt: found_at.toISOString(),
    })),
    nextCursor,
  }
}

/** Says that two contacts are two persons: no rule merges them from now on. @throws ProblemError 404, 409 */
export async function setApart(
  ctx: Context,
  input: { contacts: [string, string] },
): Promise<{ contacts: [string, string] }> {
  const contacts = await namedPair(ctx, input.contacts)
  const actor = actorName(ctx.actor)
  await ctx.db.transaction().execute(async (trx) => {
    const reason = { kind: 'hand' }
    await keepApart(onTransaction(trx), ctx.workspaceId, { contacts, reason, actor, now: ctx.now })
    await writeAudit(trx, ctx, { action: 'contact.apart', target: contacts[0], detail: { other: contacts[1] } })
  })
  return { contacts }
}
