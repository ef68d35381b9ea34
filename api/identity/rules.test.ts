import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { createTestWorkspace, type TestWorkspace } from '../../test/helpers/workspace.ts'

let w: TestWorkspace
beforeAll(async () => {
  w = await createTestWorkspace()
})
afterAll(() => w.close())

const db = () => w.opened.db
/** Whom an identity stands for. */
const owner = async (kind: 'user_id' | 'anonymous_id' | 'email' | 'vendor_id', value: string) =>
  (
    await db()
      .selectFrom('identities')
      .select('contact_id')
      .where('kind', '=', kind)
      .where('value', '=', value)
      .executeTakeFirst()
  )?.contact_id ?? null
const contact = (id: string | null) =>
  db()
    .selectFrom('contacts')
    .selectAll()
    .where('id', '=', id ?? '')
    .executeTakeFirstOrThrow()
const merges = (id: string | null) =>
  db()
    .selectFrom('merges')
    .selectAll()
    .where('winner_id', '=', id ?? '')
    .execute()
const pairs = async () => (await db().selectFrom('contact_pairs').selectAll().execute()).map((row) => row.reason)
const eventsOf = async (id: string | null) =>
  (
    await db()
      .selectFrom('events')
      .select('name')
      .where('contact_id', '=', id)
      .where('name', 'is not', null)
      .orderBy('seq')
      .execute()
  ).map((row) => row.name)
const told = async (...messages: Parameters<TestWorkspace['send']>) => {
  await w.send(...messages)
  await w.dispatch()
}

describe('an anonymous id', () => {
  it('brings what was done under it to the person who signs in, whom we know already', async () => {
    await told({ type: 'identify', userId: 'ada', traits: { plan: 'team' } })
    await told(
      { type: 'track', anonymousId: 'a-1', event: 'Seen' },
      { type: 'identify', anonymousId: 'a-1', traits: { plan: 'free', source: 'ad' } },
    )
    await told(
      { type: 'identify', userId: 'ada', anonymousId: 'a-1' },
      { type: 'track', anonymousId: 'a-1', event: 'Clicked' },
    )
    const ada = await owner('user_id', 'ada')
    expect(await owner('anonymous_id', 'a-1')).toBe(ada)
    expect(await eventsOf(ada)).toEqual(['Seen', 'Clicked'])
    // The winner's value stays; what it lacks comes from the other.
    expect((await contact(ada)).properties).toEqual({ plan: 'team', source: 'ad' })
    const [merge] = await merges(ada)
    expect(merge).toMatchObject({ actor: 'signalbox', reason: { kind: 'anonymous_id', value: 'a-1' } })
    expect((await contact(merge?.loser_id ?? '')).merged_into).toBe(ada)
    const changes = await db()
      .selectFrom('property_changes')
      .selectAll()
      .where('subject_id', '=', ada ?? '')
      .where('property', '=', 'source')
      .execute()
    expect(changes).toMatchObject([{ before: null, value: 'ad', source: { kind: 'merge', merge: merge?.id } }])
    const audit = await db()
      .selectFrom('audit')
      .selectAll()
      .where('target', '=', ada ?? '')
      .execute()
    expect(audit).toMatchObject([{ action: 'contact.merge', actor: 'signalbox' }])
  })

  it('is never taken from a named person', async () => {
    await told({ type: 'identify', userId: 'bob', anonymousId: 'a-2' })
    await told({ type: 'identify', userId: 'ben', anonymousId: 'a-2' })
    expect(await owner('anonymous_id', 'a-2')).toBe(await owner('user_id', 'bob'))
    expect(await owner('user_id', 'ben')).not.toBe(await owner('user_id', 'bob'))
  })

  it('goes along within one batch too, and what follows belongs to whom they became', async () => {
    await told(
      { type: 'track', anonymousId: 'a-3', event: 'First' },
      { type: 'identify', userId: 'cleo' },
      { type: 'track', userId: 'cleo', event: 'Second' },
      { type: 'identify', userId: 'cleo', anonymousId: 'a-3' },
      { type: 'track', anonymousId: 'a-3', event: 'Third' },
    )
    expect(await eventsOf(await owner('user_id', 'cleo'))).toEqual(['First', 'Second', 'Third'])
    const events = await db().selectFrom('events').select(['position']).orderBy('seq').execute()
    const positions = events.map((event) => Number(event.position))
    expect(new Set(positions).size).toBe(positions.length)
    expect(positions.toSorted((a, b) => a - b)).toEqual(positions)
  })
})

