import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { startTestApi, type TestApi, type TestWorkspace } from '../../test/helpers/api.ts'
import { dispatchAll } from '../../test/helpers/dispatch.ts'
import { createFactsSource } from '../customers/facts-source.ts'
import { createSubjects } from '../customers/subjects.ts'
import { createRunDirectory } from '../db/run-directory.ts'
import { onPool } from '../db/sql.ts'

let api: TestApi
let home: TestWorkspace
let away: TestWorkspace
beforeAll(async () => {
  api = await startTestApi()
  home = await api.workspace('home')
  away = await api.workspace('away')
})
afterAll(() => api.close())

const db = () => api.database.db
const send = async (...batch: object[]) => {
  api.clock.now += 1000
  const answer = await home.rest('POST', '/v1/batch', { batch })
  expect(answer.json()).toEqual({ success: true })
  return dispatchAll(api.database, api.clock)
}
const get = async (url: string) => (await home.rest('GET', url)).json()
const idOf = async (name: string): Promise<string> => (await get(`/v1/contacts/${encodeURIComponent(name)}`)).id
const merge = (one: string, other: string) => home.rest('POST', '/v1/contacts/merge', { contacts: [one, other] })
const undo = (id: string) => home.rest('POST', `/v1/merges/${id}/undo`)

describe('a merge by hand', () => {
  it('is answered under every name of both, and kept with who did it', async () => {
    await send(
      { type: 'identify', userId: 'ada', traits: { plan: 'team', email: 'ada@example.com' } },
      { type: 'identify', userId: 'ada-2', traits: { plan: 'free', city: 'Bern' } },
      { type: 'track', userId: 'ada-2', event: 'Seen' },
    )
    const loser = await idOf('ada-2')
    const answer = await merge('ada-2', 'ada')
    expect(answer.statusCode).toBe(200)
    expect(answer.json()).toMatchObject({
      winner: { externalId: 'ada' },
      loser: { id: loser },
      reason: { kind: 'hand' },
      actor: 'key test',
      undoneAt: null,
      endedRuns: [],
    })
    for (const name of ['ada', 'ada-2', loser]) {
      const view = await get(`/v1/contacts/${name}`)
      expect(view).toMatchObject({ externalId: 'ada', properties: { plan: 'team', city: 'Bern' } })
      expect(view.identities.map((i: { value: string }) => i.value).toSorted()).toEqual([
        'ada',
        'ada-2',
        'ada@example.com',
      ])
    }
    const { data } = await get('/v1/merges?contact=ada-2')
    expect(data).toHaveLength(1)
    expect((await get('/v1/contacts')).data.map((row: { externalId: string }) => row.externalId)).toEqual(['ada'])
  })

  it('is the same whichever is named first', async () => {
    await send(
      { type: 'identify', userId: 'b-1' },
      { type: 'identify', userId: 'b-2' },
      { type: 'identify', userId: 'b-3' },
    )
    const [first, second, third] = [await idOf('b-1'), await idOf('b-2'), await idOf('b-3')]
    const [smallest] = [first, second, third].toSorted()
    expect((await merge('b-3', 'b-1')).statusCode).toBe(200)
    expect((await merge('b-1', 'b-2')).statusCode).toBe(200)
    // Of the same age: the smaller id stays, in the end the smallest of all.
    expect(await idOf('b-2')).toBe(smallest)
  })

  it('refuses one contact twice, one that is not there, and one of another workspace', async () => {
    await send({ type: 'identify', userId: 'c-1' }, { type: 'identify', userId: 'c-2' })
    expect((await merge('c-1', 'c-1')).json()).toMatchObject({ status: 409, code: 'ALREADY_ONE' })
    expect((await merge('c-1', 'nobody')).statusCode).toBe(404)
    expect((await merge('c-1', "'; DROP TABLE merges; --")).statusCode).toBe(404)
    const other = await away.rest('POST', '/v1/contacts/merge', { contacts: [await idOf('c-1'), await idOf('c-2')] })
    expect(other.statusCode).toBe(404)
    await merge('c-1', 'c-2')
    expect((await merge('c-1', 'c-2')).json()).toMatchObject({ code: 'ALREADY_ONE' })
    const [{ id }] = (await get('/v1/merges?contact=c-1')).data
    expect((await away.rest('POST', `/v1/merges/${id}/undo`)).statusCode).toBe(404)
    expect((await away.rest('GET', '/v1/merges')).json().data).toEqual([])
    const reader = await home.key(['data:read'])
    const denied = await api.server.inject({
      method: 'POST',
      url: '/v1/contacts/merge',
      headers: { authorization: `Bearer ${reader}` },
      payload: { contacts: ['c-1', 'c-2'] },
    })
    expect(denied.json()).toMatchObject({ status: 403, code: 'SCOPE_MISSING' })
  })
})

