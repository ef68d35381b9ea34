import { afterAll, beforeAll, expect, it } from 'vitest'
import type { ScoreDefinition } from '../../engine/model/score.ts'
import { createTestWorkspace, type TestWorkspace } from '../../test/helpers/workspace.ts'
import { createAudience, deleteAudience } from '../audiences/write-audience.ts'
import { createCatalogCache } from '../dispatch/workspace-catalog.ts'
import { workBackfill } from '../dispatch/work-backfill.ts'
import { previewComputed, previewScore } from './preview-scores.ts'
import { listComputed, viewComputed } from './read-computed.ts'
import { listScored, listScores, viewScore } from './read-scores.ts'
import { scoreHistory } from './score-history.ts'
import { createComputed, createScore, updateComputed, updateScore } from './write-scores.ts'

let w: TestWorkspace
beforeAll(async () => {
  w = await createTestWorkspace()
  await w.send(
    ...Array.from({ length: 12 }, (_, n) => ({
      type: 'identify',
      userId: `u${n}`,
      traits: { seats: n, name: `Person ${String(n).padStart(2, '0')}` },
    })),
  )
  await w.dispatch()
})
afterAll(() => w.close())

const DAY = 86_400_000
const ctx = () => ({ db: w.opened.db, workspaceId: w.id, now: w.clock.now })
const backfill = async () => {
  const deps = { pool: w.opened.pool, clock: () => w.clock.now, catalogs: createCatalogCache() }
  while ((await workBackfill(deps)) > 0);
}
const definition: ScoreDefinition = {
  parts: [
    {
      name: 'Usage',
      weight: 1,
      measure: { of: { figure: 'count', event: 'Logged In', within: 'P7D' }, from: 0, to: 4, missing: 'none' },
    },
    { name: 'Seats', weight: 1, measure: { of: { property: 'contact.seats' }, from: 0, to: 10, missing: 'none' } },
  ],
  bands: [
    { name: 'Poor', from: 0, color: 'red' },
    { name: 'Good', from: 50, color: 'green' },
  ],
  stages: [{ name: 'Active', rule: { event: 'Logged In', count: { op: 'gte', value: 1 }, within: 'P7D' } }],
}
const written = { name: 'Health', description: '', subject: 'contact' as const }
const problemOf = async (work: Promise<unknown>) => {
  const error: unknown = await work.then(
    () => null,
    (thrown: unknown) => thrown,
  )
  return error instanceof Error && 'code' in error ? [error.code, error.message] : error
}
const login = (n: number) => ({ type: 'track', userId: `u${n}`, event: 'Logged In' })
const idOf = async (n: number): Promise<string> =>
  (
    await w.opened.db
      .selectFrom('contacts')
      .select('id')
      .where('workspace_id', '=', w.id)
      .where('external_id', '=', `u${n}`)
      .executeTakeFirstOrThrow()
  ).id

it('a score is previewed part by part, and then kept for everybody who is there', async () => {
  const preview = await previewScore(ctx(), { subject: 'contact', definition })
  expect(preview.checked).toBe(12)
  expect(preview.bands.map(({ name, count }) => [name, count])).toEqual([
    ['Poor', 10],
    ['Good', 2],
  ])
  const eleven = await previewScore(ctx(), { subject: 'contact', definition, subjects: [await idOf(11)] })
  expect(eleven.sample).toEqual([
    expect.objectContaining({
      value: 50,
      band: 'Good',
      stage: null,
      parts: [
        expect.objectContaining({ name: 'Usage', marks: 0, actual: 0 }),
        expect.objectContaining({ name: 'Seats', marks: 1, actual: 11 }),
      ],
    }),
  ])
  expect(await createScore(ctx(), { ...written, definition })).toEqual({ slug: 'health' })
  await backfill()
  const { data } = await listScores(ctx())
  expect(data).toEqual([expect.objectContaining({ slug: 'health', count: 12, average: 27.1, backfillDone: true })])
})

