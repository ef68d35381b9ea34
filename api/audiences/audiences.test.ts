import { randomUUID } from 'node:crypto'
import { afterAll, beforeAll, expect, it } from 'vitest'
import { createTestWorkspace, type TestWorkspace } from '../../test/helpers/workspace.ts'
import { createCatalogCache } from '../dispatch/workspace-catalog.ts'
import { workBackfill } from '../dispatch/work-backfill.ts'
import { audienceHistory, audienceUses } from './audience-history.ts'
import { previewAudience } from './preview-audience.ts'
import { listAudiences, listEdges, listMembers, viewAudience } from './read-audiences.ts'
import { createAudience, updateAudience } from './write-audience.ts'

let w: TestWorkspace
beforeAll(async () => {
  w = await createTestWorkspace()
  await w.send(
    ...Array.from({ length: 30 }, (_, n) => ({
      type: 'identify',
      userId: `u${n}`,
      traits: { n, name: `Person ${n}` },
    })),
    { type: 'group', userId: 'u1', groupId: 'acme', traits: { name: 'Acme', mrr: 500 } },
    { type: 'track', userId: 'u1', event: 'Paid' },
  )
  await w.dispatch()
})
afterAll(() => w.close())

const ctx = () => ({ db: w.opened.db, workspaceId: w.id, now: w.clock.now })
const input = (name: string, rule: Parameters<typeof createAudience>[2]['rule']) => ({
  name,
  description: '',
  subject: 'contact' as const,
  rule,
})
const QUIET = { event: 'Paid', count: { op: 'gte' as const, value: 1 }, within: 'P1D' }
const backfill = async () => {
  const deps = { pool: w.opened.pool, clock: () => w.clock.now, catalogs: createCatalogCache() }
  while ((await workBackfill(deps)) > 0);
}

it('a preview counts by the rule that will decide, and names some', async () => {
  const rule = {
    all: [
      { property: 'account.mrr', op: 'gt' as const, value: 100 },
      { event: 'Paid', count: { op: 'gte' as const, value: 1 } },
    ],
  } // prettier-ignore
  expect(await previewAudience(ctx(), { subject: 'contact', rule })).toEqual({
    count: 1,
    exact: true,
    checked: 30,
    total: 30,
    sample: [{ id: expect.any(String), label: 'Person 1' }],
  })
  const accounts = await previewAudience(ctx(), { subject: 'account', rule })
  expect([accounts.count, accounts.sample[0]?.label]).toEqual([1, 'Acme'])
})

it('a new one holds who was there before, by its backfill', async () => {
  const { slug } = await createAudience(
    ctx(),
    'segment',
    input('Upper ten!', { property: 'contact.n', op: 'gte', value: 20 }),
  )
  expect(slug).toBe('upper-ten')
  expect((await viewAudience(ctx(), 'segment', { slug })).backfill).toEqual({ done: 0, total: 0 })
  await backfill()
  const view = await viewAudience(ctx(), 'segment', { slug })
  expect(view).toMatchObject({ count: 10, backfillDone: true, backfill: { done: 30, total: 30 } })
  expect(view.members.map((m) => m.subject.label)).toContain('Person 20')
  expect(view.edges[0]).toMatchObject({
    edge: 'entered',
    cause: { kind: 'backfill' },
    by: { words: 'when the rule was asked for everybody' },
  })
  expect(view.asOf).toBe(new Date(w.clock.now).toISOString())
})

it('a changed rule is asked for everybody again', async () => {
  await updateAudience(ctx(), 'segment', { slug: 'upper-ten', rule: { property: 'contact.n', op: 'gte', value: 25 } })
  await backfill()
  const { data } = await listAudiences(ctx(), 'segment')
  expect(data).toMatchObject([{ slug: 'upper-ten', name: 'Upper ten!', count: 5, backfillDone: true }])
})