describe('an e-mail address', () => {
  it('links one who has no id yet to whoever is known by it', async () => {
    await told({ type: 'identify', userId: 'dora', traits: { email: 'Dora@Example.com' } })
    await told({ type: 'identify', anonymousId: 'd-1', traits: { email: 'dora@example.com ' } })
    expect(await owner('anonymous_id', 'd-1')).toBe(await owner('user_id', 'dora'))
  })

  it('merges nobody who has an id: they are perhaps one, and a person is asked', async () => {
    await told({ type: 'identify', userId: 'eve', traits: { email: 'eve@example.com' } })
    await told({ type: 'identify', userId: 'eva', traits: { email: 'eve@example.com' } })
    expect(await owner('user_id', 'eva')).not.toBe(await owner('user_id', 'eve'))
    expect(await owner('email', 'eve@example.com')).toBe(await owner('user_id', 'eve'))
    expect(await pairs()).toEqual([{ kind: 'email', value: 'eve@example.com' }])
  })

  it.each([
    'info@example.com',
    'Support@Example.com',
    'no-reply@example.com',
    'sales+leads@example.com',
    'n/a',
    'none',
  ])('%s says nothing of who somebody is', async (email) => {
    await told({ type: 'identify', anonymousId: `s1 ${email}`, traits: { email } })
    await told({ type: 'identify', anonymousId: `s2 ${email}`, traits: { email } })
    await told({ type: 'identify', userId: `s3 ${email}`, traits: { email } })
    const owners = [
      await owner('anonymous_id', `s1 ${email}`),
      await owner('anonymous_id', `s2 ${email}`),
      await owner('user_id', `s3 ${email}`),
    ]
    expect(new Set(owners).size).toBe(3)
    expect((await contact(owners[0] ?? '')).email).toBe(email)
    expect(await owner('email', email.toLowerCase())).toBeNull()
  })

  it('is shared where the workspace says so', async () => {
    await db()
      .updateTable('workspaces')
      .set((eb) => ({
        shared_mailboxes: ['crew@', 'desk@acme.example'],
        catalog_revision: eb('catalog_revision', '+', '1'),
      }))
      .execute()
    for (const email of ['crew@anywhere.example', 'desk@acme.example']) {
      await told({ type: 'identify', anonymousId: `1 ${email}`, traits: { email } })
      await told({ type: 'identify', anonymousId: `2 ${email}`, traits: { email } })
      expect(await owner('anonymous_id', `1 ${email}`)).not.toBe(await owner('anonymous_id', `2 ${email}`))
    }
    await told({ type: 'identify', anonymousId: 'o-1', traits: { email: 'desk@other.example' } })
    await told({ type: 'identify', anonymousId: 'o-2', traits: { email: 'desk@other.example' } })
    expect(await owner('anonymous_id', 'o-1')).toBe(await owner('anonymous_id', 'o-2'))
  })
})

describe('an alias', () => {
  it('makes two people with ids one, and the older one stays', async () => {
    await told({ type: 'identify', userId: 'old-1', traits: { email: 'finn@example.com' } })
    await told({ type: 'identify', userId: 'new-1', traits: { name: 'Finn' } })
    const [older, newer] = [await owner('user_id', 'old-1'), await owner('user_id', 'new-1')]
    expect(newer).not.toBe(older)
    await told({ type: 'alias', userId: 'new-1', previousId: 'old-1' })
    expect(await owner('user_id', 'new-1')).toBe(older)
    expect(await contact(older)).toMatchObject({ email: 'finn@example.com', name: 'Finn', external_id: 'old-1' })
    await told({ type: 'track', userId: 'new-1', event: 'Went on' })
    expect(await eventsOf(older)).toEqual(['Went on'])
  })

  it('gives a known person one more id, when the new one is not known yet', async () => {
    await told({ type: 'identify', userId: 'old-2' })
    await told({ type: 'alias', userId: 'new-2', previousId: 'old-2' })
    expect(await owner('user_id', 'new-2')).toBe(await owner('user_id', 'old-2'))
  })

  it('names an anonymous id that becomes known later', async () => {
    await told({ type: 'alias', userId: 'gus', previousId: 'g-cookie' })
    await told({ type: 'track', anonymousId: 'g-cookie', event: 'Seen' })
    expect(await eventsOf(await owner('user_id', 'gus'))).toEqual(['Seen'])
  })
})

