import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import type { Evaluation, Rule } from '../../engine/model/rule.ts'
import type { ScoreDefinition } from '../../engine/model/score.ts'
import { evaluate } from '../../engine/rules/evaluate.ts'
import { readsOf } from '../../engine/rules/reads.ts'
import type { Json } from '../../nodes/manifest.ts'
import { seeded } from '../../test/helpers/random.ts'
import { createTestWorkspace, type TestWorkspace } from '../../test/helpers/workspace.ts'
import { createFactsSource } from '../customers/facts-source.ts'
import { onPool } from '../db/sql.ts'
import { factsThen, isNotYet } from './facts-then.ts'

const HOUR = 3_600_000
const DAY = 24 * HOUR

let w: TestWorkspace
beforeAll(async () => {
  w = await createTestWorkspace()
})
afterAll(() => w.close())

const SCORE: ScoreDefinition = {
  parts: [
    {
      name: 'Use',
      weight: 2,
      measure: { of: { figure: 'count', event: 'login', within: 'P7D' }, from: 0, to: 6, missing: 'none' },
    },
    { name: 'Plan', weight: 1, rule: { property: 'contact.plan', op: 'eq', value: 'pro' } },
  ],
  bands: [
    { name: 'bad', from: 0 },
    { name: 'good', from: 50 },
  ],
  stages: [{ name: 'new', rule: { event: 'login', count: { op: 'lt', value: 3 } } }],
}

const PRO: Rule = { property: 'contact.plan', op: 'eq', value: 'pro' }
const QUIET: Rule = { event: 'login', count: { op: 'eq', value: 0 }, within: 'P2D' }

const CONTACT_RULES: Rule[] = [
  PRO,
  QUIET,
  { property: 'contact.mrr', op: 'gt', value: 50 },
  { property: 'contact.email', op: 'exists' },
  { property: 'contact.externalId', op: 'exists' },
  { property: 'account.size', op: 'gte', value: 10 },
  {
    event: 'Order',
    count: { op: 'gte', value: 2 },
    within: 'P3D',
    where: [{ property: 'amount', op: 'gt', value: 20 }],
  },
  { aggregate: 'sum', event: 'Order', of: 'amount', op: 'gte', value: 60, within: 'P5D' },
  { trend: 'count', event: 'login', op: 'lt', value: -20, within: 'P2D' },
  { changed: 'contact.plan', to: 'pro', within: 'P2D' },
  { sequence: [{ event: 'login' }, { event: 'Order' }], within: 'P2D' },
  { last: 'Order', of: 'amount', op: 'gte', value: 30 },
  { first: 'login', op: 'withinLast', value: 'P4D' },
  { segment: 'big', is: 'in' },
  { signal: 'quiet', is: 'set' },
  { signal: 'busy-account', is: 'set' },
  { score: 'health', op: 'gte', value: 40 },
  { score: 'health', of: 'stage', op: 'eq', value: 'new' },
  { accounts: { property: 'account.size', op: 'gte', value: 10 } },
  { event: 'login', count: { op: 'gte', value: 5 }, within: { calendar: 'week', zone: 'Europe/Berlin' } },
] // prettier-ignore
const ACCOUNT_RULES: Rule[] = [
  { property: 'account.size', op: 'gte', value: 10 },
  { event: 'login', count: { op: 'gte', value: 3 }, within: 'P1D' },
  { contacts: PRO, count: { op: 'gte', value: 2 } },
  { contacts: { all: [QUIET, { signal: 'quiet', is: 'set' }] } },
  { changed: 'account.size', within: 'P2D' },
  { signal: 'busy-account', is: 'set' },
] // prettier-ignore

interface Recorded {
  at: number
  subject: { kind: 'contact' | 'account'; id: string }
  rule: Rule
  was: Evaluation
}

const pick = <T>(random: () => number, list: readonly T[]): T => list[Math.floor(random() * list.length)] as T

