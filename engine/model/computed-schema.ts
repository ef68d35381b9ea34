import { z } from 'zod'
import type { ComputedDefinition } from './computed.ts'
import { eventFigureSchema } from './score-schema.ts'

/**
 * A computed property at the borders. Whether its formula can be read and fits depends on what it is about:
 * `scores/check-computed.ts` says that.
 */
export const computedSchema: z.ZodType<ComputedDefinition> = z
  .strictObject({
    property: z.string().min(1, 'Name the property.').max(200).describe('The property that gets the value'),
    formula: z
      .string()
      .min(1, 'Write a formula, e.g. inputs.logins / contact.seats.')
      .max(2000)
      .describe('An expression over contact, account and inputs'),
    inputs: z.record(z.string().max(50), eventFigureSchema).describe('Figures over events by name'),
  })
  .meta({ id: 'ComputedDefinition', description: 'A property worked out from others and from figures over events.' })