describe('two contacts beside each other', () => {
  const compare = (one: string, other: string) => home.rest('POST', '/v1/contacts/compare', { contacts: [one, other] })

  it('say what a merge would make of them, and the merge does that', async () => {
    await send({ type: 'identify', userId: 'x-1', traits: { plan: 'team', size: 3, email: 'x@example.com' } })
    await send(
      { type: 'identify', userId: 'x-2', traits: { plan: 'free', size: 3, city: 'Bern' } },
      { type: 'track', userId: 'x-2', event: 'Seen' },
    )
    const said = (await compare('x-2', 'x-1')).json()
    expect(said).toMatchObject({ stays: 'older', takes: ['city'], differ: ['plan'], same: 1 })
    expect(said.contacts).toMatchObject([
      { externalId: 'x-1', properties: { plan: 'team' }, lastSeenAt: null },
      { externalId: 'x-2', properties: { plan: 'free' }, identities: [{ kind: 'user_id', value: 'x-2' }] },
    ])
    expect(said.contacts[1].lastSeenAt).not.toBeNull()
    const merged = (await merge('x-2', 'x-1')).json()
    expect(merged.winner.id).toBe(said.contacts[0].id)
    expect((await get('/v1/contacts/x-2')).properties).toMatchObject({ plan: 'team', size: 3, city: 'Bern' })
    expect((await compare('x-2', 'x-1')).json()).toMatchObject({ status: 409, code: 'ALREADY_ONE' })
  })

  it('stays who alone has an id of yours, however young', async () => {
    await send({ type: 'identify', anonymousId: 'x-cookie', traits: { city: 'Bern' } })
    await send({ type: 'identify', userId: 'x-named' })
    const [{ contact_id: visitor }] = (await db()
      .selectFrom('identities')
      .select('contact_id')
      .where('value', '=', 'x-cookie')
      .execute()) as [{ contact_id: string }]
    expect((await compare(visitor, 'x-named')).json()).toMatchObject({
      stays: 'named',
      contacts: [{ externalId: 'x-named' }, { id: visitor }],
    })
  })

  it('keep what somebody may not see to themselves', async () => {
    await send({ type: 'identify', userId: 'x-3', traits: { salary: 90_000 } })
    await send({ type: 'identify', userId: 'x-4', traits: { salary: 80_000 } })
    const mask = await home.rest('PATCH', '/v1/settings/properties/contact/salary', { maskedBelow: 'owner' })
    expect(mask.statusCode).toBe(200)
    const answer = await api.server.inject({
      method: 'POST',
      url: '/v1/contacts/compare',
      headers: { authorization: `Bearer ${await home.key(['data:read'])}` },
      payload: { contacts: ['x-3', 'x-4'] },
    })
    expect(answer.json()).toMatchObject({ differ: ['salary'], contacts: [{ properties: { salary: '•••' } }, {}] })
    expect(answer.body).not.toMatch(/[89]0000|[89]0,000/)
  })
})

