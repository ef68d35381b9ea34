import type { FormField } from '../../nodes/inside.ts'
import type { Actor } from '../auth/scopes.ts'
import { writeAudit } from '../auth/audit.ts'
import type { Context } from '../context.ts'
import { goneView, subjectViews } from '../customers/subject-view.ts'
import { maskAnswer } from '../privacy/mask.ts'
import { readMasks } from '../privacy/masks.ts'
import { notFound, problem } from '../problem.ts'
import { recordsOf } from '../runs/reviews.ts'
import { findRun } from '../runs/run-list.ts'
import { type Said, answerAsk } from './answer-ask.ts'
import type { AnswerInput, AskListInput, AskRow } from './ask-schemas.ts'
import { countAsks, findAsk, listAsks, lockAsk, type StoredAsk, statusOf } from './ask-store.ts'
import { hashToken, isMember, linkOf, newToken } from './inside.ts'
import { type Asked, mayAnswer, mayPassOn, notAsked, whoMay } from './may-answer.ts'

export async function listAskRows(
  ctx: Context,
  { state, mine, cursor, limit }: AskListInput,
): Promise<{ data: AskRow[]; nextCursor: string | null }> {
  const { db, workspaceId, now, actor } = ctx
  const filter = { workspaceId, state, now, askedOf: mine ? actor : undefined }
  const { data, nextCursor } = await listAsks(db, filter, { cursor, limit })
  return { data: await rowsOf(ctx, data), nextCursor }
}

/** How much waits for the one who asks. */
export const countMine = ({ db, workspaceId, now, actor }: Context): Promise<number> =>
  countAsks(db, { workspaceId, state: 'open', now, askedOf: actor })

/** @throws ProblemError 404 */
export async function viewAsk(ctx: Context, id: string): Promise<AskRow> {
  const [row] = await rowsOf(ctx, [await askOf(ctx, id)])
  if (row === undefined) throw notFound('ask', id)
  return row
}

/** Asked of people in one run. @throws ProblemError 404 */
export async function asksOfRun(ctx: Context, runId: string): Promise<AskRow[]> {
  await findRun(ctx, runId)
  const asks = await ctx.db
    .selectFrom('asks')
    .select('id')
    .where('workspace_id', '=', ctx.workspaceId)
    .where('run_id', '=', runId)
    .orderBy('asked_at')
    .execute()
  return Promise.all(asks.map(({ id }) => viewAsk(ctx, id)))
}

async function askOf({ db, workspaceId }: Context, id: string): Promise<StoredAsk> {
  const ask = await findAsk(db, { workspaceId, id })
  if (ask === undefined) throw notFound('ask', id)
  return ask
}

async function rowsOf(ctx: Context, asks: StoredAsk[]): Promise<AskRow[]> {
  if (asks.length === 0) return []
  const subjects = await subjectViews(
    ctx,
    asks.map((ask) => ask.subject_id),
  )
  const rows = asks.map((ask): AskRow => {
    const kind = ask.subject_kind === 'account' ? 'account' : 'contact'
    const subject = subjects.get(ask.subject_id) ?? goneView(kind, ask.subject_id)
    return rowOf(ctx, ask, subject)
  })
  const masks = await readMasks(ctx)
  if (masks === null) return rows
  // What is asked is made of what the run knew: values that are masked there are masked in the question.
  const records = await recordsOf(
    ctx,
    rows.map(({ run }) => run.id),
  )
  return rows.map((row) => maskAnswer({ row, record: records.get(row.run.id) ?? [] }, masks).row)
}

const rowOf = ({ actor, now }: Context, ask: StoredAsk, subject: AskRow['run']['subject']): AskRow => ({
  id: ask.id,
  kind: ask.kind,
  title: ask.title,
  text: ask.text,
  fields: ask.fields satisfies FormField[],
  run: { id: ask.run_id, step: ask.step, subject },
  playbook: { slug: ask.slug, name: ask.name },
  who: ask.who,
  people: ask.people,
  byLink: ask.by_link,
  mine: mayAnswer(actor, ask),
  mayPassOn: mayPassOn(actor, ask),
  status: statusOf(ask, now),
  askedAt: ask.asked_at.toISOString(),
  expiresAt: ask.expires_at.toISOString(),
  decidedAt: ask.decided_at?.toISOString() ?? null,
  decidedBy: ask.decided_by,
  answer: ask.port,
  said: ask.answer,
})

