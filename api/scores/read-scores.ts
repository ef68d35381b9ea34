import { sql } from 'kysely'
import type { z } from 'zod'
import type { Trace } from '../../engine/model/rule.ts'
import type { ScoreDefinition, ScoreValue } from '../../engine/model/score.ts'
import { describeScore } from '../../engine/scores/describe.ts'
import type { Json } from '../../nodes/manifest.ts'
import { progressOf } from '../audiences/read-audiences.ts'
import type { Scope } from '../audiences/write-audience.ts'
import { goneView, subjectViews } from '../customers/subject-view.ts'
import { page, readCursor } from '../db/cursor.ts'
import { notFound } from '../problem.ts'
import type { BandChange, Mover, Scored, scoredQuery, ScoreRow, ScoreView } from './score-schemas.ts'

const PAGE = 50
const MOVERS = 5
const BAND_CHANGES = 20
/** Of so many of the newest changes it is asked who moved most, so that the page costs the same in any workspace. */
const LOOKED_AT = 5_000
const DAY_MS = 86_400_000
export const TREND_MS = 30 * DAY_MS

const scoreQuery = ({ db, workspaceId }: Scope) =>
  db.selectFrom('audiences').selectAll().where('workspace_id', '=', workspaceId).where('kind', '=', 'score')
export type ScoreRecord = Awaited<ReturnType<ReturnType<typeof scoreQuery>['executeTakeFirstOrThrow']>>

/** @throws ProblemError 404 */
export async function scoreRecord(ctx: Scope, slug: string): Promise<ScoreRecord> {
  const found = await scoreQuery(ctx).where('slug', '=', slug).executeTakeFirst()
  if (found === undefined) throw notFound('score', slug)
  return found
}

// Written from a checked definition only.
export const definitionOf = (score: ScoreRecord): ScoreDefinition => score.rule as unknown as ScoreDefinition

interface Tally {
  audience_id: string
  band: string | null
  stage: string | null
  ten: number | null
  count: number
  sum: number | null
}

/** How many have what, of all scores or of one: one row for every band, stage and ten that somebody has. */
async function readTallies({ db, workspaceId }: Scope, id: string | null): Promise<Tally[]> {
  const { rows } = await sql<Tally>`
    SELECT m.audience_id, m.value->>'band' AS band, m.value->>'stage' AS stage,
      least(9, floor((m.value->>'value')::float8 / 10))::int AS ten, count(*)::int AS count,
      sum((m.value->>'value')::float8) AS sum
    FROM audience_members m JOIN audiences a ON a.workspace_id = m.workspace_id AND a.id = m.audience_id
    WHERE m.workspace_id = ${workspaceId} AND a.kind = 'score' AND (${id}::uuid IS NULL OR a.id = ${id}::uuid)
      AND m.is_member AND m.value IS NOT NULL
    GROUP BY 1, 2, 3, 4`.execute(db)
  return rows
}

function rowOf(score: ScoreRecord, tallies: Tally[]): ScoreRow {
  const definition = definitionOf(score)
  const own = tallies.filter(({ audience_id, ten }) => audience_id === score.id && ten !== null)
  const count = own.reduce((total, tally) => total + tally.count, 0)
  const sum = own.reduce((total, tally) => total + (tally.sum ?? 0), 0)
  return {
    slug: score.slug,
    name: score.name,
    description: score.description,
    subject: score.subject,
    definition,
    words: describeScore(definition),
    count,
    average: count === 0 ? null : Math.round((10 * sum) / count) / 10,
    bands: definition.bands.map(({ name, from, color }) => ({
      name,
      from,
      color: color ?? null,
      count: own.filter(({ band }) => band === name).reduce((total, tally) => total + tally.count, 0),
    })),
    status: score.status,
    backfillDone: score.backfill_done,
    updatedAt: score.updated_at.toISOString(),
  }
}

/** All scores, by name, with how many are in each band. */
export async function listScores(ctx: Scope): Promise<{ data: ScoreRow[]; nextCursor: null }> {
  const [scores, tallies] = await Promise.all([scoreQuery(ctx).orderBy('name').execute(), readTallies(ctx, null)])
  return { data: scores.map((score) => rowOf(score, tallies)), nextCursor: null }
}

/** One score: its distribution, who moved most in 30 days, and the latest changes of band. @throws ProblemError 404 */
export async function viewScore(ctx: Scope, { slug }: { slug: string }): Promise<ScoreView> {
  const score = await scoreRecord(ctx, slug)
  const [tallies, movers, bandChanges] = await Promise.all([
    readTallies(ctx, score.id),
    readMovers(ctx, score),
    readBandChanges(ctx, score),
  ])
  const row = rowOf(score, tallies)
  const tens = Array.from({ length: 10 }, (_, ten) => counted(tallies.filter((tally) => tally.ten === ten)))
  const stages = [...row.definition.stages.map((stage): string | null => stage.name), null].map((stage) => ({
    name: stage,
    count: counted(tallies.filter((tally) => tally.ten !== null && tally.stage === stage)),
  }))
  return { ...row, backfill: progressOf(score), tens, stages, movers, bandChanges }
}

const counted = (tallies: Tally[]): number => tallies.reduce((total, { count }) => total + count, 0)

