import { problem } from '../problem.ts'
import { procedure, router } from '../trpc.ts'

export const sessionRouter = router({
  me: procedure({ scope: 'playbooks:read' }).query(async ({ ctx }) => {
    const { actor } = ctx
    if (actor.kind !== 'user')
      throw problem(403, 'PERSON_NEEDED', 'This is about a signed-in person, and a key is none. Sign in instead.')
    const workspace = await ctx.db
      .selectFrom('workspaces')
      .select(['id', 'slug', 'name', 'time_zone'])
      .where('id', '=', ctx.workspaceId)
      .executeTakeFirstOrThrow()
    return {
      user: { id: actor.id, email: actor.email, name: actor.name },
      workspace: { id: workspace.id, slug: workspace.slug, name: workspace.name, timeZone: workspace.time_zone },
      role: actor.role,
      sandbox: ctx.sandboxUrl !== null,
    }
  }),
})
