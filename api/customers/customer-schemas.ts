import { z } from 'zod'
import type { Trace } from '../../engine/model/rule.ts'
import type { Json } from '../../nodes/manifest.ts'
import { subjectView } from '../audiences/audience-schemas.ts'

const isoTime = z.iso.datetime({ offset: true })
const jsonObject = z.custom<{ [name: string]: Json }>(() => true)
const json = z.custom<Json>(() => true)

export const contactRow = subjectView.extend({
  email: z.string().nullable(),
  name: z.string().nullable(),
  accounts: z.array(subjectView),
  createdAt: isoTime,
  updatedAt: isoTime,
})
export type ContactRow = z.output<typeof contactRow>

export const accountRow = subjectView.extend({
  name: z.string().nullable(),
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
      kind: z.enum(['segment', 'signal']),
      slug: z.string(),
      edge: z.enum(['set', 'cleared', 'entered', 'left']),
      subject: subjectView,
    }),
  ),
})
export type EventRow = z.output<typeof eventRow>

const membership = z.object({
  kind: z.enum(['segment', 'signal']),
  slug: z.string(),
  name: z.string(),
  since: isoTime,
})
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
  /** Vendor → the id of the record there. */
  links: jsonObject,
  memberships: z.array(membership),
  events: z.array(eventRow),
  runs: z.array(runOfSubject),
})
export type SubjectPage = z.output<typeof subjectPage>

export const contactView = contactRow.extend({
  ...subjectPage.shape,
  identities: z.array(z.object({ kind: z.enum(['user_id', 'anonymous_id', 'email']), value: z.string() })),
})
export type ContactView = z.output<typeof contactView>

export const accountView = accountRow.extend({ ...subjectPage.shape, members: z.array(subjectView) })
export type AccountView = z.output<typeof accountView>

export const listInput = z.object({
  search: z.string().max(200).optional().describe('Part of a name, e-mail address or your own id.'),
  cursor: z.string().max(500).nullish(),
  limit: z.coerce.number().int().min(1).max(200).optional(),
})
export type ListInput = z.output<typeof listInput>

export const eventListInput = z.object({
  subject: z.string().min(1).max(500).optional().describe('Your own id of a contact or account, or ours.'),
  name: z.string().min(1).max(200).optional(),
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
