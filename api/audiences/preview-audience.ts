import { type Expression, type RawBuilder, sql, type Transaction } from 'kysely'
import type { Db } from '../db/database.ts'
import type { Database } from '../db/schema.ts'
import { sqlState } from '../db/sql.ts'
import { labelOf } from '../customers/subject-view.ts'
import { problem } from '../problem.ts'
import { compileRule, needsGroups } from '../rules-sql/compile-rule.ts'
import type { Half } from '../rules-sql/place.ts'
import type { Preview, PreviewInput } from './audience-schemas.ts'
import { checkAudienceRule } from './check-rule.ts'
import { readAudiences, type Scope } from './write-audience.ts'

/** When to answer what, in milliseconds from the request. */
export interface PreviewTimes {
  /** From here on an estimate is made beside the count, which goes on. */
  estimateFrom: number
  /** The count is given up for the estimate. */
  countUntil: number
  /** The answer is given. */
  answerAt: number
  /** An exact count that was asked for is given up. */
  exactAt: number
}

export const PREVIEW_TIMES: PreviewTimes = { estimateFrom: 1200, countUntil: 1900, answerAt: 1900, exactAt: 60_000 }

const SAMPLE = 10
/** Subjects asked for an estimate, portion by portion as long as there is time: the first is there quickly. */
const PORTIONS = [250, 500, 1000, 2000, 4000]

/**
 * Asks a rule for everybody by SQL, without keeping anything. Within two seconds: the exact count, else an estimate that
 * says so. With `exact`: the count, however long it takes up to a minute.
 * @param times other limits, for tests
 * @throws ProblemError 422 when the rule cannot be asked, 503 PREVIEW_TOO_SLOW when there was no answer in time
 */
export async function previewAudience(
  ctx: Scope,
  input: PreviewInput,
  times: PreviewTimes = PREVIEW_TIMES,
): Promise<Preview> {
  const asked = performance.now()
  const elapsed = (): number => performance.now() - asked
  const audiences = await readAudiences(ctx)
  checkAudienceRule({ kind: 'segment', slug: '', ...input }, audiences)
  const exact = input.exact === true
  const counting = countAll(ctx, input, (exact ? times.exactAt : times.countUntil) - elapsed())
  if (exact) return (await counting) ?? tooSlow(`Counting took longer than ${Math.round(times.exactAt / 1000)} s.`)
  const quick = await firstOf(counting, times.estimateFrom - elapsed())
  if (quick !== null) return quick
  const estimating = estimate(ctx, input, () => times.answerAt - elapsed())
  // Both end by themselves; whichever is left over when the other has answered must not go unheard.
  const [counted, estimated] = await Promise.all([counting, estimating])
  return counted ?? estimated ?? tooSlow('Not even a part of the workspace could be asked in time.')
}

function tooSlow(what: string): never {
  throw problem(503, 'PREVIEW_TOO_SLOW', {
    detail: `${what} Narrow the rule's windows, or try again when less is going on.`,
    retryAfter: 10,
  })
}

/** What the promise brings within the time, else null. */
async function firstOf<T>(promise: Promise<T>, ms: number): Promise<T | null> {
  let timer: NodeJS.Timeout | undefined
  const late = new Promise<null>((resolve) => {
    timer = setTimeout(() => resolve(null), Math.max(0, ms))
  })
  try {
    return await Promise.race([promise, late])
  } finally {
    clearTimeout(timer)
  }
}

/**
 * Runs statements under a limit that ends with the transaction, so that the connection goes back as it came.
 * @returns null when time was up
 */
export async function within<T>(
  db: Db,
  ms: number,
  work: (trx: Transaction<Database>) => Promise<T>,
): Promise<T | null> {
  if (ms < 1) return null
  try {
    return await db
      .transaction()
      .setAccessMode('read only')
      .execute(async (trx) => {
        // Hash tables of a million subjects fit; compiling a query to machine code would take longer than most run.
        await sql`SELECT set_config('statement_timeout', ${`${Math.ceil(ms)}ms`}, true), set_config('work_mem', '128MB', true),
          set_config('jit', 'off', true)`.execute(trx)
        return await work(trx)
      })
  } catch (error) {
    if (sqlState(error) === QUERY_CANCELED) return null
    throw error
  }
}

