import { setTimeout as sleep } from 'node:timers/promises'
import pg from 'pg'
import type { PlaybookDocument, DocumentStep } from '../../engine/model/playbook.ts'
import type { Instance } from '../helpers/instance.ts'
import { databaseUrl, inLanes, type Product } from './product.ts'
import { shown } from './report.ts'

/** What a run waits for: an instant, an event with a key, a rule. `plain` ones do the same write and wait for nothing. */
export const WAITS = ['time', 'event', 'rule'] as const
export type Wait = (typeof WAITS)[number]
export type Kind = Wait | 'plain'

/** Runs that are woken in the same way, and the people they are about: each has one run of each kind. */
export interface Slice {
  name: string
  people: readonly number[]
}

const PEOPLE_AN_ACCOUNT = 40
const BATCH_SIZE = 100
const BATCH_LANES = 4
/** Starting at once: so few that the fill meets no queue, so many that no process waits for another. */
const MOST_STARTING = 200
const POLL_MS = 100
/** A look reads all runs: of the time it takes so many times as much goes by before the next, so that it stays a small load. */
const REST_AFTER_LOOK = 15
const STILL_LIMIT_MS = 120_000

const eventOf = (kind: Kind): string => `Began ${kind}`
export const ARRIVED = 'Order Arrived'

const WAITING: { [wait in Wait]: Omit<DocumentStep, 'id'> } = {
  time: { type: 'flow.delay', input: { mode: 'untilDate', until: 'trigger.properties.due' } },
  event: {
    type: 'flow.waitForEvent',
    input: { event: ARRIVED, keys: [{ property: 'order', path: 'trigger.properties.order' }], maxWait: 'P30D' },
  },
  rule: {
    type: 'flow.waitForRule',
    input: { rule: { property: 'contact.plan', op: 'eq', value: 'team' }, maxWait: 'P30D' },
  },
}
const GOES_ON: { [wait in Wait]: string } = { time: 'wait', event: 'wait.happened', rule: 'wait.met' }

function documentOf(kind: Kind): PlaybookDocument {
  const wait = kind === 'plain' ? [] : [{ id: 'wait', ...WAITING[kind] }]
  return {
    name: `Bench: ${kind}`,
    subject: 'contact',
    enrollment: { reentry: { policy: 'every' }, exit: [], goal: null },
    steps: [
      { id: 'start', type: 'trigger.event', input: { event: eventOf(kind) } },
      ...wait,
      {
        id: 'opp',
        type: 'salesforce.createOpportunity',
        connection: 'salesforce',
        input: {
          account: '{{ account.id }}',
          name: `${kind} {{ trigger.properties.slice }} {{ trigger.properties.person }}`,
          stage: 'Prospecting',
          closeInDays: 30,
          amount: '{{ account.mrr * 12 }}',
        },
      },
    ],
    edges:
      kind === 'plain'
        ? [['start', 'opp']]
        : [
            ['start', 'wait'],
            [GOES_ON[kind], 'opp'],
          ],
  }
}

/** Publishes the playbooks, and makes the people with their accounts. */
export async function prepareWaits(product: Product, people: number): Promise<void> {
  await product.connectSandboxes()
  await product.sandbox('POST', 'salesforce/limits', { calls: 1_000_000, perMs: 10_000 })
  const accountOf = (i: number) => Math.floor(i / PEOPLE_AN_ACCOUNT)
  const calls = Array.from({ length: people }, (_, i) => [
    { type: 'identify', userId: `person-${i}`, traits: { name: `Person ${i}`, email: `person-${i}@bench.example` } },
    {
      type: 'group',
      userId: `person-${i}`,
      groupId: `account-${accountOf(i)}`,
      traits: { name: `Account ${accountOf(i)}`, mrr: 400 },
    },
  ])
  await sendAll(product, calls.flat())
  await product.untilDispatched()
  for (const kind of [...WAITS, 'plain'] as const) await product.publish(`bench-${kind}`, documentOf(kind))
}

/** One of each account's people: whoever comes later finds the account linked. */
export const oneAnAccount = (people: number): number[] =>
  Array.from({ length: Math.ceil(people / PEOPLE_AN_ACCOUNT) }, (_, i) => i * PEOPLE_AN_ACCOUNT)

export interface Starting {
  slice: Slice
  kinds: readonly Kind[]
  /** For waits for time: when the run of the person in this place of the slice is to be woken. */
  dueOf(place: number): number
  /** Whether all are sent whatever has become of the first. */
  atOnce?: boolean
}

/** The events that begin the runs of a slice. */
export function beginnings({ slice, kinds, dueOf }: Starting): object[] {
  return slice.people.flatMap((person, place) =>
    kinds.map((kind) => ({
      type: 'track',
      messageId: `${kind}-${slice.name}-${person}`,
      userId: `person-${person}`,
      event: eventOf(kind),
      properties: {
        kind,
        slice: slice.name,
        person,
        order: `order-${person}`,
        ...(kind === 'time' ? { due: new Date(dueOf(place)).toISOString() } : {}),
      },
    })),
  )
}

