import { z } from 'zod'
import { storedText } from '../stored-text.ts'
import type { Rule, Trace } from '../../engine/model/rule.ts'
import type { ScoreValue } from '../../engine/model/score.ts'
import { ruleSchema } from '../../engine/model/rule-schema.ts'
import type { Json } from '../../nodes/manifest.ts'
import { subjectView } from '../audiences/audience-schemas.ts'
import { MOST_COLUMNS } from './list-columns.ts'

const isoTime = z.iso.datetime({ offset: true })
const jsonObject = z.custom<{ [name: string]: Json }>(() => true)
const json = z.custom<Json>(() => true)

/** What the columns that were asked for show, by column. */
const cells = z.custom<{ [column: string]: Json }>(() => true).optional()

export const contactRow = subjectView.extend({
  email: z.string().nullable(),
  name: z.string().nullable(),
  cells,
  accounts: z.array(subjectView),
  createdAt: isoTime,
  updatedAt: isoTime,
})
export type ContactRow = z.output<typeof contactRow>

export const accountRow = subjectView.extend({
  name: z.string().nullable(),
  cells,
  contacts: z.int(),
  createdAt: isoTime,
  updatedAt: isoTime,
})
export type AccountRow = z.output<typeof accountRow>

export const eventOutcome = z.object({
  playbook: z.object({ slug: z.string(), name: z.string() }),
  step: z.string(),
  subject: subjectView.nullable(),
  outcome: z.enum(['started', 'refused']),
  code: z.string(),
  reason: z.string(),
  runId: z.string().nullable(),
  why: z.custom<Trace>(() => true).nullable(),
})

export const eventRow = z.object({
  seq: z.string(),
  messageId: z.string(),
  kind: z.enum(['track', 'identify', 'group', 'page', 'screen', 'alias']),
  name: z.string().nullable(),
  subject: subjectView.nullable(),
  account: subjectView.nullable(),
  occurredAt: isoTime,
  receivedAt: isoTime,
  status: z.enum(['pending', 'done', 'refused']),
  refusal: z.custom<{ code: string; reason: string }>(() => true).nullable(),
  /** Properties of what happened, or traits of who it describes. */
  properties: jsonObject,
  outcomes: z.array(eventOutcome),
  edges: z.array(
    z.object({
      kind: z.enum(['segment', 'signal', 'score', 'computed']),
      slug: z.string(),
      edge: z.enum(['set', 'cleared', 'entered', 'left', 'changed']),
      subject: subjectView,
    }),
  ),
})
export type EventRow = z.output<typeof eventRow>

const turnedKind = z.enum(['segment', 'signal', 'score', 'computed'])
const edgeWord = z.enum(['set', 'cleared', 'entered', 'left', 'changed'])

/** Everything one event did. */
export const eventDetails = z.object({
  event: eventRow,
  /** The message as it was received. */
  body: json,
  /** When a worker worked it; null: it waits, or was refused. */
  workedAt: isoTime.nullable(),
  /** What the message calls its person, the surest first, and whose that is now. */
  identities: z.array(
    z.object({
      kind: z.enum(['user_id', 'anonymous_id', 'email', 'vendor_id']),
      value: z.string(),
      of: z.enum(['contact', 'another', 'nobody']),
    }),
  ),
  /** How it came to its account: named by the message, as the contact's only one, or to none of so many. */
  accountVia: z.discriminatedUnion('how', [
    z.object({ how: z.literal('named'), group: z.string() }),
    z.object({ how: z.literal('only') }),
    z.object({ how: z.literal('none'), accounts: z.int() }),
  ]),
  /** The run whose doing it was: named by who sent it, or news of what the run wrote; null: nothing of ours. */
  origin: z.object({ run: z.string(), step: z.string().nullable(), how: z.enum(['told', 'echo', 'call']) }).nullable(),
  /** Values that it wrote. */
  changes: z.array(z.object({ subject: subjectView, property: z.string(), before: json, value: json })),
  /** What it turned, for whomever. */
  edges: z.array(
    z.object({
      kind: turnedKind,
      slug: z.string(),
      name: z.string(),
      edge: edgeWord,
      at: isoTime,
      subject: subjectView,
      why: z.custom<Trace>(() => true),
    }),
  ),
  /** Segments, signals and scores of its contact and account that look at it; turned null: it stayed as it was. */
  rules: z.array(
    z.object({
      kind: z.enum(['segment', 'signal', 'score']),
      slug: z.string(),
      subject: subjectView,
      turned: edgeWord.nullable(),
    }),
  ),
})
export type EventDetails = z.output<typeof eventDetails>

