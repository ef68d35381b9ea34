import { z } from 'zod'
import { RUN_STATUSES } from '../../engine/model/run.ts'
import type { Facts, Trace } from '../../engine/model/rule.ts'
import type { TriggerData } from '../../engine/model/plan.ts'
import type { Fault } from '../../nodes/fault.ts'
import { documentOutput, isoTime, json } from '../playbooks/playbook-schemas.ts'

export const runStatus = z.enum(RUN_STATUSES)
const fault = z.custom<Fault>(() => true)

export const subjectView = z.object({
  kind: z.enum(['contact', 'account']),
  id: z.string(),
  externalId: z.string().nullable(),
  label: z.string(),
})

export const runRow = z.object({
  id: z.string(),
  playbook: z.object({ slug: z.string(), name: z.string() }),
  version: z.int(),
  status: runStatus,
  reason: z.string().nullable(),
  subject: subjectView,
  /** Ids of the steps it is at. */
  at: z.array(z.string()),
  waitingUntil: isoTime.nullable(),
  createdAt: isoTime,
  updatedAt: isoTime,
  endedAt: isoTime.nullable(),
  /** When the next milestone of an open run is due; once that is past the run is behind. */
  milestoneDue: isoTime.nullable(),
})
export type RunRow = z.output<typeof runRow>

export const runStep = z.object({
  /** The version under which it was last at work; null where the run has not come to it. */
  version: z.int().nullable(),
  id: z.string(),
  type: z.string(),
  label: z.string(),
  status: z.enum([
    'pending',
    'acting',
    'waiting',
    'retrying',
    'paced',
    'held',
    'review',
    'done',
    'skipped',
    'failed',
    'cancelled',
  ]),
  visit: z.int(),
  attempts: z.int(),
  startedAt: isoTime.nullable(),
  endedAt: isoTime.nullable(),
  until: isoTime.nullable(),
  port: z.string().nullable(),
  /** By which it may be left out; several: a person says which. */
  ports: z.array(z.string()),
  why: z.array(z.custom<Trace>(() => true)).nullable(),
  input: json,
  output: json,
  fault: fault.nullable(),
  /** Why it wrote nothing though nothing failed, or what it waits for beside its turn: caps and quiet hours. */
  note: z.string().nullable(),
  /** Of a step that works through a list, and of those within. */
  items: z.object({ total: z.int(), done: z.int(), failed: z.int() }).nullable(),
  effect: z
    .object({
      key: z.string(),
      status: z.enum(['intended', 'landed', 'failed', 'unknown']),
      externalId: z.string().nullable(),
      attempts: z.int(),
      before: json,
    })
    .nullable(),
})
export type RunStep = z.output<typeof runStep>

export const timelineEntry = z.object({
  at: isoTime,
  step: z.string().nullable(),
  /** Of a step within a list the number of the item, from 1; of lists within lists all of them. */
  item: z.string().nullable(),
  what: z.string(),
  port: z.string().nullable(),
  until: isoTime.nullable(),
  text: z.string().nullable(),
  /** The person or key whose command brought it about. */
  by: z.string().nullable(),
})

export const runView = z.object({
  run: runRow,
  /** Why a person lets it begin nothing new; null: it goes on. */
  paused: z.string().nullable(),
  /** When it went over to another version; empty where it never did. */
  versions: z.array(z.object({ at: isoTime, from: z.int(), to: z.int() })),
  document: documentOutput,
  steps: z.array(runStep),
  trigger: z.custom<TriggerData>(() => true),
  facts: z.custom<Facts | null>(() => true),
  timeline: z.array(timelineEntry),
  cause: json,
})
export type RunView = z.output<typeof runView>

export const reviewRow = z.object({
  key: z.string(),
  run: z.object({ id: z.string(), subject: subjectView }),
  playbook: z.object({ slug: z.string(), name: z.string() }),
  step: z.string(),
  action: z.string(),
  input: json,
  fault: fault.nullable(),
  attempts: z.int(),
  attemptedAt: isoTime,
})
export type ReviewRow = z.output<typeof reviewRow>
