import type { Facts, Reads } from '../../engine/model/rule.ts'
import type { SubjectView } from '../audiences/audience-schemas.ts'
import { readAudiences, type Scope } from '../audiences/write-audience.ts'
import { view } from '../customers/subject-view.ts'
import { onTransaction } from '../db/sql.ts'
import { buildAudienceIndex, type SubjectKind } from '../dispatch/audience-index.ts'
import { loadSubjects, noNeeds } from '../dispatch/load-world.ts'
import { emptyWorld, factsOf } from '../dispatch/world.ts'

/** What a definition reads of these subjects now, in their order; whoever is gone is left out. */
export function loadFacts(
  ctx: Scope,
  { kind, ids }: { kind: SubjectKind; ids: readonly string[] },
  reads: Reads,
): Promise<Array<{ subject: SubjectView; facts: Facts }>> {
  return ctx.db
    .transaction()
    .setAccessMode('read only')
    .execute(async (trx) => {
      const index = buildAudienceIndex(await readAudiences({ ...ctx, db: trx }))
      const world = emptyWorld(ctx.workspaceId, ctx.now, () => '')
      const set = new Set(ids)
      const read = { ...noNeeds(), reads: [reads], lock: false }
      const needs = kind === 'contact' ? { ...read, contacts: set, evaluated: set } : { ...read, accounts: set }
      await loadSubjects(onTransaction(trx), world, { needs, index })
      return ids.flatMap((id) => {
        const subject = (kind === 'contact' ? world.contacts : world.accounts).get(id)
        if (subject === undefined) return []
        return [{ subject: view(kind, subject), facts: factsOf(world, { kind, id }, reads) }]
      })
    })
}

/** Ids of those that changed last: whoever is looked at while a definition is written should be alive. */
export async function newestSubjects(ctx: Scope, kind: SubjectKind, most: number): Promise<string[]> {
  const rows = await ctx.db
    .selectFrom(kind === 'contact' ? 'contacts' : 'accounts')
    .select('id')
    .where('workspace_id', '=', ctx.workspaceId)
    .orderBy('updated_at', 'desc')
    .orderBy('id')
    .limit(most)
    .execute()
  return rows.map(({ id }) => id)
}
