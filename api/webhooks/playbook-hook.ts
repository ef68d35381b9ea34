import { readPath } from '../../engine/model/path.ts'
import type { Json } from '../../nodes/manifest.ts'
import { findAccounts, writeAccounts } from '../db/account-store.ts'
import { findIdentities, writeContacts, writeIdentities } from '../db/contact-store.ts'
import { newId } from '../db/new-id.ts'
import { inTransaction, type Queryable } from '../db/sql.ts'
import { occurrence } from '../enroll/enroll.ts'
import { readPlaybook } from '../playbooks/playbook-store.ts'
import { triggersOf } from '../playbooks/publish.ts'
import { candidatePlaybook, enrollOne, livePlan, originNamed } from '../playbooks/start-run.ts'
import { hashToken } from '../playbooks/webhook-tokens.ts'
import { notFound, problem } from '../problem.ts'
import type { ApiDeps } from '../context.ts'

type Deps = Pick<ApiDeps, 'db' | 'pool' | 'temporal' | 'log'> & { now: number }

/**
 * A playbook's own webhook: the body names the subject in the field that the trigger says.
 * @throws ProblemError 404 for an unknown address or subject, 409 for a refused start, 422 when the field is not there
 */
export async function acceptPlaybookHook(
  deps: Deps,
  given: { token: string; body: unknown; key: string | null; effect: string | undefined },
): Promise<{ id: string }> {
  const body = asObject(given.body)
  const row = await deps.db
    .selectFrom('webhook_tokens')
    .innerJoin('playbooks', (join) =>
      join
        .onRef('playbooks.workspace_id', '=', 'webhook_tokens.workspace_id')
        .onRef('playbooks.id', '=', 'webhook_tokens.playbook_id'),
    )
    .select(['webhook_tokens.workspace_id', 'webhook_tokens.step', 'playbooks.slug'])
    .where('token_hash', '=', hashToken(given.token))
    .executeTakeFirst()
  if (row === undefined)
    throw problem(404, 'WEBHOOK_UNKNOWN', 'No playbook has this webhook address. Copy it again from the trigger.')
  const ctx = { ...deps, workspaceId: row.workspace_id }
  const playbook = await readPlaybook(ctx, row.slug)
  const plan = await livePlan(ctx, playbook)
  const trigger = triggersOf(plan, 'trigger.webhook').find(({ id }) => id === row.step)
  if (trigger === undefined)
    throw problem(
      409,
      'WEBHOOK_RETIRED',
      'The live version of the playbook has this webhook no more. Copy the address of its new trigger.',
    )
  const subjectId = await subjectIn(ctx, {
    kind: plan.subject,
    field: String(trigger.input['subjectField']),
    body,
    create: trigger.input['createMissing'] === true,
  })
  const { id } = await enrollOne(ctx, {
    playbook: await candidatePlaybook(ctx, playbook, plan),
    step: trigger.id,
    subjectId,
    occurrence: occurrence.key(`webhook:${given.key ?? newId(deps.now)}`),
    data: { body, receivedAt: new Date(deps.now).toISOString() },
    cause: { kind: 'webhook', ...(await originNamed(ctx, given.effect)) },
    eventSeq: null,
    edgeId: null,
    refusal: null,
    why: null,
  })
  return { id }
}

interface Wanted {
  kind: 'contact' | 'account'
  field: string
  body: { [name: string]: Json }
  create: boolean
}

async function subjectIn(ctx: Deps & { workspaceId: string }, wanted: Wanted): Promise<string> {
  const value = readPath(wanted.body, wanted.field.split('.'))
  const name = typeof value === 'number' ? String(value) : value
  if (typeof name !== 'string' || name === '' || name.length > 500)
    throw problem(422, 'SUBJECT_MISSING', {
      detail: `The body has no ${wanted.kind} at ${wanted.field}. Send your own id of the ${wanted.kind} there.`,
      problems: [{ path: `body.${wanted.field}`, message: 'Missing or not a text.' }],
    })
  return inTransaction(ctx.pool, async (q) => {
    const found = await find(q, ctx.workspaceId, { kind: wanted.kind, name })
    if (found !== null) return found
    if (!wanted.create) throw notFound(wanted.kind, name)
    return create(q, ctx, { kind: wanted.kind, name })
  })
}

interface Named {
  kind: 'contact' | 'account'
  name: string
}

async function find(q: Queryable, workspaceId: string, { kind, name }: Named): Promise<string | null> {
  if (kind === 'account') return (await findAccounts(q, workspaceId, [name]))[0]?.id ?? null
  return (await findIdentities(q, workspaceId, [{ kind: 'user_id', value: name }]))[0]?.contactId ?? null
}

async function create(q: Queryable, ctx: { workspaceId: string; now: number }, { kind, name }: Named): Promise<string> {
  const { workspaceId, now } = ctx
  const row = { id: newId(now), externalId: name, email: null, name: null, properties: {} }
  const writes = { created: [row], changed: [], now }
  if (kind === 'account') {
    await writeAccounts(q, workspaceId, writes)
    return row.id
  }
  await writeContacts(q, workspaceId, writes)
  const link = { kind: 'user_id' as const, value: name, contactId: row.id }
  if (!(await writeIdentities(q, workspaceId, { added: [link], pairs: [], now })))
    throw problem(409, 'TRY_AGAIN', `Someone created ${name} at the same moment. Send it again.`)
  return row.id
}

function asObject(body: unknown): { [name: string]: Json } {
  if (body !== null && typeof body === 'object' && !Array.isArray(body)) return body as { [name: string]: Json }
  throw problem(400, 'INPUT_INVALID', 'The body has to be a JSON object. Put it into { }.')
}
