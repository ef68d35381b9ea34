import { evaluate } from '../../engine/rules/evaluate.ts'
import { readsOf } from '../../engine/rules/reads.ts'
import { subjectPage } from '../db/audience-store.ts'
import { onTransaction } from '../db/sql.ts'
import { buildAudienceIndex } from '../dispatch/audience-index.ts'
import { loadSubjects, noNeeds } from '../dispatch/load-world.ts'
import { emptyWorld, factsOf } from '../dispatch/world.ts'
import { labelOf } from '../customers/subject-view.ts'
import type { Preview, PreviewInput } from './audience-schemas.ts'
import { checkAudienceRule } from './check-rule.ts'
import { readAudiences, type Scope } from './write-audience.ts'

const PAGE = 500
/** Enough to judge a rule by; a larger workspace is told how many were asked. */
const MOST = 20_000
const SAMPLE = 10

/**
 * Asks a rule for everybody, without keeping anything, by the same `evaluate` that will decide.
 * @throws ProblemError 422 when the rule cannot be asked
 */
export async function previewAudience(ctx: Scope, input: PreviewInput): Promise<Preview> {
  const audiences = await readAudiences(ctx)
  checkAudienceRule({ kind: 'segment', slug: '', ...input }, audiences)
  const index = buildAudienceIndex(audiences)
  const reads = readsOf(input.rule)
  const preview: Preview = { count: 0, checked: 0, total: await total(ctx, input.subject), sample: [] }
  let after: string | null = null
  do {
    const ids: string[] = await ctx.db
      .transaction()
      .setAccessMode('read only')
      .execute(async (trx) => {
        const q = onTransaction(trx)
        const page = await subjectPage(q, ctx.workspaceId, { subject: input.subject, after, most: PAGE })
        const world = emptyWorld(ctx.workspaceId, ctx.now, () => '')
        const set = new Set(page)
        const read = { ...noNeeds(), reads: [reads], lock: false }
        const needs =
          input.subject === 'contact' ? { ...read, contacts: set, evaluated: set } : { ...read, accounts: set }
        await loadSubjects(q, world, { needs, index })
        for (const id of page) {
          if (!evaluate(input.rule, factsOf(world, { kind: input.subject, id }), ctx.now).value) continue
          preview.count += 1
          const subject = (input.subject === 'contact' ? world.contacts : world.accounts).get(id)
          if (preview.sample.length < SAMPLE && subject) preview.sample.push({ id, label: labelOf(subject) })
        }
        return page
      })
    preview.checked += ids.length
    after = ids.length === PAGE ? (ids.at(-1) ?? null) : null
  } while (after !== null && preview.checked < MOST)
  return preview
}

async function total(ctx: Scope, subject: 'contact' | 'account'): Promise<number> {
  const row = await ctx.db
    .selectFrom(subject === 'contact' ? 'contacts' : 'accounts')
    .select((eb) => eb.fn.countAll<string>().as('n'))
    .where('workspace_id', '=', ctx.workspaceId)
    .executeTakeFirstOrThrow()
  return Number(row.n)
}
