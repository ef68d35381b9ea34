import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { createTestWorkspace, type TestWorkspace } from '../../test/helpers/workspace.ts'
import type { Rule } from '../../engine/model/rule.ts'
import { inTransaction } from '../db/sql.ts'
import { mergeContacts } from '../identity/merge-contacts.ts'
import { createCatalogCache } from './workspace-catalog.ts'

let w: TestWorkspace
beforeAll(async () => {
  w = await createTestWorkspace()
})
afterAll(() => w.close())

const DAY = 86_400_000
const edges = async (audienceId: string) =>
  (
    await w.opened.db
      .selectFrom('audience_edges')
      .select(['edge', 'at'])
      .where('audience_id', '=', audienceId)
      .orderBy('at')
      .execute()
  ).map(({ edge, at }) => [edge, at.getTime()])
const within = (event: string, days: number): Rule => ({
  event,
  count: { op: 'gte', value: 1 },
  within: `PT${days * 24}H`,
})

describe('a timer that is late', () => {
  it('sees what came true before an event that ended it, though the event is worked off first', async () => {
    const id = await w.audience('signal', 'gone-quiet', { rule: { not: within('Login', 7) } })
    await w.send({ type: 'identify', userId: 'ada', traits: { plan: 'pro' } })
    await w.send({ type: 'track', userId: 'ada', event: 'Login' })
    await w.dispatch()
    const at = w.clock.now
    // Nothing works for ten days; then both wait, and the event is first.
    w.clock.now += 10 * DAY
    await w.send({ type: 'track', userId: 'ada', event: 'Login' })
    await w.dispatch()
    const heard = w.clock.now
    await w.pass(0)
    expect((await edges(id)).slice(-2)).toEqual([
      ['set', at + 7 * DAY],
      ['cleared', heard],
    ])
  })

  it('sees what came true before a merge that ended it', async () => {
    const id = await w.audience('signal', 'gone-silent', { rule: { not: within('Spoke', 7) } })
    await w.send({ type: 'track', userId: 'cleo', event: 'Spoke' })
    await w.dispatch()
    const at = w.clock.now
    w.clock.now += 6 * DAY
    await w.send({ type: 'track', anonymousId: 'of-cleo', event: 'Spoke' })
    await w.dispatch()
    const contacts = await w.opened.db
      .selectFrom('identities')
      .select('contact_id')
      .where('value', 'in', ['cleo', 'of-cleo'])
      .execute()
    // Nothing works for two days; then the merge is first.
    w.clock.now += 2 * DAY
    const merged = await inTransaction(w.opened.pool, async (q) =>
      mergeContacts(q, {
        workspaceId: w.id,
        catalog: await createCatalogCache().get(q, w.id),
        contacts: [contacts[0]?.contact_id ?? '', contacts[1]?.contact_id ?? ''],
        reason: { kind: 'hand' },
        actor: 'test',
        now: w.clock.now,
      }),
    )
    expect(merged).not.toBeNull()
    expect((await edges(id)).slice(-2)).toEqual([
      ['set', at + 7 * DAY],
      ['cleared', w.clock.now],
    ])
  })

  it('asks in the order of the moments, those that come up on the way too', async () => {
    // Set between a day and a day and a half after.
    await w.audience('signal', 'wavering', { rule: { all: [{ not: within('Seen', 1) }, within('Seen', 1.5)] } })
    const wavers: Rule = { signal: 'wavering', is: 'set' }
    const id = await w.audience('signal', 'reads-it', {
      rule: {
        any: [{ all: [wavers, { not: within('Seen', 2) }] }, { all: [{ not: wavers }, within('Seen', 2)] }],
      },
    })
    await w.send({ type: 'track', userId: 'bob', event: 'Seen' })
    await w.dispatch()
    const at = w.clock.now
    await w.pass(5 * DAY)
    expect(await edges(id)).toEqual([
      ['set', at],
      ['cleared', at + DAY],
      ['set', at + 1.5 * DAY],
      ['cleared', at + 2 * DAY],
    ])
  })
})
