import { z } from 'zod'
import type { Trace } from '../../engine/model/rule.ts'
import type { Json } from '../../nodes/manifest.ts'
import { subjectView } from '../audiences/audience-schemas.ts'

/** What a timeline shows, and by what it is filtered. In the order in which things of one instant stand. */
export const TIMELINE_TYPES = [
  'change',
  'conversation',
  'edge',
  'event',
  'merge',
  'note',
  'refusal',
  'run',
  'write',
] as const
export type TimelineType = (typeof TIMELINE_TYPES)[number]

const isoTime = z.iso.datetime({ offset: true })
const json = z.custom<Json>(() => true)
const jsonObject = z.custom<{ [name: string]: Json }>(() => true)

/** When, and what tells it from all others of its type. */
const item = <T extends TimelineType>(type: T) => ({ type: z.literal(type), id: z.string(), at: isoTime })

export const timelineItem = z.discriminatedUnion('type', [
  z.object({
    ...item('event'),
    kind: z.enum(['track', 'identify', 'group', 'page', 'screen', 'alias']),
    name: z.string().nullable(),
    messageId: z.string(),
    receivedAt: isoTime,
    /** Properties of what happened, or traits of who it describes. */
    properties: jsonObject,
    /** Who did it. */
    contact: subjectView.nullable(),
  }),
  z.object({
    ...item('change'),
    property: z.string(),
    before: json,
    value: json,
    /** When it was so by the clock of whoever said it; `at` is when it was known here. */
    occurredAt: isoTime,
    source: json,
  }),
  z.object({
    ...item('edge'),
    kind: z.enum(['segment', 'signal', 'score', 'computed']),
    slug: z.string(),
    name: z.string(),
    edge: z.enum(['set', 'cleared', 'entered', 'left', 'changed']),
    value: json,
    why: z.custom<Trace>(() => true).nullable(),
  }),
  z.object({
    ...item('run'),
    playbook: z.object({ slug: z.string(), name: z.string() }),
    status: z.string(),
    reason: z.string().nullable(),
    endedAt: isoTime.nullable(),
  }),
  z.object({
    ...item('refusal'),
    playbook: z.object({ slug: z.string(), name: z.string() }),
    /** Why no run was started; that a trigger's own condition was not met stands at the event. */
    code: z.string(),
    reason: z.string(),
  }),
  z.object({
    ...item('write'),
    run: z.string(),
    playbook: z.object({ slug: z.string(), name: z.string() }),
    step: z.string(),
    action: z.string(),
    status: z.enum(['intended', 'landed', 'failed', 'unknown']),
    externalId: z.string().nullable(),
  }),
  z.object({
    ...item('conversation'),
    app: z.string(),
    title: z.string().nullable(),
    state: z.enum(['open', 'snoozed', 'closed']),
    closedAt: isoTime.nullable(),
    rating: z.int().nullable(),
    url: z.string().nullable(),
  }),
  z.object({ ...item('note'), body: z.string(), author: z.string(), updatedAt: isoTime }),
  z.object({
    ...item('merge'),
    winner: subjectView,
    loser: subjectView,
    reason: json,
    actor: z.string(),
    undoneAt: isoTime.nullable(),
  }),
])
export type TimelineItem = z.output<typeof timelineItem>

export const timelineInput = z.object({
  id: z.string().min(1).max(500).describe('Your own id, or ours.'),
  types: z.array(z.enum(TIMELINE_TYPES)).max(20).optional().describe('Left out: all.'),
  cursor: z.string().max(500).nullish(),
  limit: z.coerce.number().int().min(1).max(200).optional(),
})
export type TimelineInput = z.output<typeof timelineInput>

export const historyInput = z.object({
  id: z.string().min(1).max(500).describe('Your own id, or ours.'),
  property: z.string().min(1).max(300).describe('Its name, without contact. or account. before it.'),
  cursor: z.string().max(500).nullish(),
  limit: z.coerce.number().int().min(1).max(200).optional(),
})
export type HistoryInput = z.output<typeof historyInput>

export const propertyChange = z.object({ before: json, value: json, at: isoTime, occurredAt: isoTime, source: json })
export type PropertyChangeView = z.output<typeof propertyChange>

export const membershipWhy = z.object({
  kind: z.enum(['segment', 'signal']),
  slug: z.string(),
  name: z.string(),
  since: isoTime,
  /** The rule's trace when it came true; null for who was in it from the first asking on. */
  why: z.custom<Trace>(() => true).nullable(),
})
export type MembershipWhy = z.output<typeof membershipWhy>