describe('runs of both', () => {
  const start = async (playbook: string, contact: string): Promise<string> => {
    api.clock.now += 1000
    const answer = await home.rest('POST', `/v1/playbooks/${playbook}/runs`, { subject: { contact } })
    return answer.json().run.id
  }
  const publish = async (slug: string) => {
    await home.rest('PUT', `/v1/playbooks/${slug}`, {
      name: slug,
      subject: 'contact',
      enrollment: { reentry: { policy: 'once' }, exit: [], goal: null },
      steps: [
        { id: 'start', type: 'trigger.manual', input: {} },
        { id: 'call', type: 'http.request', input: { method: 'POST', url: 'https://example.com/x' } },
      ],
      edges: [['start', 'call']],
    })
    expect((await home.rest('POST', `/v1/playbooks/${slug}/publish`)).statusCode).toBe(200)
  }

  it('of one playbook: the older goes on and the other is told to end as merged; others go on for whom they became', async () => {
    await publish('both')
    await publish('one')
    await send({ type: 'identify', userId: 'r-1' }, { type: 'identify', userId: 'r-2' })
    const [winner, loser] = [await idOf('r-1'), await idOf('r-2')].toSorted() as [string, string]
    const older = await start('both', loser)
    const younger = await start('both', winner)
    const only = await start('one', loser)
    const compared = (await home.rest('POST', '/v1/contacts/compare', { contacts: [loser, winner] })).json()
    expect(compared.contacts).toMatchObject([
      { id: winner, openRuns: [{ id: younger, playbook: { slug: 'both' }, ends: true }] },
      {
        id: loser,
        openRuns: [
          { id: older, ends: false },
          { id: only, ends: false },
        ],
      },
    ])
    const before = api.temporal.commands.length
    expect((await merge(winner, loser)).json()).toMatchObject({ winner: { id: winner }, endedRuns: [younger] })
    expect(api.temporal.commands.slice(before)).toEqual([
      { workspaceId: home.id, runId: younger, command: { kind: 'exit', reason: 'merged' } },
    ])
    const subjects = await db()
      .selectFrom('runs')
      .select(['id', 'subject_id'])
      .where('id', 'in', [older, only])
      .execute()
    expect(subjects.map((row) => row.subject_id)).toEqual([winner, winner])
    // What the run began with still finds its facts, and its record at a vendor.
    const facts = createFactsSource(onPool(api.database.pool))
    const reads = { properties: ['contact.externalId'], segments: [], signals: [], events: {} }
    const loaded = await facts.load(home.id, { kind: 'contact', id: loser }, { reads, at: api.clock.now })
    expect(loaded.contact?.id).toBe(winner)
    const rich = { ...reads, changes: { 'contact.plan': null } }
    expect(
      (await facts.load(home.id, { kind: 'contact', id: loser }, { reads: rich, at: api.clock.now })).contact?.id,
    ).toBe(winner)
    const known = createSubjects(onPool(api.database.pool))
    await known.link(home.id, { kind: 'contact', id: loser }, { app: 'intercom', vendorId: 'ic-9' })
    expect(await known.get(home.id, { kind: 'contact', id: loser })).toMatchObject({
      id: winner,
      links: { intercom: 'ic-9' },
    })
    expect((await get(`/v1/contacts/${loser}`)).identities).toContainEqual({
      kind: 'vendor_id',
      value: 'intercom:ic-9',
    })
    // Once is once for a person, as whichever contact they came in.
    const again = await home.rest('POST', '/v1/playbooks/one/runs', { subject: { contact: 'r-1' } })
    expect(again.json()).toMatchObject({ status: 409, code: 'ALREADY_ENROLLED' })
  })

  it('are told by the workers where the process died after the commit', async () => {
    await publish('lost')
    await send({ type: 'identify', userId: 'l-1' }, { type: 'identify', userId: 'l-2' })
    const older = await start('lost', 'l-1')
    const younger = await start('lost', 'l-2')
    const { command } = api.temporal
    api.temporal.command = () => Promise.reject(new Error('away'))
    const answer = await merge('l-1', 'l-2')
    api.temporal.command = command
    expect(answer.json().endedRuns).toHaveLength(1)
    const directory = createRunDirectory(api.database.pool)
    const owed = await directory.owed(api.clock.now + 1, 10)
    expect(owed).toMatchObject([{ workspaceId: home.id, command: { kind: 'exit', reason: 'merged' } }])
    expect([older, younger]).toContain(owed[0]?.runId)
    await directory.paid(owed)
    expect(await directory.owed(api.clock.now + 1, 10)).toEqual([])
  })
})

