import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { createTestWorkspace, type TestWorkspace } from '../../test/helpers/workspace.ts'

let w: TestWorkspace
beforeAll(async () => {
  w = await createTestWorkspace()
})
afterAll(() => w.close())

const T0 = Date.parse('2026-03-02T08:00:00Z')
const at = (minutes: number): string => new Date(T0 + minutes * 60_000).toISOString()
const identify = (userId: string, minutes: number, traits: { [name: string]: string | number | null }) => ({
  type: 'identify',
  userId,
  traits,
  timestamp: at(minutes),
  messageId: `${userId}-${minutes}`,
})
const contact = async (userId: string) =>
  w.opened.db.selectFrom('contacts').selectAll().where('external_id', '=', userId).executeTakeFirstOrThrow()
const changes = async (userId: string, property: string) =>
  w.opened.db
    .selectFrom('property_changes')
    .selectAll()
    .where('subject_id', '=', (await contact(userId)).id)
    .where('property', '=', property)
    .orderBy('seq')
    .execute()

describe('the history of a property', () => {
  it('says from what to what, when it was known, when it was so, and who said it', async () => {
    await w.send(identify('ann', 0, { plan: 'free', email: 'ann@example.com' }))
    await w.dispatch()
    await w.send(identify('ann', 1, { plan: 'free' }), identify('ann', 2, { plan: 'pro' }))
    await w.dispatch()
    await w.send(identify('ann', 3, { plan: null }))
    await w.dispatch()
    const history = await changes('ann', 'plan')
    expect(history.map(({ before, value }) => [before, value])).toEqual([
      [null, 'free'],
      ['free', 'pro'],
      ['pro', null],
    ])
    expect(history.map((change) => change.occurred_at.toISOString())).toEqual([at(0), at(2), at(3)])
    expect(history.every((change) => change.at.getTime() >= w.clock.now - 10)).toBe(true)
    expect(history[1]?.source).toMatchObject({ kind: 'event', call: 'identify', messageId: 'ann-2' })
    expect((await changes('ann', 'email')).map(({ value }) => value)).toEqual(['ann@example.com'])
  })

  it('is kept for accounts, and names the import a value came by', async () => {
    await w.send({ type: 'group', userId: 'ann', groupId: 'acme', traits: { mrr: 40 }, messageId: 'import:i-1:7' })
    await w.dispatch()
    const rows = await w.opened.db.selectFrom('property_changes').selectAll().where('subject', '=', 'account').execute()
    expect(rows.map(({ property, value, source }) => [property, value, source])).toEqual([
      ['mrr', 40, expect.objectContaining({ kind: 'import', id: 'i-1', row: '7' })],
    ])
  })
})

describe('calls that come out of order', () => {
  it('do not undo what was said after them, whether they come in one batch or later', async () => {
    await w.send(identify('bea', 10, { plan: 'pro', seats: 2 }), identify('bea', 5, { plan: 'free', city: 'Bonn' }))
    await w.dispatch()
    await w.send(identify('bea', 7, { plan: 'team', seats: 1, city: 'Kiel' }))
    await w.dispatch()
    expect((await contact('bea')).properties).toEqual({ plan: 'pro', seats: 2, city: 'Kiel' })
  })

  it('count where the later call said the same again and changed nothing', async () => {
    await w.send(identify('cyd', 1, { plan: 'pro' }))
    await w.dispatch()
    await w.send(identify('cyd', 9, { plan: 'pro' }))
    await w.dispatch()
    await w.send(identify('cyd', 5, { plan: 'free' }))
    await w.dispatch()
    expect((await contact('cyd')).properties).toEqual({ plan: 'pro' })
  })

  it('at the same moment the one received later counts', async () => {
    await w.send(
      { ...identify('dan', 1, { plan: 'a' }), messageId: 'd1' },
      { ...identify('dan', 1, { plan: 'b' }), messageId: 'd2' },
    )
    await w.dispatch()
    await w.send({ ...identify('dan', 1, { plan: 'c' }), messageId: 'd3' })
    await w.dispatch()
    expect((await contact('dan')).properties).toEqual({ plan: 'c' })
  })

  it('of a removal and a value the later one counts', async () => {
    await w.send(identify('eve', 9, { plan: null }))
    await w.dispatch()
    await w.send(identify('eve', 5, { plan: 'free' }))
    await w.dispatch()
    expect((await contact('eve')).properties).toEqual({})
  })
})
