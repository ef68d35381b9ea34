import { z } from 'zod'
import { checkRule } from '../rules/check.ts'
import { PROPERTY_OPS, type Rule } from './rule.ts'

/** Rules at the borders (API, CLI, documents). Types and meaning: `rule.ts`; messages: `rules/check.ts`. */

const property = z.strictObject({
  property: z
    .string()
    .max(300)
    .describe('contact.<property>, account.<property>, trigger.<path> or steps.<step>.<path>'),
  op: z.enum(PROPERTY_OPS),
  value: z.json().optional(),
})

const event = z.strictObject({
  event: z.string().min(1).max(200),
  count: z.strictObject({
    op: z.enum(['eq', 'gte', 'lte', 'gt', 'lt']),
    value: z.int().min(0, 'Say how often: 0 or more.'),
  }),
  within: z.string().describe('ISO-8601 duration of a rolling window, e.g. P7D').optional(),
})

const segment = z.strictObject({ segment: z.string().min(1).max(100), is: z.enum(['in', 'out']) })
const signal = z.strictObject({ signal: z.string().min(1).max(100), is: z.enum(['set', 'cleared']) })

const anyRule: z.ZodType<Rule> = z.lazy(() =>
  z.union(
    [
      z.strictObject({ all: z.array(anyRule).min(1, 'List at least one rule.') }),
      z.strictObject({ any: z.array(anyRule).min(1, 'List at least one rule.') }),
      z.strictObject({ not: anyRule }),
      property,
      event,
      segment,
      signal,
    ],
    { error: ({ input }) => wordsOf(input) },
  ),
)

const wordsOf = (input: unknown): string => {
  const [first] = checkRule(input)
  if (first === undefined) return 'This is no rule.'
  return first.path === '' ? first.message : `${first.path}: ${first.message}`
}

/** A whole rule: its shape, and what no shape can say (durations, dates, a value for every comparison). */
export const ruleSchema: z.ZodType<Rule> = anyRule
  .superRefine((rule, context) => {
    for (const issue of checkRule(rule))
      context.addIssue({ code: 'custom', path: issue.path === '' ? [] : issue.path.split('.'), message: issue.message })
  })
  .meta({ id: 'Rule', description: 'A condition as data.' })