it('who was in before is found by the backfill, also where an event comes to them first', async () => {
  await w.send({ type: 'track', userId: 'u1', event: 'Read' })
  await w.dispatch()
  const rule = { event: 'Read', count: { op: 'gte' as const, value: 1 } }
  const { slug } = await createAudience(ctx(), 'segment', input('Has read', rule))
  await w.playbook('welcome-reader', {
    trigger: { type: 'trigger.segment', input: { segment: slug, edge: 'entered' } },
  })
  // One was in it before and one was not; the backfill has come to neither.
  await w.send({ type: 'track', userId: 'u1', event: 'Read' }, { type: 'track', userId: 'u2', event: 'Read' })
  const runs = await w.dispatch()
  await backfill()
  const { data } = await listEdges(ctx(), 'segment', { slug })
  const causes = Object.fromEntries(data.map(({ subject, cause }) => [subject.label, cause]))
  expect(causes).toMatchObject({ 'Person 1': { kind: 'backfill' }, 'Person 2': { kind: 'event' } })
  expect(runs).toHaveLength(1)
})

it.each([
  ['a slug that is taken', input('Upper ten', { property: 'contact.n', op: 'exists' }), 'SLUG_TAKEN'],
  ['a segment that is not there', input('A', { segment: 'nobody', is: 'in' }), 'RULE_INVALID'],
  ['data only a run has', input('B', { property: 'trigger.plan', op: 'exists' }), 'RULE_INVALID'],
  ['itself', input('C', { segment: 'c', is: 'in' }), 'RULE_CIRCULAR'],
  ['a name without letters', input('!!', { property: 'contact.n', op: 'exists' }), 'SLUG_MISSING'],
] as const)('is refused for %s', async (_what, given, code) => {
  await expect(createAudience(ctx(), 'segment', given)).rejects.toMatchObject({ code })
})

it('is refused for reading a contact where it is about accounts', async () => {
  const given = { ...input('D', { property: 'contact.n', op: 'exists' }), subject: 'account' as const }
  await expect(createAudience(ctx(), 'signal', given)).rejects.toMatchObject({ code: 'RULE_INVALID' })
})

it('is refused for looking further back than events are kept, and a preview is not', async () => {
  const far = { event: 'Paid', count: { op: 'eq' as const, value: 0 }, within: 'P400D' }
  const detail =
    'This looks 400 days back for “Paid”, but events are kept for 365 days. Shorten it, or keep events for longer under Settings > Privacy.'
  const refused = { code: 'RULE_INVALID', status: 422, message: detail, problems: [{ path: 'rule', message: detail }] }
  // An "ever" of the same event beside it hides nothing.
  const ever = { event: 'Paid', count: { op: 'gte' as const, value: 1 } }
  await expect(createAudience(ctx(), 'segment', input('Far', { all: [ever, far] }))).rejects.toMatchObject(refused)
  const related = { ...input('Far', { contacts: far }), subject: 'account' as const }
  await expect(createAudience(ctx(), 'signal', related)).rejects.toMatchObject(refused)
  const near = { ...far, within: 'P365D' }
  const { slug } = await createAudience(ctx(), 'segment', input('Near', { all: [ever, near] }))
  await expect(updateAudience(ctx(), 'segment', { slug, rule: far })).rejects.toMatchObject(refused)
  expect((await previewAudience(ctx(), { subject: 'contact', rule: far })).checked).toBeGreaterThan(0)
  // Of one that was there before the days were lowered, words may change.
  const keep = (days: number) =>
    w.opened.db.updateTable('workspaces').set({ keep_events_days: days }).where('id', '=', w.id).execute()
  await keep(30)
  await updateAudience(ctx(), 'segment', { slug, name: 'Near or not' })
  await keep(365)
})