/** A person answers what they were asked. @throws ProblemError 403, 404, 409, 422 */
export async function answerInApp(ctx: Context, input: AnswerInput): Promise<AskRow> {
  const ask = await askOf(ctx, input.id)
  requirePerson(ctx.actor)
  if (!mayAnswer(ctx.actor, ask)) throw notAsked(ask)
  await answerAsk(ctx, { ask, said: saidOf(input, ask), by: ctx.actor })
  return viewAsk(ctx, ask.id)
}

function requirePerson(actor: Actor): void {
  if (actor.kind !== 'user')
    throw problem(403, 'PERSON_NEEDED', 'An answer is a person’s, and a key is none. Sign in instead.')
}

function saidOf({ decision, comment, values }: AnswerInput, { kind }: StoredAsk): Said {
  const wrong = (detail: string) => problem(422, 'ANSWER_INVALID', detail)
  if (kind === 'approval') {
    if (decision === undefined) throw wrong('Say "decision": "approved" or "rejected".')
    if (values !== undefined) throw wrong('An approval has no values. Leave them out.')
    return { kind, port: decision, comment: comment === undefined || comment === '' ? null : comment }
  }
  if (values === undefined) throw wrong('Give "values": an object with a value for each field of the form.')
  if (decision !== undefined || comment !== undefined)
    throw wrong('A form has no decision and no comment. Leave them out.')
  return { kind, values }
}

/**
 * Asks somebody else in one's place: they alone may answer then, by a link of their own, and earlier links say so.
 * @returns the new link
 * @throws ProblemError 403, 404, 409, 422
 */
export async function passOn(ctx: Context, { id, to }: { id: string; to: string }): Promise<{ link: string }> {
  const { db, workspaceId, now, actor, publicUrl } = ctx
  const ask = await askOf(ctx, id)
  requirePerson(actor)
  requireMayPassOn(actor, ask)
  if (statusOf(ask, now) !== 'open')
    throw problem(409, 'ASK_CLOSED', 'Nobody waits for an answer to this any more, so there is nothing to pass on.')
  if (!ask.by_link && !(await isMember(ctx.pool, workspaceId, to)))
    throw problem(422, 'ANSWER_INVALID', `${to} is no member of this workspace and could not sign in. Add them first.`)
  const token = newToken()
  const by = actor.kind === 'user' ? actor.email : actor.name
  await db.transaction().execute(async (trx) => {
    // Somebody else may have passed it on since it was looked up.
    requireMayPassOn(actor, await lockAsk(trx, { workspaceId, id }))
    const passed = await trx
      .updateTable('asks')
      .set({ people: [to] })
      .where('workspace_id', '=', workspaceId)
      .where('id', '=', id)
      .where('decided_at', 'is', null)
      .executeTakeFirst()
    if (passed.numUpdatedRows === 0n) throw problem(409, 'ASK_CLOSED', 'It was answered at the same moment.')
    await trx
      .updateTable('ask_links')
      .set({ passed_on_at: new Date(now), passed_on_by: by, passed_on_to: to })
      .where('workspace_id', '=', workspaceId)
      .where('ask_id', '=', id)
      .where('passed_on_at', 'is', null)
      .execute()
    await trx
      .insertInto('ask_links')
      .values({ token_hash: hashToken(token), workspace_id: workspaceId, ask_id: id, made_at: new Date(now) })
      .execute()
    await writeAudit(trx, ctx, { action: 'ask.passOn', target: id, detail: { to, run: ask.run_id } })
  })
  return { link: linkOf(publicUrl, token) }
}

function requireMayPassOn(actor: Actor, asked: Asked): void {
  if (!mayPassOn(actor, asked))
    throw problem(403, 'ASK_NOT_YOURS', `${whoMay(asked)} may answer this, and so may pass it on; an owner may too.`)
}