describe('undoing a merge', () => {
  it('gives both back what they had and what came for them since, and no rule merges them again', async () => {
    await send(
      { type: 'identify', userId: 'u-1', traits: { plan: 'team' } },
      { type: 'identify', anonymousId: 'u-a', traits: { city: 'Bern', size: 3 } },
      { type: 'track', anonymousId: 'u-a', event: 'Before' },
      { type: 'group', anonymousId: 'u-a', groupId: 'u-corp' },
    )
    const [{ contact_id: visitor }] = (await db()
      .selectFrom('identities')
      .select('contact_id')
      .where('value', '=', 'u-a')
      .execute()) as [{ contact_id: string }]
    await home.rest('POST', '/v1/notes', { subject: 'contact', subjectId: visitor, body: 'Asked for a demo.' })
    await send({ type: 'identify', userId: 'u-1', anonymousId: 'u-a' })
    await send(
      { type: 'track', anonymousId: 'u-a', event: 'After' },
      { type: 'track', userId: 'u-1', event: 'Mine' },
      { type: 'identify', userId: 'u-1', traits: { size: 4 } },
    )
    expect(await get('/v1/contacts/u-1')).toMatchObject({ properties: { plan: 'team', city: 'Bern', size: 4 } })
    expect((await get('/v1/notes?subject=contact&subjectId=u-1')).data).toHaveLength(1)
    const [{ id }] = (await get('/v1/merges?contact=u-1')).data
    const answer = await undo(id)
    expect(answer.json()).toMatchObject({ kept: ['size'], undoneBy: 'key test' })
    const winner = await get('/v1/contacts/u-1')
    expect(winner.properties).toEqual({ plan: 'team', size: 4 })
    expect(winner.accounts).toEqual([])
    expect(winner.identities).toEqual([{ kind: 'user_id', value: 'u-1' }])
    const parted = await get(`/v1/contacts/${visitor}`)
    expect(parted).toMatchObject({ id: visitor, externalId: null, properties: { city: 'Bern', size: 3 } })
    expect(parted.accounts).toMatchObject([{ externalId: 'u-corp' }])
    const named = async (contact: string) =>
      (await get(`/v1/events?subject=${contact}`)).data.flatMap((e: { name: string | null }) => e.name ?? []).toSorted()
    expect(await named(visitor)).toEqual(['After', 'Before'])
    expect(await named('u-1')).toEqual(['Mine'])
    expect((await get('/v1/notes?subject=contact&subjectId=u-1')).data).toEqual([])
    // The same message as before: the person said that they are two.
    await send(
      { type: 'identify', userId: 'u-1', anonymousId: 'u-a' },
      { type: 'track', anonymousId: 'u-a', event: 'Later' },
    )
    expect(await named(visitor)).toEqual(['After', 'Before', 'Later'])
    expect((await undo(id)).json()).toMatchObject({ status: 409, code: 'MERGE_UNDONE' })
    // Unless a person says otherwise.
    expect((await merge('u-1', visitor)).statusCode).toBe(200)
    expect((await get(`/v1/contacts/${visitor}`)).externalId).toBe('u-1')
  })

  it('goes from the newest to the oldest, and brings everything back', async () => {
    await send(
      { type: 'identify', userId: 'm-1' },
      { type: 'identify', anonymousId: 'm-2', traits: { a: 1 } },
      { type: 'identify', anonymousId: 'm-3', traits: { b: 2 } },
    )
    await send({ type: 'identify', userId: 'm-1', anonymousId: 'm-2' })
    await send({ type: 'identify', userId: 'm-1', anonymousId: 'm-3' })
    const [second, first] = (await get('/v1/merges?contact=m-1')).data
    expect((await undo(first.id)).json()).toMatchObject({ status: 409, code: 'MERGE_COVERED' })
    expect((await undo(second.id)).statusCode).toBe(200)
    expect((await undo(first.id)).statusCode).toBe(200)
    expect((await get('/v1/contacts/m-1')).properties).toEqual({})
    expect((await undo('00000000-0000-7000-8000-000000000000')).statusCode).toBe(404)
    expect((await undo('no-id')).statusCode).toBe(400)
  })
})

