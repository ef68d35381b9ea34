import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { createTestWorkspace, type TestWorkspace } from '../../test/helpers/workspace.ts'
import { whyAnswer } from './answer.ts'
import type { WhyScope } from './ask.ts'
import { hiddenFrom } from './hidden.ts'
import { whyPlaybook } from './why-playbook.ts'
import { whyRun } from './why-run.ts'

const HOUR = 3_600_000
const DAY = 24 * HOUR

let w: TestWorkspace
beforeAll(async () => {
  w = await createTestWorkspace()
})
afterAll(() => w.close())

let n = 0
/** Somebody of a test's own. */
const someone = (): string => `person-${(n += 1)}`
const scope = (isHidden: (path: string) => boolean = () => false): WhyScope => ({
  db: w.opened.db,
  workspaceId: w.id,
  now: w.clock.now,
  isHidden,
})
const iso = (at: number): string => new Date(at).toISOString()
const tell = async (...messages: Parameters<TestWorkspace['send']>): Promise<number> => {
  await w.send(...messages)
  await w.dispatch()
  return w.clock.now
}
const identify = (userId: string, traits: { [name: string]: string | number }) => ({ type: 'identify', userId, traits })
const track = (userId: string, event: string, properties: { [name: string]: string | number } = {}) => ({
  type: 'track',
  userId,
  event,
  properties,
})

describe('why a rule held', () => {
  it('says what was known at a past moment, who wrote it and since when', async () => {
    const userId = someone()
    const free = await tell(identify(userId, { plan: 'free' }))
    await w.pass(DAY)
    const pro = await tell(identify(userId, { plan: 'pro' }))
    await w.pass(DAY)
    const rule = { property: 'contact.plan', op: 'eq' as const, value: 'pro' }
    const then = await whyAnswer(scope(), { subject: { contact: userId }, rule, at: iso(pro - HOUR) })
    expect(then).toMatchObject({
      value: false,
      words: `The rule did not hold for ${userId} at ${iso(pro - HOUR)}, because contact.plan was free.`,
      trace: { actual: 'free', since: iso(free), source: { kind: 'event', words: 'by an identify call' } },
      firstSeen: iso(free),
      doubts: [],
    })
    expect(then.trace.source?.eventSeq).toMatch(/^\d+$/)
    expect(then.flips.map(({ words }) => words).join()).toContain('contact.plan would have to be pro')
    const now = await whyAnswer(scope(), { subject: { contact: userId }, rule })
    expect(now).toMatchObject({ value: true, trace: { actual: 'pro', since: iso(pro) } })
  })

  it('shows the events of a window, when it turns by itself, and what would turn it', async () => {
    const userId = someone()
    const first = await tell(track(userId, 'login'))
    await w.pass(2 * DAY)
    const second = await tell(track(userId, 'login'))
    await w.pass(DAY)
    const rule = { event: 'login', count: { op: 'gte' as const, value: 2 }, within: 'P7D' }
    const found = await whyAnswer(scope(), { subject: { contact: userId }, rule })
    expect(found).toMatchObject({
      value: true,
      validUntil: iso(first + 7 * DAY),
      trace: {
        found: '"login" happened 2 times in the last 7 days',
        window: { count: 2, from: iso(w.clock.now - 7 * DAY + 1), until: iso(w.clock.now) },
      },
    })
    expect(found.trace.window?.newest.map(({ at }) => at)).toEqual([iso(second), iso(first)])
    const before = await whyAnswer(scope(), { subject: { contact: userId }, rule, at: iso(second - 1) })
    expect(before.value).toBe(false)
    expect(before.flips[0]?.words).toBe('One more "login" in the last 7 days would make it true.')
  })

  it('does not know then what came late', async () => {
    const userId = someone()
    await tell(identify(userId, { plan: 'free' }))
    const from = w.clock.now
    await w.pass(DAY)
    await tell({ ...track(userId, 'login'), timestamp: iso(from + 1) })
    const rule = { event: 'login', count: { op: 'gte' as const, value: 1 } }
    const asked = { subject: { contact: userId }, rule }
    expect((await whyAnswer(scope(), { ...asked, at: iso(from + HOUR) })).value).toBe(false)
    expect((await whyAnswer(scope(), asked)).value).toBe(true)
  })

  it('refuses the future, and a time before somebody was seen, and says when that was', async () => {
    const userId = someone()
    const seen = await tell(identify(userId, { plan: 'free' }))
    const asked = { subject: { contact: userId }, rule: { property: 'contact.plan', op: 'exists' as const } }
    await expect(whyAnswer(scope(), { ...asked, at: iso(w.clock.now + HOUR) })).rejects.toThrow('is in the future')
    await expect(whyAnswer(scope(), { ...asked, at: iso(seen - HOUR) })).rejects.toThrow(`first seen at ${iso(seen)}`)
    await expect(whyAnswer(scope(), { ...asked, subject: { contact: 'nobody' } })).rejects.toThrow(
      'no contact "nobody"',
    )
  })

  it('speaks of one contact as it was before another was merged into it', async () => {
    const userId = someone()
    await tell({ type: 'track', anonymousId: `anon-${userId}`, event: 'visit' })
    await tell(track(userId, 'visit'))
    const before = w.clock.now
    await w.pass(HOUR)
    await tell({ ...track(userId, 'visit'), anonymousId: `anon-${userId}` })
    const rule = { event: 'visit', count: { op: 'gte' as const, value: 1 } }
    const asked = { subject: { contact: userId }, rule }
    expect((await whyAnswer(scope(), { ...asked, at: iso(before) })).trace.actual).toBe(1)
    expect((await whyAnswer(scope(), asked)).trace.actual).toBe(3)
  })

  it('hides what may not be seen, and nothing else', async () => {
    const userId = someone()
    await tell(identify(userId, { salary: 5500 }), track(userId, 'login'))
    const rule = {
      all: [
        { property: 'contact.salary', op: 'gt' as const, value: 9000 },
        { event: 'login', count: { op: 'gte' as const, value: 1 } },
      ],
    }
    await w.opened.db
      .insertInto('property_settings')
      .values({
        workspace_id: w.id,
        subject: 'contact',
        name: 'salary',
        masked_below: 'editor',
        updated_by: 'test',
        updated_at: new Date(),
      })
      .execute()
    const viewer = {
      kind: 'user' as const,
      id: 'u',
      email: 'v@example.com',
      name: 'V',
      role: 'viewer' as const,
      sessionId: 's',
    }
    const isHidden = await hiddenFrom({ db: w.opened.db, workspaceId: w.id, actor: viewer })
    // A structured property is hidden with all its parts.
    expect([isHidden('contact.salary.net'), isHidden('contact.salaryDay')]).toEqual([true, false])
    const found = await whyAnswer(scope(isHidden), { subject: { contact: userId }, rule })
    expect(JSON.stringify(found)).not.toContain('5500')
    expect(found.trace.children?.map(({ value, hidden = false }) => [value, hidden])).toEqual([
      [false, true],
      [true, false],
    ])
    // What an event said of it is the same property.
    await tell(track(userId, 'Paid', { salary: 5500 }))
    const sum = { aggregate: 'sum' as const, event: 'Paid', of: 'salary', op: 'gt' as const, value: 6000 }
    const summed = await whyAnswer(scope(isHidden), { subject: { contact: userId }, rule: sum })
    expect(JSON.stringify(summed)).not.toMatch(/5500|above 500/)
    expect([summed.flips, summed.trace.hidden]).toEqual([[], true])
    const editor = await hiddenFrom({ db: w.opened.db, workspaceId: w.id, actor: { ...viewer, role: 'editor' } })
    const open = await whyAnswer(scope(editor), { subject: { contact: userId }, rule: sum })
    expect(open.flips.map(({ words }) => words)).toEqual([
      'One more "Paid" with salary above 500 (the sum is 5500) would make it true.',
    ])
    const seen = await whyAnswer(scope(editor), { subject: { contact: userId }, rule })
    expect(seen.trace.children?.[0]?.actual).toBe(5500)
  })
})

