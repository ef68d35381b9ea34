import { writeAudit } from '../auth/audit.ts'
import { actorName, allows } from '../auth/scopes.ts'
import type { Context } from '../context.ts'
import { forbidden } from '../trpc.ts'
import type { EventSettingChange, PropertySettingChange } from './settings-schemas.ts'

type Writer = Pick<Context, 'db' | 'workspaceId' | 'now' | 'actor' | 'ingest'>

/** Other processes know of it within 4 s. */
export async function changeEventSetting(ctx: Writer, change: EventSettingChange): Promise<{ name: string }> {
  const { name, ...said } = change
  const by = { updated_by: actorName(ctx.actor), updated_at: new Date(ctx.now) }
  await ctx.db.transaction().execute(async (trx) => {
    await trx
      .insertInto('event_settings')
      .values({ workspace_id: ctx.workspaceId, name, ...said, ...by })
      .onConflict((on) => on.columns(['workspace_id', 'name']).doUpdateSet({ ...said, ...by }))
      .execute()
    await writeAudit(trx, ctx, { action: 'settings.event', target: name, detail: said })
  })
  ctx.ingest.forgetSettings(ctx.workspaceId)
  return { name }
}

/**
 * What is blocked is no longer taken; what is stored already stays until it is deleted.
 * @throws ProblemError 403 for a mask, when an owner is needed
 */
export async function changePropertySetting(ctx: Writer, change: PropertySettingChange): Promise<{ name: string }> {
  const { subject, name, blocked, maskedBelow, description } = change
  // Whoever may not see a value may not uncover it either.
  if (maskedBelow !== undefined && !allows(ctx.actor, 'admin')) throw forbidden(ctx.actor, 'admin')
  const said = {
    ...(blocked === undefined ? {} : { blocked }),
    ...(maskedBelow === undefined ? {} : { masked_below: maskedBelow }),
    ...(description === undefined ? {} : { description }),
    updated_by: actorName(ctx.actor),
    updated_at: new Date(ctx.now),
  }
  await ctx.db.transaction().execute(async (trx) => {
    await trx
      .insertInto('property_settings')
      .values({ workspace_id: ctx.workspaceId, subject, name, ...said })
      .onConflict((on) => on.columns(['workspace_id', 'subject', 'name']).doUpdateSet(said))
      .execute()
    await writeAudit(trx, ctx, {
      action: 'settings.property',
      target: `${subject}.${name}`,
      detail: {
        ...(blocked === undefined ? {} : { blocked }),
        ...(maskedBelow === undefined ? {} : { maskedBelow }),
      },
    })
  })
  ctx.ingest.forgetSettings(ctx.workspaceId)
  return { name }
}