/** What wakes the runs of these people that wait for an event or for a rule. */
export const wakers = (people: readonly number[], wait: 'event' | 'rule'): object[] =>
  people.map((person) =>
    wait === 'rule'
      ? { type: 'identify', userId: `person-${person}`, traits: { plan: 'team' } }
      : { type: 'track', userId: `person-${person}`, event: ARRIVED, properties: { order: `order-${person}` } },
  )

export async function sendAll(product: Product, calls: readonly object[]): Promise<void> {
  const batches: object[][] = []
  for (let from = 0; from < calls.length; from += BATCH_SIZE) batches.push(calls.slice(from, from + BATCH_SIZE))
  await inLanes(batches, BATCH_LANES, async (batch) => {
    const status = await product.send('/v1/batch', { batch })
    if (status !== 200) throw new Error(`A batch was answered ${status}.`)
  })
}

/** How the runs of one slice stand. */
export interface Standing {
  all: number
  waiting: number
  ended: number
  /** What is neither. */
  statuses: { [status: string]: number }
}

/** One run that was woken. Instants in ms. */
export interface Woken {
  kind: Kind
  person: number
  /** When a worker took what it waited for. */
  wokenAt: number | null
  endedAt: number | null
}

/** What the runs' record says. */
export interface RecordReader {
  client: pg.Client
  standing(slice: string): Promise<Standing>
  woken(slice: string): Promise<Woken[]>
  close(): Promise<void>
}

export async function readRecord(instance: Instance): Promise<RecordReader> {
  const client = new pg.Client({ connectionString: databaseUrl(instance) })
  await client.connect()
  const ofSlice = `r.trigger #>> '{data,properties,slice}' = $1`
  return {
    client,
    async standing(slice) {
      const { rows } = await client.query<{ status: string; count: number }>(
        `SELECT r.status, count(*)::int AS count FROM runs r WHERE ${ofSlice} GROUP BY 1`,
        [slice],
      )
      const of = Object.fromEntries(rows.map(({ status, count }) => [status, count]))
      const { waiting = 0, completed: ended = 0, ...statuses } = of
      return { all: rows.reduce((sum, { count }) => sum + count, 0), waiting, ended, statuses }
    },
    async woken(slice) {
      const { rows } = await client.query<Woken>(
        `SELECT r.trigger #>> '{data,properties,kind}' AS kind, (r.trigger #>> '{data,properties,person}')::int AS person,
          (SELECT min((i.input ->> 'at')::float8) FROM run_inputs i WHERE i.workspace_id = r.workspace_id AND i.run_id = r.id
            AND i.input ->> 'kind' IN ('due', 'event', 'look')) AS "wokenAt",
          (extract(epoch FROM r.ended_at) * 1000)::float8 AS "endedAt"
        FROM runs r WHERE ${ofSlice}`,
        [slice],
      )
      return rows
    },
    close: () => client.end(),
  }
}

/** Sends the beginnings, no faster than the runs come to their waits. */
export async function beginAll(product: Product, record: RecordReader, starting: Starting): Promise<void> {
  const { slice, kinds, atOnce = false } = starting
  const calls = beginnings(starting)
  const before = await record.standing(slice.name)
  const arrived = ({ waiting, ended }: Standing) => waiting + ended - before.waiting - before.ended
  if (atOnce) await sendAll(product, calls)
  for (let from = 0; from < calls.length && !atOnce; from += BATCH_SIZE) {
    await sendAll(product, calls.slice(from, from + BATCH_SIZE))
    await untilStanding(
      record,
      slice.name,
      (now) => Math.min(from + BATCH_SIZE, calls.length) - arrived(now) < MOST_STARTING,
    )
  }
  await untilStanding(record, slice.name, (now) => arrived(now) === slice.people.length * kinds.length)
}

/** @throws Error when nothing changes for two minutes */
export async function untilStanding(
  record: RecordReader,
  slice: string,
  reached: (standing: Standing) => boolean,
): Promise<void> {
  let last = ''
  let changedAt = performance.now()
  for (;;) {
    const looked = performance.now()
    const standing = await record.standing(slice)
    if (reached(standing)) return
    const tookMs = performance.now() - looked
    const text = JSON.stringify(standing)
    if (text !== last) [last, changedAt] = [text, performance.now()]
    else if (performance.now() - changedAt > STILL_LIMIT_MS)
      throw new Error(`Nothing moves in the slice “${slice}” for ${shown(STILL_LIMIT_MS / 1000)} s: ${text}`)
    await sleep(Math.max(POLL_MS, REST_AFTER_LOOK * tookMs))
  }
}