describe('why somebody was in a segment', () => {
  it('names the recorded edge with its cause, and the moments worth asking about', async () => {
    const userId = someone()
    await w.audience('signal', `quiet-${n}`, { rule: { event: 'login', count: { op: 'eq', value: 0 }, within: 'P2D' } })
    const at = await tell(track(userId, 'login'))
    await w.pass(3 * DAY)
    const asked = { subject: { contact: userId }, signal: `quiet-${n}` }
    const found = await whyAnswer(scope(), asked)
    expect(found).toMatchObject({
      value: true,
      edge: { edge: 'set', at: iso(at + 2 * DAY), cause: { kind: 'time' } },
      doubts: [],
    })
    expect(found.flips[0]?.words).toBe('One more "login" in the last 2 days would clear it.')
    const then = await whyAnswer(scope(), { ...asked, at: iso(at + DAY) })
    expect(then).toMatchObject({ value: false, edge: null, doubts: [], history: [{ edge: 'set' }] })
  })

  it('says where the record differs from what the rule of today says', async () => {
    const userId = someone()
    const slug = `spender-${n}`
    const id = await w.audience('segment', slug, { rule: { property: 'contact.spent', op: 'gt', value: 10 } })
    await tell(identify(userId, { spent: 50 }))
    await w.opened.db
      .updateTable('audiences')
      .set({
        rule: JSON.stringify({ property: 'contact.spent', op: 'gt', value: 100 }),
        updated_at: new Date(w.clock.now + 1),
      })
      .where('id', '=', id)
      .execute()
    await w.pass(HOUR)
    const found = await whyAnswer(scope(), { subject: { contact: userId }, segment: slug })
    expect(found.value).toBe(false)
    expect(found.doubts.join(' ')).toContain('The record says that it was so')
    expect(found.doubts.join(' ')).toContain('it was asked “contact.spent gt 10” then')
  })

  it('is not asked about the wrong kind of subject', async () => {
    await w.audience('segment', 'companies', { subject: 'account', rule: { property: 'account.size', op: 'exists' } })
    const userId = someone()
    await tell(identify(userId, {}))
    await expect(whyAnswer(scope(), { subject: { contact: userId }, segment: 'companies' })).rejects.toThrow(
      'about accounts',
    )
  })

  it('tells a score by its parts', async () => {
    const userId = someone()
    await w.audience('score', `health-${n}`, {
      rule: {
        parts: [
          {
            name: 'Use',
            weight: 1,
            measure: { of: { figure: 'count', event: 'login', within: 'P7D' }, from: 0, to: 4, missing: 'none' },
          },
          { name: 'Plan', weight: 1, rule: { property: 'contact.plan', op: 'eq', value: 'pro' } },
        ],
        bands: [
          { name: 'low', from: 0 },
          { name: 'high', from: 60 },
        ],
        stages: [],
      },
    }) // prettier-ignore
    await tell(identify(userId, { plan: 'pro' }), track(userId, 'login'))
    const found = await whyAnswer(scope(), { subject: { contact: userId }, score: `health-${n}` })
    expect(found.score).toEqual({ value: 62.5, band: 'high', stage: null })
    expect(found.trace.children?.map(({ found: words }) => words)).toEqual(['Use: 25 of 100', 'Plan: 100 of 100'])
    expect(found.trace.children?.[0]?.children?.[0]?.window?.count).toBe(1)
    expect(found.doubts).toEqual([])
  })

  it('names the related subjects and what holds for each', async () => {
    const [one, two] = [someone(), someone()]
    const group = (userId: string) => ({ type: 'group', userId, groupId: `firm-${n}` })
    await tell(identify(one, { role: 'boss' }), group(one), identify(two, { role: 'clerk' }), group(two))
    const rule = { contacts: { property: 'contact.role', op: 'eq' as const, value: 'boss' } }
    const found = await whyAnswer(scope(), { subject: { account: `firm-${n}` }, rule })
    expect(found.value).toBe(true)
    expect(found.trace.children?.map(({ subject, value }) => [subject?.label, value])).toEqual([
      [one, true],
      [two, false],
    ])
  })
})