/** One call of somebody: known by a cookie, by an id, or by both, which makes two contacts one. */
function someCall(random: () => number): { [field: string]: Json } {
  const n = Math.floor(random() * 6)
  const who: { [field: string]: Json } =
    random() < 0.35
      ? { anonymousId: `anon-${n}` }
      : random() < 0.12
        ? { userId: `u${n}`, anonymousId: `anon-${n}` }
        : { userId: `u${n}` }
  const late = random() < 0.2 ? Math.floor(random() * 3 * DAY) : 0
  const base = { ...who, timestamp: new Date(w.clock.now - late).toISOString() }
  const kind = random()
  if (kind < 0.4) return { ...base, type: 'track', event: 'login', properties: {} }
  if (kind < 0.6) return { ...base, type: 'track', event: 'Order', properties: { amount: Math.floor(random() * 60) } }
  if (kind < 0.75)
    return {
      ...base,
      type: 'identify',
      traits: { plan: pick(random, ['free', 'pro', null]), mrr: Math.floor(random() * 100) },
    }
  if (kind < 0.8)
    return { ...base, type: 'identify', traits: { email: `u${n}-${Math.floor(random() * 3)}@example.com` } }
  if (kind < 0.9)
    return {
      ...base,
      type: 'group',
      groupId: pick(random, ['acme', 'beta']),
      traits: { size: Math.floor(random() * 20) },
    }
  return { ...base, type: 'group', groupId: pick(random, ['acme', 'beta']) }
}

async function subjects(): Promise<Array<Recorded['subject']>> {
  const contacts = await w.opened.db.selectFrom('contacts').select('id').where('merged_into', 'is', null).execute()
  const accounts = await w.opened.db.selectFrom('accounts').select('id').execute()
  return [
    ...contacts.map(({ id }) => ({ kind: 'contact' as const, id })),
    ...accounts.map(({ id }) => ({ kind: 'account' as const, id })),
  ]
}

async function record(random: () => number, into: Recorded[]): Promise<void> {
  const source = createFactsSource(onPool(w.opened.pool))
  const all = await subjects()
  for (let i = 0; i < 14 && all.length > 0; i += 1) {
    const subject = pick(random, all)
    const rule = pick(random, subject.kind === 'contact' ? CONTACT_RULES : ACCOUNT_RULES)
    const at = w.clock.now
    const facts = await source.load(w.id, { ...subject, related: null }, { reads: readsOf(rule), at })
    into.push({ at, subject, rule, was: evaluate(rule, facts, at) })
  }
}

describe('factsThen', () => {
  it('answers every rule for every subject at every past moment as it was answered then', async () => {
    await w.audience('segment', 'big', { rule: { property: 'contact.mrr', op: 'gt', value: 50 } })
    await w.audience('signal', 'quiet', { rule: QUIET })
    await w.audience('signal', 'busy-account', {
      subject: 'account',
      rule: { event: 'login', count: { op: 'gte', value: 2 }, within: 'P1D' },
    })
    await w.audience('score', 'health', { rule: SCORE })
    const random = seeded(7)
    const recorded: Recorded[] = []
    for (let step = 0; step < 110; step += 1) {
      await w.pass(1 + Math.floor(random() * random() * 20 * HOUR))
      // “Then” is a whole millisecond: what comes next is not in the one that was asked about.
      if (random() < 0.3) {
        await record(random, recorded)
        await w.pass(1)
      }
      await w.sendNow(someCall(random))
      await w.dispatch()
      await w.pass(1)
      await record(random, recorded)
    }
    expect(new Set(recorded.map(({ was }) => was.value))).toEqual(new Set([true, false]))
    const { merges } = await w.opened.db
      .selectFrom('merges')
      .select((eb) => eb.fn.countAll<string>().as('merges'))
      .executeTakeFirstOrThrow()
    expect(Number(merges)).toBeGreaterThan(1)

    const wrong: string[] = []
    for (const { at, subject, rule, was } of recorded) {
      const found = await factsThen(onPool(w.opened.pool), {
        workspaceId: w.id,
        subject,
        reads: readsOf(rule),
        at,
        now: w.clock.now,
      })
      if (found === null || isNotYet(found)) {
        wrong.push(`${subject.id} was not there`)
        continue
      }
      const { value, why } = evaluate(rule, found.facts, at)
      if (value !== was.value || JSON.stringify(why) !== JSON.stringify(was.why))
        wrong.push(
          `${new Date(at).toISOString()} ${subject.id} ${JSON.stringify(why)} but was ${JSON.stringify(was.why)}`,
        )
    }
    expect(recorded.length).toBeGreaterThan(1200)
    expect(wrong).toEqual([])
  }, 240_000)
})