async function readMovers(ctx: Scope, score: ScoreRecord): Promise<ScoreView['movers']> {
  const then = new Date(ctx.now - TREND_MS)
  const { rows } = await sql<{ subject_id: string; value: number; before: number }>`
    SELECT m.subject_id, (m.value->>'value')::float8 AS value, (past.value->>'value')::float8 AS before
    FROM (SELECT DISTINCT newest.subject_id FROM (
        SELECT subject_id FROM audience_edges
        WHERE workspace_id = ${ctx.workspaceId} AND audience_id = ${score.id} AND at > ${then}
        ORDER BY at DESC LIMIT ${LOOKED_AT}) AS newest) AS moved
      JOIN audience_members m
        ON m.workspace_id = ${ctx.workspaceId} AND m.audience_id = ${score.id} AND m.subject_id = moved.subject_id
      JOIN LATERAL (SELECT e.value FROM audience_edges e
        WHERE e.workspace_id = ${ctx.workspaceId} AND e.audience_id = ${score.id} AND e.subject_id = m.subject_id
          AND e.at <= ${then}
        ORDER BY e.at DESC, e.id DESC LIMIT 1) AS past ON true
    WHERE m.value->>'value' IS NOT NULL AND past.value->>'value' IS NOT NULL`.execute(ctx.db)
  const moved = rows
    .map((row) => ({ ...row, change: Math.round(10 * (row.value - row.before)) / 10 }))
    .toSorted((a, b) => b.change - a.change || (a.subject_id < b.subject_id ? -1 : 1))
  const up = moved.filter(({ change }) => change > 0).slice(0, MOVERS)
  const down = moved
    .filter(({ change }) => change < 0)
    .slice(-MOVERS)
    .toReversed()
  const subjects = await subjectViews(
    ctx,
    [...up, ...down].map((row) => row.subject_id),
  )
  const views = (list: typeof moved): Mover[] =>
    list.map(({ subject_id: id, value, before, change }) => ({
      subject: subjects.get(id) ?? goneView(score.subject, id),
      value,
      before,
      change,
    }))
  return { up: views(up), down: views(down) }
}

interface BandChangeRow {
  id: string
  subject_id: string
  at: Date
  value: number | null
  from: string | null
  to: string | null
  cause: Json
  why: Json
}

async function readBandChanges(ctx: Scope, score: ScoreRecord): Promise<BandChange[]> {
  const { rows } = await sql<BandChangeRow>`
    SELECT e.id, e.subject_id, e.at, (e.value->>'value')::float8 AS value, past.band AS from, e.value->>'band' AS to,
      e.cause, e.why
    FROM (SELECT * FROM audience_edges WHERE workspace_id = ${ctx.workspaceId} AND audience_id = ${score.id}
        ORDER BY at DESC, id DESC LIMIT ${LOOKED_AT / 10}) AS e
      JOIN LATERAL (SELECT p.value->>'band' AS band FROM audience_edges p
        WHERE p.workspace_id = e.workspace_id AND p.audience_id = e.audience_id AND p.subject_id = e.subject_id
          AND (p.at, p.id) < (e.at, e.id)
        ORDER BY p.at DESC, p.id DESC LIMIT 1) AS past ON past.band IS DISTINCT FROM e.value->>'band'
    ORDER BY e.at DESC, e.id DESC LIMIT ${BAND_CHANGES}`.execute(ctx.db)
  const subjects = await subjectViews(
    ctx,
    rows.map((row) => row.subject_id),
  )
  return rows.map(({ subject_id: id, at, why, ...row }) => ({
    ...row,
    subject: subjects.get(id) ?? goneView(score.subject, id),
    at: at.toISOString(),
    why: why as unknown as Trace,
  }))
}

/** Who has the score, the lowest or the highest first. @throws ProblemError 404 */
export async function listScored(
  ctx: Scope,
  input: z.output<typeof scoredQuery>,
): Promise<{ data: Scored[]; nextCursor: string | null }> {
  const score = await scoreRecord(ctx, input.slug)
  const up = input.order === 'lowest'
  const tenths = sql<number>`round((value->>'value')::numeric * 10)::int`
  let query = ctx.db
    .selectFrom('audience_members')
    .select(['subject_id', 'since', 'value'])
    .select(tenths.as('tenths'))
    .where('workspace_id', '=', ctx.workspaceId)
    .where('audience_id', '=', score.id)
    .where('is_member', '=', true)
    .where(sql<boolean>`value->>'value' IS NOT NULL`)
    .orderBy('tenths', up ? 'asc' : 'desc')
    .orderBy('subject_id')
    .limit(PAGE + 1)
  if (input.band !== undefined) query = query.where(sql<boolean>`value->>'band' = ${input.band}`)
  if (input.cursor) {
    const [last = '0', id = ''] = readCursor(input.cursor, ['count', 'uuid'])
    const at = Number(last)
    query = query.where((eb) =>
      eb.or([eb(tenths, up ? '>' : '<', at), eb.and([eb(tenths, '=', at), eb('subject_id', '>', id)])]),
    )
  }
  const { data, nextCursor } = page(await query.execute(), PAGE, (row) => [row.tenths, row.subject_id])
  const subjects = await subjectViews(
    ctx,
    data.map((row) => row.subject_id),
  )
  return {
    data: data.map((row) => {
      // Written by the dispatcher from a `ScoreValue`; those without a number were left out above.
      const { band, stage } = row.value as unknown as ScoreValue
      return {
        subject: subjects.get(row.subject_id) ?? goneView(score.subject, row.subject_id),
        value: row.tenths / 10,
        band: band ?? '',
        stage,
        since: row.since.toISOString(),
      }
    }),
    nextCursor,
  }
}
