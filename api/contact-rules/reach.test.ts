import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { createTestWorkspace, type TestWorkspace } from '../../test/helpers/workspace.ts'
import { type ContactRules, NO_CONTACT_RULES, writeContactRules } from '../db/contact-rules-store.ts'
import { onPool } from '../db/sql.ts'
import { createReach } from './reach.ts'
import { reachTried } from './reach-tried.ts'

const DAY = 86_400_000
const NOON = Date.parse('2026-03-02T12:00:00Z')

let w: TestWorkspace
beforeAll(async () => {
  w = await createTestWorkspace()
  await w.send(
    ...['ada', 'bob', 'cid'].map((userId) => ({ type: 'identify', userId, traits: { zone: 'Asia/Tokyo' } })),
    { type: 'identify', userId: 'dan', traits: { zone: 'the moon' } },
  )
  await w.dispatch()
})
afterAll(() => w.close())

const rules = (more: Partial<ContactRules>) =>
  writeContactRules(onPool(w.opened.pool), w.id, { ...NO_CONTACT_RULES, ...more, now: NOON })
const idOf = async (userId: string): Promise<string> =>
  (await w.opened.db.selectFrom('contacts').select('id').where('external_id', '=', userId).executeTakeFirstOrThrow()).id
const ask = async (userId: string, key: string, now = NOON) =>
  createReach(w.opened.pool).ask(w.id, { key, channel: 'email', personId: await idOf(userId) }, now)
const two = { channel: 'email' as const, most: 2, days: 7 }

describe('a cap', () => {
  it('lets so many go to a person, of however many that ask at once, and says why not the others', async () => {
    await rules({ caps: [two] })
    const answers = await Promise.all(Array.from({ length: 8 }, (_, n) => ask('ada', `ada:${n}`)))
    const went = answers.flatMap(({ kind }, n) => (kind === 'go' ? [n] : []))
    expect(went).toHaveLength(2)
    expect(answers.filter(({ kind }) => kind === 'withheld')).toHaveLength(6)
    expect(answers.find(({ kind }) => kind === 'withheld')).toEqual({
      kind: 'withheld',
      why: {
        code: 'FREQUENCY_CAP',
        message: 'Not sent: one person gets at most 2 e-mails in 7 days, over all playbooks.',
      },
    })
    // Whoever has a place keeps it, however often it is asked; and one person's places are not another's.
    expect(await ask('ada', `ada:${went[0] ?? ''}`)).toEqual({ kind: 'go' })
    expect(await ask('bob', 'bob:1')).toEqual({ kind: 'go' })
    expect(await ask('ada', 'ada:later', NOON + 7 * DAY - 1)).toMatchObject({ kind: 'withheld' })
    expect(await ask('ada', 'ada:later', NOON + 7 * DAY)).toEqual({ kind: 'go' })
  })

  it('counts no write that failed for good, and what went to whom the person has become', async () => {
    await rules({ caps: [{ ...two, most: 1 }] })
    expect(await ask('cid', 'cid:1')).toEqual({ kind: 'go' })
    const at = new Date(NOON)
    await w.opened.db
      .insertInto('effects')
      .values({
        workspace_id: w.id,
        key: 'cid:1',
        run_id: 'cid',
        step: 's',
        visit: 1,
        action: 'email.send@1',
        input: '{}',
        status: 'failed',
        intended_at: at,
        attempted_at: at,
      }) // prettier-ignore
      .execute()
    expect(await ask('cid', 'cid:2')).toEqual({ kind: 'go' })
    expect(await ask('cid', 'cid:1')).toMatchObject({ kind: 'withheld' })
    await w.opened.db
      .updateTable('contacts')
      .set({ merged_into: await idOf('bob') })
      .where('external_id', '=', 'cid')
      .execute()
    await w.opened.db.deleteFrom('contact_sends').where('key', '=', 'bob:1').execute()
    expect(await ask('bob', 'bob:2')).toMatchObject({ kind: 'withheld' })
  })
})

describe('quiet hours', () => {
  it('are by the clocks of the person, else of the workspace, and take no place', async () => {
    const quiet = { from: '20:00', to: '08:00', zone: 'Europe/Berlin', property: 'zone' }
    await rules({ caps: [{ ...two, most: 1 }], quiet })
    await w.opened.db.deleteFrom('contact_sends').execute()
    // 21:00 in Tokyo; 13:00 in Berlin.
    const held = await ask('ada', 'quiet:1')
    expect(held).toEqual({
      kind: 'later',
      at: Date.parse('2026-03-02T23:00:00Z'),
      why: 'Quiet hours (20:00 to 08:00): it is sent from 2026-03-02T23:00:00.000Z on.',
    })
    expect(await ask('dan', 'quiet:2')).toEqual({ kind: 'go' })
    expect(await ask('ada', 'quiet:3', Date.parse('2026-03-02T23:00:00Z'))).toEqual({ kind: 'go' })
  })

  it('hold nobody back where the workspace says nothing', async () => {
    await w.opened.db.deleteFrom('contact_rules').execute()
    expect(await ask('ada', 'free')).toEqual({ kind: 'go' })
    expect(await w.opened.db.selectFrom('contact_sends').select('key').where('key', '=', 'free').execute()).toEqual([])
  })
})

describe('a dry run', () => {
  const mail = (purpose: string) => ({ to: 'ada@example.com', subject: 'Hello', text: 'Hello', purpose })
  const tried = async (userId: string, isReal = true) => {
    const contact = {
      id: isReal ? await idOf(userId) : 'made-up-contact',
      externalId: userId,
      properties: { zone: 'UTC' },
    }
    const facts = { at: NOON, contact, account: null, segments: [], signals: [], events: {} }
    return reachTried({ pool: w.opened.pool, workspaceId: w.id, now: NOON }, { facts, isReal })
  }

  it('meets the same caps, with what was sent before and on its own way, and takes no place', async () => {
    await rules({ caps: [two] })
    await w.opened.db.deleteFrom('contact_sends').execute()
    await ask('ada', 'sent before', NOON - DAY)
    const reach = await tried('ada')
    expect(reach('email.send@1', mail('transactional'), NOON)).toBeNull()
    expect(reach('http.request@1', {}, NOON)).toBeNull()
    expect(reach('email.send@1', mail('marketing'), NOON)).toBeNull()
    expect(reach('email.send@1', mail('marketing'), NOON + 1)).toMatchObject({ kind: 'withheld' })
    expect(await w.opened.db.selectFrom('contact_sends').select('key').execute()).toEqual([{ key: 'sent before' }])
    const madeUp = await tried('nobody', false)
    expect([1, 2, 3].map((n) => madeUp('email.send@1', mail('marketing'), NOON + n)?.kind)).toEqual([
      undefined,
      undefined,
      'withheld',
    ])
  })

  it('waits for the end of quiet hours by the clocks of the person', async () => {
    await rules({ quiet: { from: '20:00', to: '08:00', zone: 'Europe/Berlin', property: 'zone' } })
    expect((await tried('ada'))('email.send@1', mail('marketing'), NOON)).toEqual({
      kind: 'paced',
      at: Date.parse('2026-03-02T23:00:00Z'),
      why: 'Quiet hours (20:00 to 08:00): it is sent from 2026-03-02T23:00:00.000Z on.',
    })
    expect((await tried('nobody', false))('email.send@1', mail('marketing'), NOON)).toBeNull()
  })
})
