import { farWindowIssue, farWindows } from '../../engine/rules/far-windows.ts'
import type { Scoped } from '../context.ts'
import type { Audience } from '../dispatch/audience-index.ts'
import { problem } from '../problem.ts'
import type { WrittenAudience } from './check-rule.ts'
import { rulesOfAudience } from './rules-of-audience.ts'

/**
 * That a rule looks no further back than the workspace keeps events: from then on its answer would be wrong and nobody
 * would see it. Asked where a rule is kept; a preview may look at what is there.
 * @throws ProblemError 422 naming the event, the days asked and the days kept
 */
export async function checkKept({ db, workspaceId }: Scoped, written: WrittenAudience): Promise<void> {
  const { days } = await db
    .selectFrom('workspaces')
    .select('keep_events_days as days')
    .where('id', '=', workspaceId)
    .executeTakeFirstOrThrow()
  // Kind and rule belong together: the caller has checked the rule by the kind's own schema.
  const audience = { ...written, id: '' } as Audience
  const problems = farWindows(rulesOfAudience(audience), days).map((found) => {
    const { message, fix } = farWindowIssue(found, days)
    return { path: 'rule', message: `${message} ${fix}` }
  })
  if (problems.length > 0) throw problem(422, 'RULE_INVALID', { detail: problems[0]?.message ?? '', problems })
}