describe('why a playbook would start', () => {
  it('names trigger, re-entry and status, and the refusals on record', async () => {
    const userId = someone()
    await w.playbook('pb-orders', {
      trigger: {
        type: 'trigger.event',
        input: { event: 'Ordered', where: { property: 'trigger.properties.amount', op: 'gt', value: 10 } },
      },
      reentry: { policy: 'once' },
    })
    await tell(identify(userId, {}))
    const asked = { subject: { contact: userId }, playbook: 'pb-orders' }
    expect(await whyPlaybook(scope(), asked)).toMatchObject({ value: false, enrollments: [] })
    await tell(track(userId, 'Ordered', { amount: 5 }))
    const small = await whyPlaybook(scope(), asked)
    expect(small.checks.map(({ what, ok }) => [what, ok])).toEqual([
      ['status', true],
      ['trigger', false],
      ['reentry', true],
    ])
    expect(small.enrollments).toMatchObject([{ outcome: 'refused', code: 'WHERE_FALSE' }])
    expect(small.triggers[0]?.where?.found).toBe('trigger.properties.amount was 5')
    const before = w.clock.now
    await w.pass(HOUR)
    await tell(track(userId, 'Ordered', { amount: 50 }))
    const again = await whyPlaybook(scope(), asked)
    expect(again.checks.find(({ what }) => what === 'reentry')).toMatchObject({ ok: false })
    expect(again.enrollments[0]).toMatchObject({ outcome: 'started' })
    expect(
      (await whyPlaybook(scope(), { ...asked, at: iso(before) })).checks.find(({ what }) => what === 'reentry'),
    ).toMatchObject({
      ok: true,
    })
  })

  it('says of a run which edge began it, worked out for that moment', async () => {
    const userId = someone()
    const slug = `big-${n}`
    await w.audience('segment', slug, { rule: { property: 'contact.spent', op: 'gt', value: 10 } })
    await w.playbook('pb-big', { trigger: { type: 'trigger.segment', input: { segment: slug, edge: 'entered' } } })
    const at = await tell(identify(userId, { spent: 50 }))
    await w.pass(HOUR)
    await tell(identify(userId, { spent: 70 }))
    const { id } = await w.opened.db
      .selectFrom('runs')
      .select('id')
      .orderBy('created_at', 'desc')
      .executeTakeFirstOrThrow()
    const found = await whyRun(scope(), id)
    expect(found).toMatchObject({
      words: `It began because the segment “${slug}” was entered, because contact.spent was 50.`,
      cause: { kind: 'event' },
      edge: { edge: 'entered', at: iso(at) },
      answer: { value: true, trace: { actual: 50 } },
      doubts: [],
    })
    const playbook = await whyPlaybook(scope(), { subject: { contact: userId }, playbook: 'pb-big' })
    expect(playbook.triggers[0]?.answer?.value).toBe(true)
  })
})