it('what people do moves it, and its history tells how', async () => {
  await w.pass(31 * DAY)
  await w.send(login(2), login(2), login(2), login(2), login(5))
  await w.dispatch()
  const view = await viewScore(ctx(), { slug: 'health' })
  expect(view.movers.up.map(({ subject, before, value, change }) => [subject.label, before, value, change])).toEqual([
    ['Person 02', 10, 60, 50],
    ['Person 05', 25, 37.5, 12.5],
  ])
  expect(view.movers.down).toEqual([])
  expect(view.bandChanges.map(({ subject, from, to }) => [subject.label, from, to])).toEqual([
    ['Person 02', 'Poor', 'Good'],
  ])
  expect(view.tens).toEqual([2, 1, 1, 3, 2, 2, 1, 0, 0, 0])
  expect(view.stages).toEqual([
    { name: 'Active', count: 2 },
    { name: null, count: 10 },
  ])
  await w.pass(8 * DAY)
  const history = await scoreHistory(ctx(), { slug: 'health', subject: await idOf(2) })
  expect(history).toMatchObject({ value: 10, band: 'Poor', stage: null, change30Days: 0 })
  expect(history.points.map(({ value }) => value)).toEqual([10, 22.5, 35, 47.5, 60, 10])
  expect(history.parts.map(({ name, marks }) => [name, marks])).toEqual([
    ['Usage', 0],
    ['Seats', 0.2],
  ])
})

it('who has it is listed from the lowest or the highest, a page at a time, and by band', async () => {
  const lowest = await listScored(ctx(), { slug: 'health', order: 'lowest' })
  expect(lowest.data.map(({ value }) => value)).toEqual([0, 5, 10, 15, 20, 25, 30, 35, 40, 45, 50, 50])
  const good = await listScored(ctx(), { slug: 'health', order: 'highest', band: 'Good' })
  expect(good.data.map(({ subject }) => subject.label)).toEqual(['Person 10', 'Person 11'])
  expect(good.nextCursor).toBeNull()
})

it('a changed definition is worked out for everybody again', async () => {
  await updateScore(ctx(), { slug: 'health', definition: { ...definition, parts: definition.parts.slice(1) } })
  await backfill()
  const [row] = (await listScores(ctx())).data
  expect(row).toMatchObject({ count: 12, average: 54.2 })
})

it('a computed property is written to everybody, and rules read it like any other', async () => {
  const ratio = {
    property: 'doubled',
    formula: 'contact.seats * inputs.logins',
    inputs: { logins: { figure: 'count' as const, event: 'Logged In' } },
  }
  const found = await previewComputed(ctx(), { subject: 'contact', definition: ratio, subjects: [await idOf(5)] })
  expect(found.sample).toEqual([expect.objectContaining({ value: 5 })])
  await createComputed(ctx(), { ...written, name: 'Doubled', definition: ratio })
  await createAudience(ctx(), 'segment', {
    ...written,
    name: 'Busy',
    rule: { property: 'contact.doubled', op: 'gte', value: 10 },
  })
  await backfill()
  await w.send(login(5))
  await w.dispatch()
  const { properties } = await w.opened.db
    .selectFrom('contacts')
    .select('properties')
    .where('id', '=', await idOf(5))
    .executeTakeFirstOrThrow()
  expect(properties).toMatchObject({ doubled: 10 })
  const view = await viewComputed(ctx(), { slug: 'doubled' })
  expect(view.sample[0]).toMatchObject({ value: 10, subject: { label: 'Person 05' } })
  expect((await listComputed(ctx())).data).toEqual([
    expect.objectContaining({ words: expect.stringContaining('doubled = contact.seats * inputs.logins') }),
  ])
})

it('what cannot be worked out is refused with its place', async () => {
  const formula = (text: string, property = 'x') => ({ property, formula: text, inputs: {} })
  const create = (made: ReturnType<typeof formula>) =>
    problemOf(createComputed(ctx(), { ...written, name: made.property, definition: made }))
  expect(await create(formula('contact.seats + contact.name'))).toEqual([
    'RULE_INVALID',
    expect.stringContaining('between a number and a text'),
  ])
  expect(await create(formula('contact.seats', 'doubled'))).toEqual([
    'RULE_INVALID',
    expect.stringContaining('already'),
  ])
  await createComputed(ctx(), { ...written, name: 'One', definition: formula('contact.seats + 1.0', 'one') })
  const circle = { slug: 'one', definition: formula('contact.two', 'one') }
  await createComputed(ctx(), { ...written, name: 'Two', definition: formula('contact.one', 'two') })
  expect(await problemOf(updateComputed(ctx(), circle))).toEqual(['RULE_CIRCULAR', expect.stringContaining('circle')])
  expect(await problemOf(updateComputed(ctx(), { slug: 'one', definition: formula('1', 'three') }))).toEqual([
    'RULE_INVALID',
    expect.stringContaining('never changes'),
  ])
  const account = { ...definition, stages: [], parts: definition.parts.slice(1) }
  expect(await problemOf(createScore(ctx(), { ...written, subject: 'account', definition: account }))).toEqual([
    'RULE_INVALID',
    expect.stringContaining('contact.seats: this is about accounts'),
  ])
  expect(await problemOf(createScore(ctx(), { ...written, definition }))).toEqual(['SLUG_TAKEN', expect.any(String)])
})

