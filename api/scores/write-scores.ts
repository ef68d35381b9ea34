import type { z } from 'zod'
import { createAudience, readAudiences, type Scope, updateAudience } from '../audiences/write-audience.ts'
import { notFound, problem } from '../problem.ts'
import { checkComputedFor, checkScoreFor } from './check-definition.ts'
import type { computedChange, computedInput, scoreChange, scoreInput } from './score-schemas.ts'

/** Makes a score; everybody who is there gets theirs by the backfill. @throws ProblemError 409, 422 */
export async function createScore(ctx: Scope, input: z.output<typeof scoreInput>): Promise<{ slug: string }> {
  const { definition, ...rest } = input
  checkScoreFor(input.subject, definition)
  return createAudience(ctx, 'score', { ...rest, rule: definition })
}

/** Changes words or definition; a new definition is worked out for everybody again. @throws ProblemError 404, 422 */
export async function updateScore(ctx: Scope, change: z.output<typeof scoreChange>): Promise<{ slug: string }> {
  const { definition, ...rest } = change
  if (definition !== undefined) {
    const known = (await readAudiences(ctx)).find(({ kind, slug }) => kind === 'score' && slug === change.slug)
    if (known === undefined) throw notFound('score', change.slug)
    checkScoreFor(known.subject, definition)
  }
  return updateAudience(ctx, 'score', { ...rest, rule: definition })
}

/** Makes a computed property; everybody who is there gets theirs by the backfill. @throws ProblemError 409, 422 */
export async function createComputed(ctx: Scope, input: z.output<typeof computedInput>): Promise<{ slug: string }> {
  const { definition, ...rest } = input
  await checkComputedFor(ctx, { slug: null, subject: input.subject, definition }, await readAudiences(ctx))
  return createAudience(ctx, 'computed', { ...rest, rule: definition })
}

/** Changes words, formula or inputs. @throws ProblemError 404, 422 */
export async function updateComputed(ctx: Scope, change: z.output<typeof computedChange>): Promise<{ slug: string }> {
  const { definition, ...rest } = change
  if (definition !== undefined) {
    const all = await readAudiences(ctx)
    const known = all.find(({ kind, slug }) => kind === 'computed' && slug === change.slug)
    if (known?.kind !== 'computed') throw notFound('computed property', change.slug)
    if (known.rule.property !== definition.property) {
      const message = `It writes ${known.subject}.${known.rule.property}, and that never changes. Make a new one for ${definition.property}.`
      throw problem(422, 'RULE_INVALID', {
        detail: message,
        problems: [{ path: 'definition.property', message }],
      })
    }
    await checkComputedFor(ctx, { slug: change.slug, subject: known.subject, definition }, all)
  }
  return updateAudience(ctx, 'computed', { ...rest, rule: definition })
}