describe('an id of another system', () => {
  const externalIds = (id: string, type = 'intercom') => [{ id, type, collection: 'users', encoding: 'none' }]

  it('links one who has no id yet, and is known to the connectors', async () => {
    await told({ type: 'track', anonymousId: 'v-1', event: 'Chatted', context: { externalIds: externalIds('ic-1') } })
    await told({ type: 'identify', userId: 'hal', context: { externalIds: externalIds('ic-1') } })
    const hal = await owner('user_id', 'hal')
    expect(await owner('vendor_id', 'intercom:ic-1')).toBe(hal)
    expect(await contact(hal)).toMatchObject({ links: { intercom: 'ic-1' } })
    expect(await eventsOf(hal)).toEqual(['Chatted'])
  })

  it('asks a person about two who have ids', async () => {
    await told({ type: 'identify', userId: 'ida', context: { externalIds: externalIds('ic-2') } })
    await told({ type: 'identify', userId: 'ina', context: { externalIds: externalIds('ic-2') } })
    expect(await owner('user_id', 'ida')).not.toBe(await owner('user_id', 'ina'))
    expect(await pairs()).toContainEqual({ kind: 'vendor_id', value: 'intercom:ic-2' })
  })

  it('opens no side door: e-mail goes by the rule of e-mail, and what is malformed or not of people is left out', async () => {
    const all = [
      ...externalIds('info@example.com', 'email'),
      ...externalIds('ada', 'user_id'),
      ...externalIds('x', 'bad type'),
      { id: 'acct-1', type: 'salesforce', collection: 'accounts', encoding: 'none' },
      { id: 'hashed', type: 'salesforce', collection: 'users', encoding: 'sha256' },
      { id: 7, type: 'salesforce' },
      null,
      'text',
    ]
    await told({ type: 'track', anonymousId: 'side', event: 'X', context: { externalIds: all } })
    const side = await owner('anonymous_id', 'side')
    const known = await db()
      .selectFrom('identities')
      .selectAll()
      .where('contact_id', '=', side ?? '')
      .execute()
    expect(known.map((row) => `${row.kind}:${row.value}`)).toEqual(['anonymous_id:side'])
    await told({ type: 'track', anonymousId: 'side', event: 'X', context: { externalIds: { id: 'no list' } } })
    expect(await eventsOf(side)).toEqual(['X', 'X'])
  })

  it('survives hostile values', async () => {
    for (const value of ["'; DROP TABLE contacts; --", '__proto__', 'a:b:c', '💥 %_\\', 'x'.repeat(500)]) {
      await told({
        type: 'track',
        anonymousId: value,
        event: 'X',
        context: { externalIds: externalIds(value, 'evil') },
      })
      await told({ type: 'identify', userId: value, anonymousId: value })
      const id = await owner('user_id', value)
      expect(id).not.toBeNull()
      expect(await owner('vendor_id', `evil:${value}`)).toBe(id)
      expect((await contact(id)).links).toEqual({ evil: value })
    }
  })
})

describe('a merge', () => {
  it('carries what somebody is in over without starting anything twice, and what is new starts what listens', async () => {
    const seen = await w.audience('signal', 'seen', { rule: { event: 'Opened', count: { op: 'gte', value: 1 } } })
    const often = await w.audience('segment', 'often', { rule: { event: 'Opened', count: { op: 'gte', value: 2 } } })
    const absent = await w.audience('signal', 'absent', {
      rule: { event: 'Opened', count: { op: 'eq', value: 0 }, within: 'P7D' },
    })
    await w.playbook('on-seen', { trigger: { type: 'trigger.signal', input: { signal: 'seen', edge: 'set' } } })
    await w.playbook('on-often', { trigger: { type: 'trigger.segment', input: { segment: 'often', edge: 'entered' } } })
    await w.send({ type: 'identify', userId: 'jo' }, { type: 'track', anonymousId: 'j-1', event: 'Opened' })
    expect(await w.dispatch()).toHaveLength(1)
    await w.send({ type: 'track', anonymousId: 'j-2', event: 'Opened' })
    expect(await w.dispatch()).toHaveLength(1)
    // One opening: the person had the signal as a visitor, so nothing starts again.
    await w.send({ type: 'identify', userId: 'jo', anonymousId: 'j-1' })
    expect(await w.dispatch()).toEqual([])
    const jo = (await owner('user_id', 'jo')) ?? ''
    const inAudience = async (id: string) =>
      (
        await db()
          .selectFrom('audience_members')
          .select('subject_id')
          .where('audience_id', '=', id)
          .where('is_member', '=', true)
          .execute()
      ).map((row) => row.subject_id)
    expect(await inAudience(seen)).toContain(jo)
    expect(await inAudience(absent)).not.toContain(jo)
    // The second opening is news.
    await w.send({ type: 'identify', userId: 'jo', anonymousId: 'j-2' })
    expect(await w.dispatch()).toHaveLength(1)
    expect(await inAudience(often)).toEqual([jo])
    expect(await inAudience(seen)).toEqual([jo])
    const edges = await db()
      .selectFrom('audience_edges')
      .selectAll()
      .where('audience_id', '=', seen)
      .orderBy('id')
      .execute()
    expect(edges.map((edge) => edge.edge).toSorted()).toEqual(['cleared', 'cleared', 'set', 'set', 'set'])
    const byMerge = edges.filter((edge) => JSON.stringify(edge.cause).includes('"merge"'))
    expect(byMerge.map((edge) => edge.edge).toSorted()).toEqual(['cleared', 'cleared', 'set'])
  })

  it('moves the accounts, and the rules of an account see whom they became', async () => {
    await told({ type: 'identify', userId: 'kim' }, { type: 'group', anonymousId: 'k-1', groupId: 'k-corp' })
    await told({ type: 'identify', userId: 'kim', anonymousId: 'k-1' })
    const kim = await owner('user_id', 'kim')
    const links = await db()
      .selectFrom('account_contacts')
      .innerJoin('accounts', 'accounts.id', 'account_contacts.account_id')
      .select(['contact_id'])
      .where('accounts.external_id', '=', 'k-corp')
      .execute()
    expect(links).toEqual([{ contact_id: kim }])
  })
})