it('figures and stages that look further back than events are kept are refused, and can be previewed', async () => {
  const of = { figure: 'sum' as const, event: 'Paid', of: 'amount', within: 'P400D' }
  const far: ScoreDefinition = {
    ...definition,
    parts: [{ name: 'Pays', weight: 1, measure: { of, from: 0, to: 9, missing: 'none' } }],
  }
  const refused = ['RULE_INVALID', expect.stringContaining('looks 400 days back for “Paid”')]
  expect(await problemOf(createScore(ctx(), { ...written, name: 'Far', definition: far }))).toEqual(refused)
  expect(await problemOf(updateScore(ctx(), { slug: 'health', definition: far }))).toEqual(refused)
  const rule = { trend: 'count' as const, event: 'Logged In', op: 'lt' as const, value: 0, within: 'P190D' }
  const fading = { ...definition, stages: [{ name: 'Fading', rule }] }
  expect(await problemOf(createScore(ctx(), { ...written, name: 'Far', definition: fading }))).toEqual([
    'RULE_INVALID',
    expect.stringContaining('looks 380 days back for “Logged In”'),
  ])
  const computed = { property: 'paid', formula: 'inputs.paid', inputs: { paid: of } }
  expect(await problemOf(createComputed(ctx(), { ...written, name: 'Paid', definition: computed }))).toEqual(refused)
  expect((await previewScore(ctx(), { subject: 'contact', definition: far })).checked).toBe(12)
})

it('what a rule or a playbook reads is not removed until it is taken out there', async () => {
  await createAudience(ctx(), 'signal', {
    ...written,
    name: 'Unwell',
    rule: { score: 'health', of: 'band', op: 'eq', value: 'Poor' },
  })
  const remove = (kind: 'score' | 'computed' | 'signal', slug: string) => deleteAudience(ctx(), kind, { slug })
  expect(await problemOf(remove('score', 'health'))).toEqual([
    'STILL_READ',
    'The score “health” is still read by the signal “unwell”. Take it out there first.',
  ])
  expect(await problemOf(remove('computed', 'doubled'))).toEqual([
    'STILL_READ',
    expect.stringContaining('the segment “busy”'),
  ])
  await w.playbook('nudge', { trigger: { type: 'trigger.signal', input: { signal: 'unwell', edge: 'set' } } })
  await w.opened.db
    .updateTable('playbooks')
    .set({ draft: JSON.stringify({ steps: [{ input: { signal: 'unwell', text: '{{ contact.two }}' } }] }) })
    .where('slug', '=', 'nudge')
    .execute()
  expect(await problemOf(remove('signal', 'unwell'))).toEqual([
    'STILL_READ',
    expect.stringContaining('playbook “nudge”'),
  ])
  expect(await problemOf(remove('computed', 'two'))).toEqual([
    'STILL_READ',
    expect.stringContaining('playbook “nudge”'),
  ])
  await w.opened.db.updateTable('playbooks').set({ status: 'archived' }).where('slug', '=', 'nudge').execute()
  await remove('signal', 'unwell')
  await remove('score', 'health')
  expect((await listScores(ctx())).data).toEqual([])
  const left = await w.opened.db
    .selectFrom('audience_members')
    .innerJoin('audiences', 'audiences.id', 'audience_members.audience_id')
    .select('audiences.kind')
    .where('audiences.kind', 'in', ['score', 'signal'])
    .execute()
  expect(left).toEqual([])
})
