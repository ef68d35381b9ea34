import type { ScoreValue } from '../../engine/model/score.ts'
import { evaluateScore, readsOfScore } from '../../engine/scores/evaluate-score.ts'
import type { Scope } from '../audiences/write-audience.ts'
import { notFound } from '../problem.ts'
import { loadFacts } from './load-facts.ts'
import { definitionOf, scoreRecord, TREND_MS } from './read-scores.ts'
import type { ScoreHistory } from './score-schemas.ts'

const POINTS = 1000

/**
 * One subject's score: now with the explanation of each part, and how it came there.
 * @throws ProblemError 404 when there is no such score or subject
 */
export async function scoreHistory(ctx: Scope, input: { slug: string; subject: string }): Promise<ScoreHistory> {
  const score = await scoreRecord(ctx, input.slug)
  const definition = definitionOf(score)
  const [found] = await loadFacts(ctx, { kind: score.subject, ids: [input.subject] }, readsOfScore(definition))
  if (found === undefined) throw notFound(score.subject, input.subject)
  const { value, band, stage, parts } = evaluateScore(definition, found.facts, ctx.now)
  const points = await readPoints(ctx, { scoreId: score.id, subjectId: input.subject })
  const before = await valueAt(ctx, { scoreId: score.id, subjectId: input.subject, at: new Date(ctx.now - TREND_MS) })
  return {
    slug: score.slug,
    name: score.name,
    bands: definition.bands,
    subject: found.subject,
    value,
    band,
    stage,
    change30Days: value === null || before === null ? null : Math.round(10 * (value - before)) / 10,
    parts,
    points,
  }
}

interface Whose {
  scoreId: string
  subjectId: string
}

const edgesOf = ({ db, workspaceId }: Scope, { scoreId, subjectId }: Whose) =>
  db
    .selectFrom('audience_edges')
    .select(['at', 'value'])
    .where('workspace_id', '=', workspaceId)
    .where('audience_id', '=', scoreId)
    .where('subject_id', '=', subjectId)
    .orderBy('at', 'desc')
    .orderBy('id', 'desc')

async function readPoints(ctx: Scope, whose: Whose): Promise<ScoreHistory['points']> {
  const rows = await edgesOf(ctx, whose).limit(POINTS).execute()
  return rows.toReversed().map((row) => {
    // Written by the dispatcher from a `ScoreValue`.
    const { value, band, stage } = row.value as unknown as ScoreValue
    return { at: row.at.toISOString(), value, band, stage }
  })
}

async function valueAt(ctx: Scope, { at, ...whose }: Whose & { at: Date }): Promise<number | null> {
  const row = await edgesOf(ctx, whose).where('at', '<=', at).limit(1).executeTakeFirst()
  return (row?.value as ScoreValue | null | undefined)?.value ?? null
}