const QUERY_CANCELED = '57014'

const tableOf = (subject: PreviewInput['subject']) => sql.table(subject === 'contact' ? 'contacts' : 'accounts')

/** Everybody that is asked: merged contacts are somebody else by now. */
const everybody = ({ workspaceId }: Omit<Scope, 'db'>, { subject }: PreviewInput): Expression<boolean> =>
  sql<boolean>`subject.workspace_id = ${workspaceId}${subject === 'contact' ? sql` AND subject.merged_into IS NULL` : sql``}`

/** The count as one statement, of everybody or a half; the bench shows its plan. */
export function countStatement(
  ctx: Omit<Scope, 'db'>,
  input: PreviewInput & { half?: Half | undefined; names?: 'some' | 'all' },
): RawBuilder<CountRow> {
  const { half } = input
  const asked = { workspaceId: ctx.workspaceId, subject: input.subject, now: ctx.now, ...(half && { half }) }
  // To collect the ids of a million takes as long as to count them.
  const named = input.names === 'all' ? sql`` : sql` FILTER (WHERE uuid_hash(subject.id) & ${SOME} = 0)`
  return sql<CountRow>`
    SELECT count(*), (array_agg(subject.id)${named})[1:${SAMPLE}::int] AS ids
    FROM ${tableOf(input.subject)} AS subject WHERE ${everybody(ctx, input)} AND ${compileRule(input.rule, asked)}`
}

/** How many there are, by an index alone. */
const totalStatement = (ctx: Omit<Scope, 'db'>, input: PreviewInput): RawBuilder<{ n: string }> =>
  sql<{ n: string }>`SELECT count(*) AS n FROM ${tableOf(input.subject)} AS subject WHERE ${everybody(ctx, input)}`

/** One of 32, as a mask of a hash. */
const SOME = sql.raw('31')

interface CountRow {
  count: string
  ids: string[] | null
}

/** By halves where that is quicker: each is asked about by one process, and a rule is asked of each subject once. */
async function countAll(ctx: Scope, input: PreviewInput, ms: number): Promise<Preview | null> {
  const began = performance.now()
  const halves: Array<Half | undefined> = needsGroups(input.rule) ? ['one', 'other'] : [undefined]
  const count = async (names: 'some' | 'all', left: number): Promise<{ count: number; ids: string[] } | null> => {
    const parts = await Promise.all(
      halves.map((half) =>
        within(ctx.db, left, async (trx) => {
          const { rows } = await countStatement(ctx, { ...input, half, names }).execute(trx)
          return rows[0] ?? null
        }),
      ),
    )
    if (parts.some((part) => part === null)) return null
    return {
      count: parts.reduce((sum, part) => sum + Number(part?.count ?? 0), 0),
      ids: parts.flatMap((part) => part?.ids ?? []).slice(0, SAMPLE),
    }
  }
  const [total, counted] = await Promise.all([
    within(ctx.db, ms, async (trx) => countTotal(trx, ctx, input)),
    count('some', ms),
  ])
  if (counted === null || total === null) return null
  // Of so few that the names were not among those looked at.
  const few = counted.ids.length < Math.min(SAMPLE, counted.count)
  const all = few ? await count('all', ms - (performance.now() - began)) : null
  const sample = await named(ctx, { ...input, ids: all?.ids ?? counted.ids })
  return { count: counted.count, exact: true, checked: total, total, sample }
}

async function countTotal(trx: Transaction<Database>, ctx: Scope, input: PreviewInput): Promise<number> {
  const { rows } = await totalStatement(ctx, input).execute(trx)
  return Number(rows[0]?.n ?? 0)
}

async function named(
  { db, workspaceId }: Scope,
  { subject, ids }: { subject: PreviewInput['subject']; ids: string[] },
): Promise<Preview['sample']> {
  if (ids.length === 0) return []
  const { rows } = await sql<{ id: string; external_id: string | null; email: string | null; name: string | null }>`
    SELECT id, external_id, ${subject === 'contact' ? sql`email` : sql`NULL AS email`}, name FROM ${tableOf(subject)}
    WHERE workspace_id = ${workspaceId} AND id = ANY(${ids}::uuid[]) ORDER BY id`.execute(db)
  return rows.map(({ id, external_id, email, name }) => ({
    id,
    label: labelOf(subject, { id, externalId: external_id, email, name }),
  }))
}

