import type { z } from 'zod'
import { evaluateComputed, readsOfComputed } from '../../engine/scores/evaluate-computed.ts'
import { evaluateScore, readsOfScore } from '../../engine/scores/evaluate-score.ts'
import { checkAudienceRule } from '../audiences/check-rule.ts'
import { readAudiences, type Scope } from '../audiences/write-audience.ts'
import { checkComputedFor, checkScoreFor } from './check-definition.ts'
import { loadFacts, newestSubjects } from './load-facts.ts'
import type { ComputedPreview, computedPreviewInput, ScorePreview, scorePreviewInput } from './score-schemas.ts'

/** Enough for a distribution that tells something, few enough to be worked out while one types. */
const CHECKED = 200
const SAMPLE = 5

/** Works a score out for some, keeping nothing. @throws ProblemError 422 when the definition cannot be worked out */
export async function previewScore(ctx: Scope, input: z.output<typeof scorePreviewInput>): Promise<ScorePreview> {
  const { subject: kind, definition } = input
  checkScoreFor(kind, definition)
  checkAudienceRule({ kind: 'score', slug: '', subject: kind, rule: definition }, await readAudiences(ctx))
  const newest = await newestSubjects(ctx, kind, CHECKED)
  const asked = input.subjects ?? newest.slice(0, SAMPLE)
  const ids = [...new Set([...asked, ...newest])]
  const counts = new Map<string, number>()
  const sample: ScorePreview['sample'] = []
  const found = await loadFacts(ctx, { kind, ids }, readsOfScore(definition))
  for (const { subject, facts } of found) {
    const { value, band, stage, parts } = evaluateScore(definition, facts, ctx.now)
    if (band !== null) counts.set(band, (counts.get(band) ?? 0) + 1)
    if (asked.includes(subject.id)) sample.push({ subject, value, band, stage, parts })
  }
  const bands = definition.bands.map(({ name, from, color }) => ({
    name,
    from,
    color: color ?? null,
    count: counts.get(name) ?? 0,
  }))
  return { checked: found.length, bands, sample }
}

/** Works a formula out for some, keeping nothing. @throws ProblemError 422 when it cannot be worked out */
export async function previewComputed(
  ctx: Scope,
  input: z.output<typeof computedPreviewInput>,
): Promise<ComputedPreview> {
  const { subject: kind, definition } = input
  // Whose property it will be is looked at when it is saved: one that is being changed writes it already.
  await checkComputedFor(ctx, { slug: null, subject: kind, definition }, [])
  const ids = input.subjects ?? (await newestSubjects(ctx, kind, SAMPLE))
  const found = await loadFacts(ctx, { kind, ids }, readsOfComputed(definition))
  return {
    sample: found.map(({ subject, facts }) => {
      const { value, why } = evaluateComputed(definition, facts, ctx.now)
      return { subject, value, why }
    }),
  }
}
