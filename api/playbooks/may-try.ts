import type { AnyActionDefinition } from '../../nodes/define.ts'
import type { Fault } from '../../nodes/fault.ts'
import { createReach } from '../contact-rules/reach.ts'
import type { Context } from '../context.ts'
import { onPool, type Queryable, type Statement } from '../db/sql.ts'

type Deps = Pick<Context, 'pool' | 'workspaceId' | 'now'>

interface Trying {
  definition: AnyActionDefinition
  /** As the action takes it. */
  input: unknown
  /** Of the call: a place under a cap is taken under it. */
  key: string
}

const ADDRESSED: Statement = {
  name: 'try-addressed',
  text: `SELECT id FROM contacts WHERE workspace_id = $1 AND lower(email) = ANY ($2::text[]) AND merged_into IS NULL
    ORDER BY created_at, id`,
}

const RELEASE: Statement = {
  name: 'try-release',
  text: 'DELETE FROM contact_sends WHERE workspace_id = $1 AND key = ANY ($2::text[])',
}

/** What came of asking. */
export type MayTry = { refused: Fault } | { refused: null; release(): Promise<void> }

/**
 * Asks the workspace's quiet hours and caps before an action of a draft is carried out, as a run would: of every contact
 * of ours that it is addressed to, because no run says whom it is about. Who is no contact of ours has none.
 * @returns why not, or a way to give the places under caps back where nothing went out
 */
export async function mayTry({ pool, workspaceId, now }: Deps, { definition, input, key }: Trying): Promise<MayTry> {
  const channel = definition.reaches?.(input as never) ?? null
  const q = onPool(pool)
  const people = channel === null ? [] : await addressed(q, workspaceId, definition.addressees?.(input as never) ?? [])
  const keys = people.map((_, i) => `${key}:${i}`)
  const release = async (): Promise<void> => {
    if (keys.length > 0) await q.rows(RELEASE, [workspaceId, keys])
  }
  const reach = createReach(pool)
  for (const [i, personId] of people.entries()) {
    if (channel === null) break
    const answer = await reach.ask(workspaceId, { key: keys[i] ?? key, channel, personId }, now)
    if (answer.kind === 'go') continue
    await release()
    return { refused: refusedBy(answer.kind === 'later' ? answer.why : answer.why.message) }
  }
  return { refused: null, release }
}

const addressed = async (q: Queryable, workspaceId: string, addresses: string[]): Promise<string[]> =>
  (await q.rows<{ id: string }>(ADDRESSED, [workspaceId, addresses.map((one) => one.toLowerCase())])).map(
    ({ id }) => id,
  )

const refusedBy = (message: string): Fault => ({
  code: 'REFUSED_BY_POLICY',
  who: 'user',
  message,
  fix: 'Try it with an address that is no contact’s, such as your own, or when the rule allows it again.',
})