it('names everyone who is in it, page by page, nobody twice', async () => {
  await w.send(
    ...Array.from({ length: 110 }, (_, n) => ({ type: 'identify', userId: `many${n}`, traits: { many: true } })),
  )
  await w.dispatch()
  const { slug } = await createAudience(ctx(), 'segment', input('Many', { property: 'contact.many', op: 'exists' }))
  await backfill()
  const sizes: number[] = []
  const seen = new Set<string>()
  let cursor: string | null = null
  do {
    const found: Awaited<ReturnType<typeof listMembers>> = await listMembers(ctx(), 'segment', { slug, cursor })
    sizes.push(found.data.length)
    for (const { subject } of found.data) seen.add(subject.id)
    cursor = found.nextCursor
  } while (cursor !== null)
  expect(sizes).toEqual([50, 50, 10])
  expect(seen.size).toBe(110)
  const view = await viewAudience(ctx(), 'segment', { slug })
  expect(view.members).toEqual((await listMembers(ctx(), 'segment', { slug })).data)
})

it.each([['["x","y"]'], ['["2026-01-01T00:00:00.000Z","x"]'], ['{}'], ['no JSON']])(
  'refuses the cursor %s instead of failing on it',
  async (text) => {
    const cursor = Buffer.from(text).toString('base64url')
    await expect(listMembers(ctx(), 'segment', { slug: 'many', cursor })).rejects.toMatchObject({
      code: 'CURSOR_INVALID',
    })
  },
)

it('tells how many were in it each day, counted back from today', async () => {
  const { slug } = await createAudience(ctx(), 'segment', input('Quiet', QUIET))
  await backfill()
  const began = (await audienceHistory(ctx(), 'segment', { slug, days: 30 })).days
  expect(began).toHaveLength(30)
  expect(began.at(-1)).toEqual({ day: '2026-03-02', entered: 1, left: 0, size: 1 })
  for (const id of ['u3', 'u4']) await w.send({ type: 'track', userId: id, event: 'Paid' })
  await w.dispatch()
  const paid = await audienceHistory(ctx(), 'segment', { slug, days: 30 })
  expect(paid.days.at(-1)).toEqual({ day: '2026-03-02', entered: 3, left: 0, size: 3 })
  expect(paid.nextDue).not.toBeNull()
  await w.pass(2 * 86_400_000)
  const { days } = await audienceHistory(ctx(), 'segment', { slug, days: 3 })
  expect(days.map(({ entered, left, size }) => [entered, left, size])).toEqual([
    [3, 0, 3],
    [0, 3, 0],
    [0, 0, 0],
  ])
  expect((await viewAudience(ctx(), 'segment', { slug })).edges[0]).toMatchObject({
    edge: 'left',
    by: { words: 'by time alone' },
  })
})

it('lists every edge, page by page, and what reads it', async () => {
  const seen = new Set<string>()
  let cursor: string | null = null
  do {
    const found: Awaited<ReturnType<typeof listEdges>> = await listEdges(ctx(), 'segment', { slug: 'many', cursor })
    for (const { id } of found.data) seen.add(id)
    cursor = found.nextCursor
  } while (cursor !== null)
  expect(seen.size).toBe(110)
  await createAudience(ctx(), 'signal', input('Reader', { segment: 'many', is: 'in' }))
  expect((await audienceUses(ctx(), 'segment', { slug: 'many' })).data).toEqual([
    { path: 'signals.reader', words: 'the signal “reader”' },
  ])
})

it('belongs to its workspace alone', async () => {
  const other = { ...ctx(), workspaceId: randomUUID() }
  expect((await listAudiences(other, 'segment')).data).toEqual([])
  await expect(viewAudience(other, 'segment', { slug: 'upper-ten' })).rejects.toMatchObject({ code: 'NOT_FOUND' })
  await expect(listMembers(other, 'segment', { slug: 'upper-ten' })).rejects.toMatchObject({ code: 'NOT_FOUND' })
  await expect(updateAudience(other, 'segment', { slug: 'upper-ten', name: 'x' })).rejects.toMatchObject({
    code: 'NOT_FOUND',
  })
})
