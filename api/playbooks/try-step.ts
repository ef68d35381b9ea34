import type { PlaybookDocument } from '../../engine/model/playbook.ts'
import { effectKey } from '../../engine/ids.ts'
import { createClientPool } from '../../engine/temporal/client-pool.ts'
import type { AnyActionDefinition, Catalog, OpenedConnection } from '../../nodes/define.ts'
import { type Fault, FaultError } from '../../nodes/fault.ts'
import type { Json } from '../../nodes/manifest.ts'
import { writeAudit } from '../auth/audit.ts'
import type { Context } from '../context.ts'
import { createSubjects } from '../customers/subjects.ts'
import { newId } from '../db/new-id.ts'
import { onPool } from '../db/sql.ts'
import { createConsent } from '../privacy/consent.ts'
import { createWorkspaceKeys } from '../privacy/workspace-keys.ts'
import { problem } from '../problem.ts'
import { mayTry } from './may-try.ts'
import { readPlaybook } from './playbook-store.ts'

export interface TryStepInput {
  slug: string
  step: string
  /** What is on the canvas; default: the saved draft. */
  document?: unknown
  /** As it is sent: no templates. */
  input: { [field: string]: Json }
}

/** What came of one real call. */
export type TriedStep =
  | { landed: true; output: Json; externalId: string | null; tookMs: number }
  | { landed: false; fault: Fault; tookMs: number }

const CALL_TIMEOUT_MS = 10_000
/** Of the connection's budget: a look and a write. */
const CALLS = 2

/**
 * Carries one action of the draft out now, for real, through its connection and its budget. It is no part of a run: the
 * ledger has no line of it, the audit has. Whoever does not want to be written to is not; nor is anybody beyond a cap or
 * within quiet hours.
 * @throws ProblemError 404, 409 CONNECTION_NOT_OPEN, 422, 429 while the budget is used up
 */
export async function tryStep(ctx: Context, given: TryStepInput): Promise<TriedStep> {
  const playbook = await readPlaybook(ctx, given.slug)
  const { definition, connection: slug } = actionIn(
    ctx.catalog,
    (given.document ?? playbook.draft) as PlaybookDocument,
    given.step,
  )
  const connection = slug === null ? null : await opened(ctx, slug)
  const parsed = definition.input.safeParse(given.input)
  if (!parsed.success)
    throw problem(422, 'INPUT_INVALID', {
      detail: `This is not what “${definition.label}” takes. Correct the fields in problems.`,
      problems: parsed.error.issues.map(({ path, message }) => ({ path: `input.${path.join('.')}`, message })),
    })
  const runId = `try_${newId(ctx.now)}`
  const may = await mayTry(ctx, { definition, input: parsed.data, key: effectKey(runId, given.step, 1) })
  const began = performance.now()
  const came =
    may.refused === null
      ? await calling(ctx, { definition, connection, input: parsed.data, step: given.step, runId }, may.release)
      : { fault: may.refused }
  const tookMs = Math.round(performance.now() - began)
  await writeAudit(ctx.db, ctx, {
    action: 'step.try',
    target: playbook.slug,
    detail: { step: given.step, action: definition.type, connection: slug, landed: 'output' in came },
  })
  return 'output' in came ? { landed: true, ...came, tookMs } : { landed: false, ...came, tookMs }
}

function actionIn(
  catalog: Catalog,
  document: PlaybookDocument,
  id: string,
): { definition: AnyActionDefinition; connection: string | null } {
  const step = (document.steps ?? []).find((one) => one.id === id)
  if (step === undefined) throw problem(422, 'STEP_UNKNOWN', `The draft has no step "${id}". Name one of it.`)
  const [type, version] = step.type.split('@')
  const found = catalog.steps
    .filter((one) => one.type === type && (version === undefined || String(one.version) === version))
    .toSorted((a, b) => b.version - a.version)[0]
  if (found?.kind !== 'action' || found.connector === null)
    throw problem(
      422,
      'STEP_NOT_CALLABLE',
      `The step "${id}" calls no other system by itself: it belongs to a run. Try the playbook with a dry run.`,
    )
  return { definition: found, connection: step.connection ?? null }
}

async function opened(ctx: Context, slug: string): Promise<OpenedConnection> {
  const found = await ctx.connections.open(ctx.workspaceId, slug)
  if (found.state === 'open') return found.connection
  throw problem(
    409,
    'CONNECTION_NOT_OPEN',
    found.state === 'missing'
      ? `There is no connection "${slug}". Choose one for the step, or connect it under Connections.`
      : `The connection "${slug}" is paused: ${found.fault.message} ${found.fault.fix}`,
  )
}

async function drawBudget(ctx: Context, connectionId: string): Promise<void> {
  const taken = await ctx.budgets.take(connectionId, CALLS, null)
  if (taken.granted) return
  const retryAfter = Math.max(1, Math.ceil((taken.at - ctx.now) / 1000))
  throw problem(429, 'BUDGET_USED_UP', {
    detail: `The connection's calls are used up for the moment: runs go before. Try again in ${retryAfter} s.`,
    retryAfter,
  })
}

interface Call {
  definition: AnyActionDefinition
  connection: OpenedConnection | null
  input: unknown
  step: string
  runId: string
}

type Came = { output: Json; externalId: string | null } | { fault: Fault }

/** Within the budget; what surely did not go out takes no place under a cap. */
async function calling(ctx: Context, call: Call, release: () => Promise<void>): Promise<Came> {
  let went = false
  try {
    if (call.connection !== null) await drawBudget(ctx, call.connection.id)
    went = true
    const came = await callOnce(ctx, call)
    went = 'output' in came || came.fault.code === 'OUTCOME_UNKNOWN'
    return came
  } finally {
    if (!went) await release()
  }
}

async function callOnce(ctx: Context, { definition, connection, input, step, runId }: Call): Promise<Came> {
  const { workspaceId, catalog, budgets, connections, publicUrl, vault } = ctx
  const q = onPool(ctx.pool)
  const pool = createClientPool(
    {
      catalog,
      budgets,
      connections,
      clock: () => ctx.now,
      subjects: createSubjects(q),
      consent: createConsent({ q, keys: createWorkspaceKeys(q, vault, () => ctx.now), publicUrl }),
      inside: () => {
        throw new Error(`${definition.type} acts in an app.`)
      },
    },
    { callTimeoutMs: CALL_TIMEOUT_MS },
  )
  const order = {
    workspaceId,
    runId,
    step,
    visit: 1,
    action: `${definition.type}@${definition.version}`,
  }
  try {
    const { output, externalId } = await pool.use({ order, definition, connection, intendedAt: ctx.now }, (context) =>
      definition.run({ ...context, input: input as never }),
    )
    return { output: output as Json, externalId: externalId ?? null }
  } catch (error) {
    if (error instanceof FaultError) return { fault: error.fault }
    throw error
  }
}
