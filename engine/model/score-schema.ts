import { z } from 'zod'
import { checkScore } from '../scores/check-score.ts'
import { FIGURES } from './figure.ts'
import { ruleSchema, whereSchema, windowSchema } from './rule-schema.ts'
import { BAND_COLORS, type ScoreDefinition } from './score.ts'

/** Scores at the borders. Types and meaning: `score.ts`; messages: `scores/check-score.ts`. */

export const eventFigureSchema = z
  .strictObject({
    figure: z.enum(FIGURES).describe('The first and the last are of all events; days are whole days since then'),
    event: z.string().min(1, 'Name the event.').max(200),
    of: z.string().min(1).max(300).describe('Path into the properties of the event').optional(),
    within: windowSchema.optional(),
    where: whereSchema,
  })
  .meta({ id: 'EventFigure', description: 'A figure over the events of a contact or account.' })

const name = z.string().min(1, 'Give it a name.').max(100)

const measure = z.strictObject({
  of: z.union([
    z.strictObject({ property: z.string().max(300).describe('contact.<property> or account.<property>: a number') }),
    eventFigureSchema,
  ]),
  from: z.number().describe('The number at which there are no marks'),
  to: z.number().describe('The number at which there are full marks; it may be the smaller one'),
  missing: z.enum(['none', 'leave out']).describe('Where there is no number: no marks, or the others share the weight'),
})

const weight = z.number().describe('Greater than 0: its share of the sum of weights')

const shape: z.ZodType<ScoreDefinition> = z.strictObject({
  parts: z.array(
    z.union([z.strictObject({ name, weight, rule: ruleSchema }), z.strictObject({ name, weight, measure })]),
  ),
  bands: z.array(
    z.strictObject({
      name,
      from: z.number().describe('The least number of the band; the first begins at 0'),
      color: z.enum(BAND_COLORS).optional(),
    }),
  ),
  stages: z.array(z.strictObject({ name, rule: ruleSchema })).describe('The first whose rule holds'),
})

/** A whole score: its shape, and what no shape can say. */
export const scoreSchema: z.ZodType<ScoreDefinition> = shape
  .superRefine((definition, context) => {
    for (const { path, message } of checkScore(definition))
      context.addIssue({ code: 'custom', path: path === '' ? [] : path.split('.'), message })
  })
  .meta({ id: 'ScoreDefinition', description: 'Weighted parts, bands and stages.' })