const membership = z.object({
  kind: z.enum(['segment', 'signal']),
  slug: z.string(),
  name: z.string(),
  since: isoTime,
})
/** Who wrote a value, and when: `at` is when it was known here, `occurredAt` when it was so by the writer's clock. */
export const provenance = z.object({ at: isoTime, occurredAt: isoTime, source: json })
const scoreOfSubject = z.object({
  slug: z.string(),
  name: z.string(),
  since: isoTime,
  value: z.custom<ScoreValue>(() => true),
})
export type ScoreOfSubject = z.output<typeof scoreOfSubject>
const runOfSubject = z.object({
  id: z.string(),
  playbook: z.object({ slug: z.string(), name: z.string() }),
  status: z.string(),
  createdAt: isoTime,
  endedAt: isoTime.nullable(),
})

/** What contacts and accounts share on their pages. */
const subjectPage = z.object({
  properties: jsonObject,
  /** Who wrote each property last; none for what was there before changes were kept. */
  provenance: z.record(z.string(), provenance),
  scores: z.array(scoreOfSubject),
  /** Vendor → the id of the record there. */
  links: jsonObject,
  memberships: z.array(membership),
  events: z.array(eventRow),
  runs: z.array(runOfSubject),
})
export type SubjectPage = z.output<typeof subjectPage>

export const contactView = contactRow.extend({
  ...subjectPage.shape,
  identities: z.array(z.object({ kind: z.enum(['user_id', 'anonymous_id', 'email', 'vendor_id']), value: z.string() })),
})
export type ContactView = z.output<typeof contactView>

export const accountView = accountRow.extend({ ...subjectPage.shape, members: z.array(subjectView) })
export type AccountView = z.output<typeof accountView>

/** A rule, or its JSON where it stands in an address. */
const filter = z
  .preprocess((given, context) => {
    if (typeof given !== 'string') return given
    try {
      return JSON.parse(given)
    } catch (error) {
      if (!(error instanceof SyntaxError)) throw error
      context.addIssue({ code: 'custom', message: 'This is not JSON. Send a rule as JSON.' })
      return z.NEVER
    }
  }, ruleSchema)
  .optional()
  .describe('Only those for whom this rule holds now, as JSON.')
const search = storedText(200)
  .optional()
  .describe('Beginnings of words of a name, an e-mail address or your own id; or one of our ids.')

export const filterInput = z.strictObject({ search, filter })
export interface FilterInput {
  search?: string | undefined
  filter?: Rule | undefined
}

export const listInput = z.object({
  search,
  filter,
  sort: storedText(300)
    .optional()
    .describe(
      'name, email, externalId, createdAt, updatedAt, contact.<property> or account.<property>, score.<slug>; with - before it descending. Default: -updatedAt.',
    ),
  columns: z
    .array(z.string().max(300))
    .max(MOST_COLUMNS)
    .optional()
    .describe(
      'Answered as cells: contact.<property>, account.<property>, score.<slug>, segments, signals, lastSeenAt …',
    ),
  cursor: z.string().max(2000).nullish(),
  limit: z.coerce.number().int().min(1).max(200).optional(),
})
export type ListInput = z.output<typeof listInput>

export const eventListInput = z.object({
  subject: storedText(500).min(1).optional().describe('Your own id of a contact or account, or ours.'),
  name: storedText(200).min(1).optional(),
  kind: z.enum(['track', 'identify', 'group', 'page', 'screen', 'alias']).optional(),
  status: z.enum(['pending', 'done', 'refused']).optional(),
  cursor: z.string().max(500).nullish(),
  limit: z.coerce.number().int().min(1).max(200).optional(),
})
export type EventListInput = z.output<typeof eventListInput>

export const sendEventInput = z.strictObject({
  subject: z.strictObject({
    contact: z.string().min(1).max(500).describe('Your own id of the contact, or ours.'),
    account: z.string().min(1).max(500).optional().describe('Your own id of the account, where it is not clear.'),
  }),
  name: z.string().trim().min(1, 'Name what happened, such as “Trial Started”.').max(200),
  properties: z.record(z.string(), json).default({}),
})
export type SendEventInput = z.output<typeof sendEventInput>
export const page = <S extends z.ZodType>(row: S) => z.object({ data: z.array(row), nextCursor: z.string().nullable() })