/** Subjects that lie together in a page of the table, and of how many the rule holds. */
interface Cluster {
  asked: number
  holds: number
}

/** Asks the exact rule of subjects in pages drawn at random, portion by portion while there is time. */
async function estimate(ctx: Scope, input: PreviewInput, left: () => number): Promise<Preview | null> {
  const guessed = await within(ctx.db, left(), (trx) => guessTotal(trx, ctx, input))
  if (guessed === null) return null
  const clusters: Cluster[] = []
  const ids = new Set<string>()
  let total: number | null = null
  for (const [seed, most] of PORTIONS.entries()) {
    const part = { percent: Math.min(100, (most / (total ?? guessed)) * 100), seed }
    const portion = await within(ctx.db, left(), (trx) => askPortion(trx, ctx, { ...input, ...part }))
    if (portion === null) break
    clusters.push(...portion)
    for (const { found } of portion) for (const id of found) if (ids.size < SAMPLE) ids.add(id)
    total ??= await within(ctx.db, left() / 2, (trx) => countTotal(trx, ctx, input))
  }
  const checked = clusters.reduce((sum, { asked }) => sum + asked, 0)
  if (checked === 0) return null
  const all = total ?? guessed
  return {
    ...spread(clusters, all),
    exact: false,
    checked,
    total: all,
    sample: await named(ctx, { ...input, ids: [...ids] }),
  }
}

/** How many there are, as the planner believes: at once, and not far off where tables are analyzed. */
async function guessTotal(trx: Transaction<Database>, ctx: Scope, input: PreviewInput): Promise<number> {
  const { rows } = await sql<{ 'QUERY PLAN': Array<{ Plan: { 'Plan Rows': number } }> }>`
    EXPLAIN (FORMAT JSON) SELECT 1 FROM ${tableOf(input.subject)} AS subject WHERE ${everybody(ctx, input)}`.execute(
    trx,
  )
  return Math.max(1, rows[0]?.['QUERY PLAN'][0]?.Plan['Plan Rows'] ?? 1)
}

/** The sample is of everybody and not of those the rule holds for: drawn first, then asked. */
async function askPortion(
  trx: Transaction<Database>,
  ctx: Scope,
  input: PreviewInput & { percent: number; seed: number },
): Promise<Array<Cluster & { found: string[] }>> {
  const { workspaceId, now } = ctx
  const holds = compileRule(input.rule, { workspaceId, subject: input.subject, now, among: 'few' })
  const { rows } = await sql<{ asked: string; holds: string; found: string[] | null }>`
    SELECT count(*) AS asked, count(*) FILTER (WHERE drawn.holds) AS holds, array_agg(drawn.id) FILTER (WHERE drawn.holds) AS found FROM (
      SELECT subject.id, (subject.ctid::text::point)[0] AS page, ${holds} AS holds
      FROM ${tableOf(input.subject)} AS subject TABLESAMPLE SYSTEM (${input.percent}::real) REPEATABLE (${input.seed}::int)
      WHERE ${everybody(ctx, input)}) AS drawn GROUP BY drawn.page`.execute(trx)
  return rows.map((row) => ({ asked: Number(row.asked), holds: Number(row.holds), found: row.found ?? [] }))
}

/**
 * The share of a sample of pages, for everybody, and how far off it is at the most in 19 of 20 cases. Neighbours are
 * alike, so pages and not subjects count as what was drawn.
 * @see https://en.wikipedia.org/wiki/Ratio_estimator
 */
export function spread(clusters: readonly Cluster[], total: number): { count: number; margin: number } {
  const asked = clusters.reduce((sum, cluster) => sum + cluster.asked, 0)
  const share = clusters.reduce((sum, cluster) => sum + cluster.holds, 0) / asked
  const n = clusters.length
  const squares = clusters.reduce((sum, cluster) => sum + (cluster.holds - share * cluster.asked) ** 2, 0)
  const deviation = n < 2 ? 0.5 : Math.sqrt((n / (n - 1)) * squares) / asked
  // Where all or none were found the truth is still somewhere near: the rule of three.
  const margin = Math.max(1.96 * deviation, 3 / asked)
  return { count: Math.round(share * total), margin: Math.min(total, Math.ceil(margin * total)) }
}
