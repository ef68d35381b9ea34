import { createHash, randomBytes } from 'node:crypto'
import type { ApiDeps, Context, Scoped } from '../context.ts'
import { problem } from '../problem.ts'
import { readPlaybook } from './playbook-store.ts'

export const webhookBelongsTo = (workspaceId: string, playbookId: string, step: string): string =>
  `webhook:${workspaceId}:${playbookId}:${step}`

export const hashToken = (token: string): Buffer => createHash('sha256').update(token).digest()

/** Gives every webhook trigger an address of its own; one that has one keeps it over all versions. */
export async function keepWebhookTokens(ctx: Context, playbookId: string, steps: string[]): Promise<void> {
  for (const step of steps) {
    const token = randomBytes(24).toString('base64url')
    await ctx.db
      .insertInto('webhook_tokens')
      .values({
        workspace_id: ctx.workspaceId,
        playbook_id: playbookId,
        step,
        token_hash: hashToken(token),
        sealed: ctx.vault.seal(webhookBelongsTo(ctx.workspaceId, playbookId, step), { token }),
        created_at: new Date(ctx.now),
      })
      .onConflict((conflict) => conflict.columns(['workspace_id', 'playbook_id', 'step']).doNothing())
      .execute()
  }
}

/** The address another system posts to. @throws ProblemError 409 before the step was published */
export async function webhookUrl(
  ctx: Scoped & Pick<ApiDeps, 'vault' | 'publicUrl'>,
  given: { slug: string; step: string },
): Promise<{ url: string }> {
  const playbook = await readPlaybook(ctx, given.slug)
  const row = await ctx.db
    .selectFrom('webhook_tokens')
    .select('sealed')
    .where('workspace_id', '=', ctx.workspaceId)
    .where('playbook_id', '=', playbook.id)
    .where('step', '=', given.step)
    .executeTakeFirst()
  if (row === undefined)
    throw problem(
      409,
      'WEBHOOK_NOT_PUBLISHED',
      'The webhook gets its address when it is published. Publish, then look again.',
    )
  const { token = '' } = ctx.vault.open(webhookBelongsTo(ctx.workspaceId, playbook.id, given.step), row.sealed)
  return { url: `${ctx.publicUrl}/hooks/in/${token}` }
}
