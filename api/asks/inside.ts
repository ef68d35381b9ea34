import { createHash, randomBytes } from 'node:crypto'
import type pg from 'pg'
import { parseDuration } from '../../engine/model/duration.ts'
import type { Ports, RunRef } from '../../engine/ports.ts'
import { FaultError } from '../../nodes/fault.ts'
import type { Asked, Question } from '../../nodes/inside.ts'
import { callPlaybook } from '../calls/call-playbook.ts'
import { newId } from '../db/new-id.ts'
import { inTransaction, onPool, type Queryable, type Statement } from '../db/sql.ts'

export interface InsideDeps {
  pool: pg.Pool
  clock: () => number
  /** Without a trailing slash: where links lead. */
  publicUrl: string
  /** Hands runs to Temporal. What it does not take now is made up for. */
  startRuns(runs: RunRef[]): Promise<void>
}

/** On whose behalf: one visit of a step of a run. */
type Effect = Parameters<Ports['inside']>[0]

/** Signalbox itself, as actions see it: what they ask of people and of other playbooks. */
export function createInside(deps: InsideDeps): Pick<Ports, 'inside'> {
  return {
    inside: (effect) => ({
      ask: (question) => ask(deps, effect, question),
      call: (call) => callPlaybook(deps, effect, call),
    }),
  }
}

const TOKEN_BYTES = 24

/** `link`'s last part; kept as its hash alone. 192 random bits: enough that hashing it fast is safe. */
export const newToken = (): string => randomBytes(TOKEN_BYTES).toString('base64url')
export const hashToken = (token: string): Buffer => createHash('sha256').update(token).digest()
export const linkOf = (publicUrl: string, token: string): string => `${publicUrl}/asks/${token}`

// The first asking stands: a repeat is one of the same visit, whose answer nobody has seen.
const ASK: Statement = {
  name: 'ask',
  text: `WITH asked AS (
      INSERT INTO asks (workspace_id, id, key, run_id, step, visit, kind, title, text, fields, who, people, by_link, asked_at, expires_at)
      VALUES ($1::uuid, $2::uuid, $3::text, $4::text, $5::text, $6::int, $7::text, $8::text, $9::text, $10::jsonb, $11::text,
        $12::text[], $13::boolean, $14::timestamptz, $15::timestamptz)
      ON CONFLICT (workspace_id, key) DO UPDATE SET key = EXCLUDED.key RETURNING id)
    INSERT INTO ask_links (token_hash, workspace_id, ask_id, made_at)
    SELECT $16::bytea, $1, id, $14 FROM asked RETURNING ask_id AS id`,
}

/** @throws FaultError where nobody could answer */
async function ask({ pool, clock, publicUrl }: InsideDeps, effect: Effect, question: Question): Promise<Asked> {
  const now = clock()
  const wait = parseDuration(question.maxWait)
  if (!wait.ok) throw badQuestion(`How long to wait is no duration: ${wait.why}`, 'Write e.g. P3D, then retry the run.')
  const token = newToken()
  return inTransaction(pool, async (q) => {
    if (!question.byLink) await requireMembers(q, effect.workspaceId, question.people)
    const [asked] = await q.rows<{ id: string }>(ASK, [
      effect.workspaceId,
      newId(now),
      effect.key,
      effect.runId,
      effect.step,
      effect.visit,
      question.kind,
      question.title,
      question.text,
      JSON.stringify(question.fields),
      question.who,
      question.people,
      question.byLink,
      new Date(now),
      new Date(now + wait.ms),
      hashToken(token),
    ])
    if (asked === undefined) throw new Error(`The ask ${effect.key} was not written.`)
    return { ask: asked.id, link: linkOf(publicUrl, token) }
  })
}

const MEMBERS: Statement = {
  name: 'ask-members',
  text: `SELECT u.email FROM members m JOIN auth_user u ON u.id = m.user_id WHERE m.workspace_id = $1 AND u.email = ANY ($2::text[])`,
}

/** Whoever must sign in to answer, and cannot, would let the run wait for nothing. */
async function requireMembers(q: Queryable, workspaceId: string, people: string[]): Promise<void> {
  if (people.length === 0) return
  const found = await q.rows<{ email: string }>(MEMBERS, [workspaceId, people])
  const stranger = people.find((email) => !found.some((member) => member.email === email))
  if (stranger !== undefined)
    throw badQuestion(
      `${stranger} is no member of this workspace and could not sign in to answer.`,
      'Add them under Settings, name somebody else, or let whoever has the link answer; then retry the run.',
    )
}

const badQuestion = (message: string, fix: string): FaultError =>
  new FaultError({ code: 'INVALID_INPUT', who: 'user', message, fix })

/** Whether somebody is a member, by the e-mail address in small letters. */
export const isMember = async (pool: pg.Pool, workspaceId: string, email: string): Promise<boolean> =>
  (await onPool(pool).rows(MEMBERS, [workspaceId, [email]])).length > 0
