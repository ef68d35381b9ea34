import type { OperatorCommand } from '../../engine/model/run.ts'
import type { Json } from '../../nodes/manifest.ts'
import { writeAudit } from '../auth/audit.ts'
import type { Actor } from '../auth/scopes.ts'
import type { ApiDeps } from '../context.ts'
import type { Db } from '../db/database.ts'
import { problem, type ProblemError } from '../problem.ts'
import { lockAsk, type StoredAsk, statusOf } from './ask-store.ts'
import { readFormValues } from './form-values.ts'
import { hashToken } from './inside.ts'
import { mayAnswer, notAsked } from './may-answer.ts'

/** What was said: to an approval `approved` or `rejected`, to a form its values. */
export type Said =
  | { kind: 'approval'; port: 'approved' | 'rejected'; comment: string | null }
  | { kind: 'form'; values: { [name: string]: Json } }

export interface Answering {
  ask: StoredAsk
  said: Said
  /** Who says so: somebody signed in, or whoever has the link and gave a name. */
  by: Actor | ByLink
}

interface ByLink {
  name: string
  /** The last part of the link. */
  token: string
}

type Deps = Pick<ApiDeps, 'db' | 'temporal' | 'log'> & { now: number }

/**
 * Takes the one answer to what was asked. It is committed together with the command that the run is owed, so that it is
 * neither lost nor given twice.
 * @throws ProblemError 403, 409 where there is nothing for them to answer any more; 422 where the answer is none
 */
export async function answerAsk(deps: Deps, answering: Answering): Promise<void> {
  const { ask, by } = answering
  const { now } = deps
  const answer = contentOf(answering)
  const who = nameOf(by)
  const output = { ...answer.output, by: who, at: new Date(now).toISOString() }
  const command: OperatorCommand = {
    kind: 'answer',
    step: ask.step,
    visit: ask.visit,
    port: answer.port,
    output,
    by: who,
  }
  const id = `ask:${ask.id}`
  await deps.db.transaction().execute(async (trx) => {
    await requireAsked(trx, ask, by)
    await decide(trx, { ask, port: answer.port, output, who, via: isByLink(by) ? 'link' : 'app', now })
    await trx
      .insertInto('run_commands')
      .values({
        workspace_id: ask.workspace_id,
        run_id: ask.run_id,
        id,
        command: JSON.stringify(command),
        actor: who,
        at: new Date(now),
      })
      .execute()
    await trx
      .insertInto('run_outbox')
      .values({ workspace_id: ask.workspace_id, run_id: ask.run_id, id, at: new Date(now) })
      .execute()
    await writeAudit(
      trx,
      { workspaceId: ask.workspace_id, actor: isByLink(by) ? who : by, now },
      { action: `ask.${answer.port}`, target: ask.id, detail: { run: ask.run_id, step: ask.step } },
    )
  })
  await handOver(deps, ask, { id, command })
}

/** What cannot be handed over now is owed, and a worker's sweep does it. */
async function handOver(
  { db, temporal, log }: Deps,
  ask: StoredAsk,
  given: { id: string; command: OperatorCommand },
): Promise<void> {
  const run = { workspaceId: ask.workspace_id, runId: ask.run_id }
  try {
    await temporal.command(run, given)
    await db
      .deleteFrom('run_outbox')
      .where('workspace_id', '=', run.workspaceId)
      .where('run_id', '=', run.runId)
      .where('id', '=', given.id)
      .execute()
  } catch (error) {
    log.warn({ err: error, runId: run.runId }, 'An answer could not be handed to its run now; a worker will send it.')
  }
}

const isByLink = (by: Answering['by']): by is ByLink => 'token' in by

const nameOf = (by: Answering['by']): string => {
  if (isByLink(by)) return `${by.name} (by the link)`
  return by.kind === 'user' ? by.email : `key ${by.name}`
}

function contentOf({ ask, said }: Answering): { port: string; output: { [name: string]: Json } } {
  if (said.kind !== ask.kind) throw refused(`This asks for ${ask.kind === 'form' ? 'values' : 'a yes or a no'}.`)
  if (said.kind === 'approval') return { port: said.port, output: { comment: said.comment } }
  const read = readFormValues(ask.fields, said.values)
  if (read.ok) return { port: 'answered', output: { values: read.values } }
  throw problem(422, 'ANSWER_INVALID', {
    detail: `${read.problems.map(({ message, fix }) => `${message} ${fix}`).join(' ')}`,
    problems: read.problems,
  })
}

const refused = (detail: string): ProblemError => problem(422, 'ANSWER_INVALID', detail)

/**
 * Whether they are asked still: it may have been passed on since it was looked up. Holds the ask until the end of the
 * transaction, as passing on does, so that of the two the one that comes first stands.
 */
async function requireAsked(trx: Db, { workspace_id, id }: StoredAsk, by: Answering['by']): Promise<void> {
  const asked = await lockAsk(trx, { workspaceId: workspace_id, id })
  if (!isByLink(by)) {
    if (!mayAnswer(by, asked)) throw notAsked(asked)
    return
  }
  const link = await trx
    .selectFrom('ask_links')
    .select('passed_on_to')
    .where('token_hash', '=', hashToken(by.token))
    .where('workspace_id', '=', workspace_id)
    .where('ask_id', '=', id)
    .executeTakeFirst()
  if (!asked.by_link || link === undefined || link.passed_on_to !== null)
    throw problem(409, 'ASK_CLOSED', 'Somebody else was asked meanwhile, so this link answers nothing any more.')
}

interface Decision {
  ask: StoredAsk
  port: string
  output: { [name: string]: Json }
  who: string
  via: 'app' | 'link'
  now: number
}

async function decide(trx: Db, { ask, port, output, who, via, now }: Decision): Promise<void> {
  const status = statusOf(ask, now)
  if (status !== 'open') throw closed(status)
  const decided = await trx
    .updateTable('asks')
    .set({ decided_at: new Date(now), decided_by: who, decided_via: via, port, answer: JSON.stringify(output) })
    .where('workspace_id', '=', ask.workspace_id)
    .where('id', '=', ask.id)
    .where('decided_at', 'is', null)
    .executeTakeFirst()
  if (decided.numUpdatedRows === 0n) throw closed('answered')
}

const CLOSED = {
  answered: 'This was answered already. The first answer counts; load the page to see it.',
  expired: 'The time to answer is over, and the run has gone on without an answer.',
  over: 'The run has gone on or ended without this answer, so it changes nothing any more.',
}
const closed = (status: keyof typeof CLOSED): ProblemError => problem(409, 'ASK_CLOSED', CLOSED[status])
