import type { z } from 'zod'
import { writeAudit } from '../auth/audit.ts'
import type { Context } from '../context.ts'
import { type ContactRules, readContactRules, writeContactRules } from '../db/contact-rules-store.ts'
import { onPool, onTransaction } from '../db/sql.ts'
import { procedure, router } from '../trpc.ts'
import { contactRulesInput } from './contact-rules-schemas.ts'

const tags = ['Workspace']
const path = '/v1/contact-rules'

export const contactRulesRouter = router({
  read: procedure({
    scope: 'playbooks:read',
    rest: { method: 'GET', path, tags, summary: 'Caps, quiet hours and the holdout group of the workspace' },
  })
    .output(contactRulesInput)
    .query(({ ctx }) => readContactRules(onPool(ctx.pool), ctx.workspaceId)),

  change: procedure({
    scope: 'admin',
    rest: {
      method: 'PUT',
      path,
      tags,
      summary: 'Changes how often and when people may be written to, and who stays out of playbooks',
      description:
        'A step that would go beyond a cap is left out, and its run goes on and says so; in quiet hours it waits for ' +
        'their end. Actions that are marked as transactional are not held back. Who is in the holdout group is drawn ' +
        'by their id: the same while the percent stays, and with more percent the same and more.',
    },
  })
    .input(contactRulesInput)
    .output(contactRulesInput)
    .mutation(({ ctx, input }) => changeContactRules(ctx, input)),
})

async function changeContactRules(ctx: Context, rules: z.output<typeof contactRulesInput>): Promise<ContactRules> {
  const { workspaceId, now } = ctx
  await ctx.db.transaction().execute(async (trx) => {
    const q = onTransaction(trx)
    const was = await readContactRules(q, workspaceId)
    await writeContactRules(q, workspaceId, { ...rules, now })
    const detail = JSON.parse(JSON.stringify({ from: was, to: rules }))
    await writeAudit(trx, ctx, { action: 'workspace.contactRules', target: workspaceId, detail })
  })
  return rules
}
