import { z } from 'zod'
import { checkRule } from '../rules/check.ts'
import { AGGREGATES, CALENDAR_UNITS, COUNT_OPS, PROPERTY_OPS, type Rule } from './rule.ts'

/** Rules at the borders (API, CLI, documents). Types and meaning: `rule.ts`; messages: `rules/check.ts`. */

const path = z.string().min(1).max(300)
const name = z.string().min(1).max(200)
const slug = z.string().min(1).max(100)
const value = z.json().optional()
const op = z.enum(PROPERTY_OPS)

const calendar = z
  .strictObject({
    calendar: z.enum(CALENDAR_UNITS).describe('Weeks begin on Monday'),
    count: z.int().min(1).describe('How many periods; 1 where left out').optional(),
    ago: z
      .int()
      .min(0)
      .describe('How many periods back the newest is; 0, where left out, is the one that runs now')
      .optional(),
    zone: z.string().min(1).describe('IANA time zone, e.g. Europe/Berlin'),
  })
  .meta({ id: 'CalendarWindow', description: 'Whole periods of a calendar in a time zone.' })

const duration = z.string().describe('ISO-8601 duration, e.g. P7D')
const window = z
  .union([duration, calendar])
  .meta({ id: 'RuleWindow', description: 'A rolling window up to now (ISO-8601 duration), or periods of a calendar.' })

const where = z
  .array(
    z
      .strictObject({ property: path.describe('Path into the properties of the event'), op, value })
      .meta({ id: 'EventFilter', description: 'Holds for an event when its own property compares so.' }),
  )
  .min(1)
  .max(20)
  .describe('Only events for which all of these hold')
  .optional()

const count = z.strictObject({
  op: z.enum(COUNT_OPS),
  value: z.int().min(0, 'Say how often: 0 or more.'),
})

const property = z.strictObject({
  property: z
    .string()
    .max(300)
    .describe('contact.<property>, account.<property>, trigger.<path> or steps.<step>.<path>'),
  op,
  value,
})

const changed = z.strictObject({
  changed: path.describe('contact.<property> or account.<property>, as a whole'),
  from: z.json().describe('Left out: from anything. null: it had no value').optional(),
  to: z.json().describe('Left out: to anything. null: it was removed').optional(),
  within: window.optional(),
})

const event = z.strictObject({ event: name, count, within: window.optional(), where })

const occasion = {
  of: path.describe('Path into the properties of that event; left out: when it happened').optional(),
  op,
  value,
  where,
}
const first = z.strictObject({ first: name.describe('Event'), ...occasion })
const last = z.strictObject({ last: name.describe('Event'), ...occasion })

const sequence = z.strictObject({
  sequence: z
    .array(z.strictObject({ event: name, where }))
    .min(2)
    .max(10)
    .describe('In this order, each later than the one before'),
  within: window.optional(),
  span: duration.describe('ISO-8601 duration: the last at most so long after the first').optional(),
})

const aggregate = z.strictObject({
  aggregate: z.enum(AGGREGATES),
  event: name,
  of: path.describe('Path into the properties of the event'),
  op: z.enum(COUNT_OPS),
  value: z.number(),
  within: window.optional(),
  where,
})

const trend = z.strictObject({
  trend: z.enum(['count', 'sum', 'average']),
  event: name,
  of: path.describe('Path into the properties of the event, for sum and average').optional(),
  op: z.enum(COUNT_OPS),
  value: z.number().describe('Change against the window before, in percent: -50 is half as much'),
  within: window,
  where,
})

const segment = z.strictObject({ segment: slug, is: z.enum(['in', 'out']) })
const signal = z.strictObject({ signal: slug, is: z.enum(['set', 'cleared']) })
const score = z.strictObject({
  score: slug,
  of: z.enum(['value', 'band', 'stage']).describe('Left out: the number').optional(),
  op,
  value,
})

const related = count.describe('For how many; left out: at least one').optional()

const anyRule: z.ZodType<Rule> = z.lazy(() =>
  z.union(
    [
      z.strictObject({ all: z.array(anyRule).min(1, 'List at least one rule.') }),
      z.strictObject({ any: z.array(anyRule).min(1, 'List at least one rule.') }),
      z.strictObject({ not: anyRule }),
      property,
      changed,
      first,
      last,
      sequence,
      aggregate,
      trend,
      event,
      segment,
      signal,
      score,
      z.strictObject({ contacts: anyRule, count: related }).describe('Of an account: for how many of its contacts'),
      z.strictObject({ accounts: anyRule, count: related }).describe('Of a contact: for how many of its accounts'),
    ],
    { error: ({ input }) => wordsOf(input) },
  ),
)

const wordsOf = (input: unknown): string => {
  const [first] = checkRule(input)
  if (first === undefined) return 'This is no rule.'
  return first.path === '' ? first.message : `${first.path}: ${first.message}`
}

/** A whole rule: its shape, and what no shape can say (durations, dates, zones, a value for every comparison). */
export const ruleSchema: z.ZodType<Rule> = anyRule
  .superRefine((rule, context) => {
    for (const issue of checkRule(rule))
      context.addIssue({ code: 'custom', path: issue.path === '' ? [] : issue.path.split('.'), message: issue.message })
  })
  .meta({ id: 'Rule', description: 'A condition as data.' })

/** Parts of rules that scores and computed properties have too. */
export { where as whereSchema, window as windowSchema }
