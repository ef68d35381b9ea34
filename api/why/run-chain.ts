import type { KeptLink } from '../../engine/run/chain.ts'
import type { Json } from '../../nodes/manifest.ts'
import type { Scoped } from '../context.ts'
import type { WhyRun } from './why-schemas.ts'

/** So many refusals of one run are shown; a loop that is stopped turns no further. */
const MOST = 20

/** The runs that led to one, the oldest first. @param cause as `runs.cause` holds it; of a person since deleted it holds nothing */
export function ledTo(cause: { [name: string]: Json }): WhyRun['chain'] {
  const chain = (cause.chain ?? []) as unknown as KeptLink[]
  return chain.map(({ run, playbook, step, led }) => ({ run, playbook: playbook.name, step, led }))
}

/** The runs that one would have started again, or that would have followed it as one too many. */
export async function loopsOf({ db, workspaceId }: Scoped, runId: string): Promise<WhyRun['loops']> {
  const rows = await db
    .selectFrom('enrollments')
    .innerJoin('playbooks', (join) =>
      join
        .onRef('playbooks.workspace_id', '=', 'enrollments.workspace_id')
        .onRef('playbooks.id', '=', 'enrollments.playbook_id'),
    )
    .select(['enrollments.at', 'enrollments.reason', 'playbooks.slug', 'playbooks.name'])
    .where('enrollments.workspace_id', '=', workspaceId)
    .where('enrollments.run_id', '=', runId)
    .where('enrollments.outcome', '=', 'refused')
    .orderBy('enrollments.id')
    .limit(MOST)
    .execute()
  return rows.map(({ at, reason, slug, name }) => ({ at: at.toISOString(), reason, playbook: { slug, name } }))
}