describe('possible duplicates', () => {
  it('are listed with what both are known by, until they are merged or said to be two', async () => {
    for (const name of ['d-1', 'd-2', 'd-3', 'd-4'])
      await send({
        type: 'identify',
        userId: name,
        traits: { email: name < 'd-3' ? 'd@example.com' : 'e@example.com' },
      })
    const list = async () => (await get('/v1/contacts/duplicates')).data.map((row: { reason: object }) => row.reason)
    expect(await list()).toEqual([
      { kind: 'email', value: 'e@example.com' },
      { kind: 'email', value: 'd@example.com' },
    ])
    expect((await get('/v1/contacts/duplicates?contact=d-1')).data).toHaveLength(1)
    expect((await away.rest('GET', '/v1/contacts/duplicates')).json().data).toEqual([])
    await merge('d-1', 'd-2')
    expect(await list()).toEqual([{ kind: 'email', value: 'e@example.com' }])
    expect((await home.rest('POST', '/v1/contacts/apart', { contacts: ['d-3', 'd-4'] })).statusCode).toBe(200)
    expect(await list()).toEqual([])
    await send({ type: 'identify', userId: 'd-4', traits: { email: 'e@example.com' } })
    expect(await list()).toEqual([])
  })
})

describe('ids of a contact', () => {
  it('are added and removed, and belong to one contact at a time', async () => {
    await send({ type: 'identify', userId: 'i-1' }, { type: 'identify', userId: 'i-2' })
    const add = (contact: string, kind: string, value: string) =>
      home.rest('POST', `/v1/contacts/${contact}/identities`, { kind, value })
    const added = await add('i-1', 'vendor_id', 'intercom:ic-77')
    expect(added.json().identities).toContainEqual({ kind: 'vendor_id', value: 'intercom:ic-77' })
    expect((await add('i-1', 'vendor_id', 'intercom:ic-77')).statusCode).toBe(200)
    expect((await add('i-2', 'vendor_id', 'intercom:ic-77')).json()).toMatchObject({
      status: 409,
      code: 'IDENTITY_TAKEN',
    })
    expect((await add('i-2', 'vendor_id', 'no system')).json()).toMatchObject({ code: 'INPUT_INVALID' })
    expect((await add('i-2', 'email', 'info@example.com')).json()).toMatchObject({
      status: 422,
      code: 'IDENTITY_SHARED',
    })
    expect((await add('i-2', 'email', 'n/a')).json()).toMatchObject({ code: 'INPUT_INVALID' })
    expect((await add('i-2', 'user_id', 'a\u0000b')).json()).toMatchObject({ code: 'INPUT_INVALID' })
    expect((await add('nobody', 'user_id', 'x')).statusCode).toBe(404)
    expect((await add('i-2', 'email', 'I2@Example.com')).json().identities).toContainEqual({
      kind: 'email',
      value: 'i2@example.com',
    })
    const remove = (contact: string, kind: string, value: string) =>
      home.rest('DELETE', `/v1/contacts/${contact}/identities/${kind}/${encodeURIComponent(value)}`)
    expect((await remove('i-2', 'vendor_id', 'intercom:ic-77')).statusCode).toBe(404)
    expect((await remove('i-1', 'vendor_id', 'intercom:ic-77')).statusCode).toBe(200)
    const id = await idOf('i-1')
    expect((await remove('i-1', 'user_id', 'i-1')).json()).toEqual({ id, identities: [] })
    // The id may name somebody new.
    await send({ type: 'identify', userId: 'i-1', traits: { name: 'Another' } })
    expect(await idOf('i-1')).not.toBe(id)
  })
})

describe('shared mailboxes', () => {
  it('are what is always shared and what the workspace adds', async () => {
    const put = (own: string[]) => home.rest('PUT', '/v1/shared-mailboxes', { own })
    expect((await put(['Crew@', 'Desk@Acme.example', 'crew@'])).json()).toMatchObject({
      own: ['crew@', 'desk@acme.example'],
    })
    expect((await get('/v1/shared-mailboxes')).always).toContain('info@')
    expect((await put(['no address'])).json()).toMatchObject({ status: 400 })
    await send({ type: 'identify', anonymousId: 's-1', traits: { email: 'crew@example.com' } })
    await send({ type: 'identify', anonymousId: 's-2', traits: { email: 'crew@example.com' } })
    const owners = await db()
      .selectFrom('identities')
      .select('contact_id')
      .where('value', 'in', ['s-1', 's-2'])
      .execute()
    expect(new Set(owners.map((row) => row.contact_id)).size).toBe(2)
  })
})
